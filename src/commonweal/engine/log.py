"""The log of a trial: header, readings tick by tick, values, sparse events, the text table, and traces where asked for."""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commonweal.core.errors import LawError
from commonweal.core.events import VERSION, Event

Series = NDArray[np.int64]


@dataclass(frozen=True)
class TrialLog:
    """Everything that a trial left behind. Costs and times are no part of its digest."""

    society_digest: str
    seed: int
    ticks: int
    readings: Mapping[str, Series]
    """Integers tick by tick, [t]."""
    values: Mapping[str, float]
    """Metrics, by name."""
    events: tuple[Event, ...] = ()
    texts: tuple[str, ...] = ()
    """The text table, in handle order."""
    traces: Mapping[str, NDArray[np.int64]] = field(default_factory=dict[str, NDArray[np.int64]])
    """Per agent, [t, a]; a question for each contact, [t, a, k]."""
    costs: Mapping[str, int] = field(default_factory=dict[str, int])
    """`calls`, `prompt_tokens`, `new_tokens`, `wall_ms`, `cpu_ms`."""

    @property
    def header(self) -> dict[str, str | int]:
        """What the trial was."""
        return {
            "events": VERSION,
            "record": ",".join(self.traces),
            "seed": self.seed,
            "society_digest": self.society_digest,
            "ticks": self.ticks,
        }

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of the log in canonical order: header, readings, values, events, texts, traces."""
        return f"sha256:{hashlib.sha256(b''.join(self._pieces())).hexdigest()}"

    def _pieces(self) -> Iterator[bytes]:
        """What is hashed: each piece with its length before it."""
        yield _framed(json.dumps(self.header, sort_keys=True).encode())
        for kind, series in (("reading", self.readings), ("trace", self.traces)):
            for name in sorted(series):
                array = series[name]
                yield _heading(kind, name, array.shape)
                yield np.ascontiguousarray(array, "<i8").tobytes()
        for name in sorted(self.values):
            yield _framed(f"value {name} {float(self.values[name]).hex()}".encode())
        for event in self.events:
            yield _framed(json.dumps([event.tick, event.kind, event.agent, event.values, event.words]).encode())
        for text in self.texts:
            yield _framed(f"text {text}".encode("utf-8", "surrogatepass"))


def _framed(piece: bytes) -> bytes:
    return len(piece).to_bytes(8, "little") + piece


@functools.lru_cache(maxsize=4096)
def _heading(kind: str, name: str, shape: tuple[int, ...]) -> bytes:
    """What stands before the numbers of a series: the same for all trials of a sweep."""
    return _framed(f"{kind} {name} {shape}".encode()) + (8 * math.prod(shape)).to_bytes(8, "little")


def joined(old: Mapping[str, Series], new: Mapping[str, Any], seats: Callable[[], Mapping[str, Series]]) -> dict[str, Series]:
    """Series of a trial with those of more ticks behind them, all of one length.

    What a fork brought, or took away, is 0 where it was not there; of seats, the number that there were.

    Args:
        old: of the ticks so far, [t, ...]; empty before the first.
        new: of the ticks behind them.
        seats: tells how many seats each mind has between the two, [1], by the names of series.
    """
    fresh = {name: np.asarray(series).astype(np.int64) for name, series in new.items()}
    if not old:
        return fresh
    past = dict(old)
    if past.keys() != fresh.keys():
        before, more = len(next(iter(past.values()))), len(next(iter(fresh.values())))
        held = seats()
        brought = {name: _filled(series, held.get(name), before) for name, series in fresh.items() if name not in past}
        fresh |= {name: _filled(series, held.get(name), more) for name, series in past.items() if name not in fresh}
        past |= brought
    return {name: np.concatenate([past[name], series]) for name, series in fresh.items()}


def _filled(like: Series, value: Series | None, ticks: int) -> Series:
    return np.repeat(np.zeros_like(like[:1]) if value is None else value.astype(np.int64), ticks, axis=0)


def balance(readings: Mapping[str, Series], endowed: NDArray[np.int64] | int) -> None:
    """Check the ledger of every tick: made - burnt = change of purses + held.

    Args:
        readings: holds `ledger.made`, `ledger.burnt`, `ledger.held` and `ledger.purse`, [t]; of many trials at once, [r, t].
        endowed: the sum of purses before the first of these ticks; of many trials, [r].

    Raises:
        LawError: a tick does not balance: a rule mints or loses units, or a purse overflowed 32 bits.
    """
    purse = readings["ledger.purse"]
    before = np.concatenate([np.asarray(endowed, np.int64)[..., None], purse[..., :-1]], axis=-1)
    off = readings["ledger.made"] - readings["ledger.burnt"] - (purse - before) - readings["ledger.held"]
    if off.any():
        place = tuple(np.argwhere(off)[0])
        raise LawError(
            f"the ledger of tick {place[-1]} is off by {int(off[place])} units; expected made - burnt = change of purses + "
            "held. A rule changes payoffs without reporting `burnt` or `held`, or a purse left the range of 32 bits"
        )
