"""How much there is of feuds: the share of contacts and rounds in which both attack.

    acts of contacts that attack each other / acts

Source: of our own model, `commonweal.worlds.conflict`; escalated contests of J. Maynard Smith and G. Price, Nature 246 (1973).
"""

from __future__ import annotations

from typing import ClassVar

from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick
from commonweal.worlds.conflict import ConflictFacts


class Fighting(TickMetric):
    """Share of contacts and rounds in which both attack."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "of our own model, commonweal.worlds.conflict"
    null: ClassVar[str] = "p^2 where everybody attacks with probability p whatever happened"
    needs: ClassVar[tuple[type, ...]] = (ConflictFacts,)

    def read(self, tick: Tick) -> Named[Total]:
        """`mutual` acts, and all `acts`."""
        facts: ConflictFacts = tick.facts
        return Named.of(("mutual", total(facts.mutual)), ("acts", total(facts.acts)))

    def value(self, readings: Readings) -> float:
        """0 to 1."""
        acts = int(readings["acts"].sum())
        return int(readings["mutual"].sum()) / acts if acts else 0.0
