"""Whether a model answers the same call alike: when it is asked again, and when many calls are in flight; and how fast it is.

Calls are asked one at a time, in rounds that go there and back (so that a call never follows itself and what a server caches
does not answer for the model), then all at once. No store stands between.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TypeVar

from commonweal.models.model import Model, Scores
from commonweal.statistics.inference import Estimate, estimate_mean, estimate_spread

T = TypeVar("T")

Call = tuple[str, str, tuple[str, ...]]
"""Prefix, suffix and labels of a scored call."""


@dataclass(frozen=True)
class Steadiness:
    """What came of asking some calls again and again. [c] calls, [r] rounds."""

    alone: tuple[tuple[Scores, ...], ...]
    """One at a time. [r, c]"""
    alone_s: tuple[tuple[float, ...], ...]
    """Wall time of each call, in seconds. [r, c]"""
    together: tuple[Scores, ...]
    """All in flight at once. [c]"""
    together_s: float
    """Wall time from the first of them to the last, in seconds."""

    @property
    def calls(self) -> int:
        """How many different calls."""
        return len(self.together)

    def same_alone(self) -> int:
        """Calls whose replies were the same bits in all rounds."""
        return sum(len({_bits(round_[call]) for round_ in self.alone}) == 1 for call in range(self.calls))

    def same_together(self) -> int:
        """Calls whose reply among many was the same bits as the first alone."""
        return sum(_bits(self.alone[0][call]) == _bits(self.together[call]) for call in range(self.calls))

    def spread(self, measure: Callable[[Scores], float | None]) -> Estimate:
        """Standard deviation of a call's measure over rounds, with its interval.

        Args:
            measure: a number of a reply; None leaves the reply out.
        """
        groups = [[x for round_ in self.alone if (x := measure(round_[call])) is not None] for call in range(self.calls)]
        return estimate_spread([group for group in groups if group])

    def shifts(self, measure: Callable[[Scores], float | None]) -> list[float]:
        """A call's measure among many, minus its mean alone, one a call where both are known.

        Args:
            measure: a number of a reply; None leaves the reply out.
        """
        found: list[float] = []
        for call, late in enumerate(self.together):
            alone = [x for round_ in self.alone if (x := measure(round_[call])) is not None]
            value = measure(late)
            if alone and value is not None:
                # Exactly 0 where all are equal: a mean of equal floats may differ from them in its last bit.
                found.append(0.0 if all(x == value for x in alone) else value - math.fsum(alone) / len(alone))
        return found

    def shift(self, measure: Callable[[Scores], float | None]) -> Estimate:
        """The mean of `shifts` with its interval."""
        return estimate_mean(self.shifts(measure), certain=True)


async def measure_steadiness(
    model: Model, calls: Sequence[Call], repeats: int, done: Callable[[], None] = lambda: None
) -> Steadiness:
    """Ask some calls `repeats` times alone and once all together.

    Args:
        model: what is asked; not one that stores its replies.
        calls: at least 2, no two the same.
        repeats: at least 2.
        done: called after each reply.

    Raises:
        ModelError: the model could not be asked.
    """
    rows: list[tuple[Scores, ...]] = []
    times: list[tuple[float, ...]] = []
    for repeat in range(repeats):
        found: dict[int, tuple[Scores, float]] = {}
        order = range(len(calls)) if repeat % 2 == 0 else range(len(calls) - 1, -1, -1)
        for call in order:
            began = time.perf_counter()
            scores = await model.score(*calls[call])
            found[call] = scores, time.perf_counter() - began
            done()
        rows.append(tuple(found[call][0] for call in range(len(calls))))
        times.append(tuple(found[call][1] for call in range(len(calls))))
    began = time.perf_counter()
    together = await gather_all([model.score(*call) for call in calls])
    passed = time.perf_counter() - began
    for _ in calls:
        done()
    return Steadiness(tuple(rows), tuple(times), tuple(together), passed)


def _bits(scores: Scores) -> tuple[object, ...]:
    """What must be equal in two replies to one call."""
    return (*(value.hex() for value in scores.logprobs), scores.answered)


async def gather_all(work: Sequence[Coroutine[None, None, T]]) -> list[T]:
    """The results of several calls in flight at once, in their order; the first error ends the others.

    Args:
        work: begun in this order.
    """
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
