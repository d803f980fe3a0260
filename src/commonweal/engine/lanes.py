"""How many trials run side by side, and on which devices: chosen from the size of a society and of its log, not by the user."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import jax
import numpy as np
from jax.sharding import Mesh, PartitionSpec

CORE_CELLS = 1 << 14
"""Seats side by side on a processor core: from about 2,500 on nothing is gained, and this still fits its cache."""
DEVICE_CELLS = 1 << 22
"""Seats side by side on an accelerator, which is idle with fewer."""
LOG_BYTES = 1 << 26
"""What the logs of the trials that run side by side may take on one device; at least one trial always runs."""

SLICE_STEPS = 1 << 27
"""A trial that takes a device to itself is run this many agent-steps at a time, so that its progress can be told."""

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Lanes:
    """Trials side by side: the same program for every group of so many, spread evenly over the devices."""

    devices: tuple[Any, ...]
    """As `jax.devices()` has them."""
    each: int
    """Trials on each device, at least 1."""

    @property
    def count(self) -> int:
        """Trials side by side on all devices together."""
        return self.each * len(self.devices)

    @staticmethod
    def of(trials: int, seats: int, log_bytes: int) -> Lanes:
        """The lanes for many trials of one shape, over all devices of JAX's default platform.

        Args:
            trials: how many are to be run; the last group is filled up with repeats, which are thrown away.
            seats: of one trial.
            log_bytes: what one trial's readings and traces take.
        """
        devices = tuple(jax.devices())[:trials]
        cells = CORE_CELLS if devices[0].platform == "cpu" else DEVICE_CELLS
        most = len(devices) * max(1, min(cells // seats, LOG_BYTES // max(log_bytes, 1)))
        groups = math.ceil(trials / most)
        return Lanes(devices, _rounded(math.ceil(trials / groups / len(devices))))

    def for_last(self, trials: int) -> Lanes:
        """The lanes for a group of fewer trials than lanes."""
        return Lanes(self.devices, min(self.each, _rounded(math.ceil(trials / len(self.devices)))))

    def spread(self, one: Callable[[T], U]) -> Callable[[T], U]:
        """A function of one trial's data as a function of the data of `count` trials, leaves [r, ...]."""
        mapped = jax.vmap(one)
        if len(self.devices) == 1:
            return mapped
        trials = PartitionSpec("trials")
        mesh = Mesh(np.asarray(self.devices), ("trials",))
        return jax.shard_map(mapped, mesh=mesh, in_specs=trials, out_specs=trials, check_vma=False)


def _rounded(count: int) -> int:
    """The next number of four significant bits, at most an eighth more: batches of nearly one size then share a program."""
    step = 1 << max(0, (count - 1).bit_length() - 4)
    return math.ceil(count / step) * step


def slices(ticks: int, seats: int) -> list[int]:
    """Ticks in pieces of about `SLICE_STEPS` agent-steps, all of one length where there is such a length near: one program."""
    least = min(ticks, math.ceil(seats * ticks / SLICE_STEPS))
    pieces = next((count for count in range(least, 2 * least) if ticks % count == 0), least)
    length = math.ceil(ticks / pieces)
    return [min(length, ticks - at) for at in range(0, ticks, length)]
