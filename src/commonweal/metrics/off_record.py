"""The share of recorded minds' decisions that were taken in a state which their record does not hold.

    off record = decisions in states outside the record / decisions

A recorded mind answers there by the nearest coarser state, which is our guess and nobody's behaviour. A study that seats a
recorded mind must measure it, so that it stands in every table and report.

Source: own definition.
"""

from __future__ import annotations

from typing import ClassVar

from commonweal.core.named import Named
from commonweal.core.numbers import Total, added, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick


class OffRecord(TickMetric):
    """The share of recorded minds' decisions that are outside their record."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "own definition"
    null: ClassVar[str] = "0 where every decision was taken in a state of the record, and where no recorded mind decides"

    def read(self, tick: Tick) -> Named[Total]:
        """`outside`, decisions in states outside the record, and `decided`, all decisions of recorded minds."""

        def summed(what: str) -> Total:
            return added(*(total(count) for name, count in tick.tallies.items() if name.rsplit(".", 1)[-1] == what))

        return Named.of(("outside", summed("outside")), ("decided", summed("decided")))

    def value(self, readings: Readings) -> float:
        """0 to 1."""
        decided = int(readings["decided"].sum())
        return int(readings["outside"].sum()) / decided if decided else 0.0
