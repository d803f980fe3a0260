"""How long feuds last: the mean number of rounds in a row in which two contacts attack each other.

    rounds of mutual attack / runs of it that begin,       over all contacts

0 where there was no feud. A feud that goes on when the trial ends counts with the rounds it has had.

Source: of our own model, `commonweal.worlds.conflict`; mean duration as occupancy over entries is J. Little's law.
"""

from __future__ import annotations

from typing import ClassVar

from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick
from commonweal.worlds.conflict import ConflictFacts


class FeudLength(TickMetric):
    """Mean rounds of a feud."""

    unit: ClassVar[str] = "rounds"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = float("inf")
    source: ClassVar[str] = "of our own model, commonweal.worlds.conflict"
    null: ClassVar[str] = "1 / (1 - p^2) where everybody attacks with probability p whatever happened"
    needs: ClassVar[tuple[type, ...]] = (ConflictFacts,)

    def read(self, tick: Tick) -> Named[Total]:
        """`mutual`, acts of contacts that attack each other, and `begun`, those that did not the round before."""
        facts: ConflictFacts = tick.facts
        return Named.of(("mutual", total(facts.mutual)), ("begun", total(facts.begun)))

    def value(self, readings: Readings) -> float:
        """Rounds: 0, or at least 1."""
        begun = int(readings["begun"].sum())
        return int(readings["mutual"].sum()) / begun if begun else 0.0
