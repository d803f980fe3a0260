"""Whom retaliation falls on: of all attacks that answer something, the share that falls on who struck first.

    on strikers / (on strikers + on answerers + for others)

The rest falls on contacts who did but answer an attack themselves, or, as revenge for others, on who did not attack the
avenger. 1 where nothing was answered. What came before is what truly happened, whatever a seat took it for.

Source: of our own model, `commonweal.worlds.conflict`; justified and other punishment as in R. Sugden, The Economics of Rights,
Co-operation and Welfare (1986).
"""

from __future__ import annotations

from typing import ClassVar

from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick
from commonweal.worlds.conflict import ConflictFacts


class JustRetaliation(TickMetric):
    """Share of retaliation that falls on who struck first."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "of our own model, commonweal.worlds.conflict; Sugden (1986)"
    null: ClassVar[str] = "1 where each first strike is answered once and nothing is answered after that"
    needs: ClassVar[tuple[type, ...]] = (ConflictFacts,)

    def read(self, tick: Tick) -> Named[Total]:
        """Attacks on `strikers`, on `answerers`, and for `others`."""
        facts: ConflictFacts = tick.facts
        found = (("strikers", facts.on_strikers), ("answerers", facts.on_answerers), ("others", facts.for_others))
        return Named.of(*((name, total(count)) for name, count in found))

    def value(self, readings: Readings) -> float:
        """0 to 1."""
        strikers, answerers, others = (int(readings[name].sum()) for name in ("strikers", "answerers", "others"))
        whole = strikers + answerers + others
        return strikers / whole if whole else 1.0
