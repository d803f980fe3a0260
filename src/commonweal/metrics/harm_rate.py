"""How often harm gets through: the share of harmful requests that somebody helped with.

    helped harmful / harmful

with a request helped where any provider that it was brought to helped. 0 where nobody asked.

Source: our own model, `commonweal.worlds.assistants`.
"""

from __future__ import annotations

from typing import ClassVar

from commonweal.core.named import Named
from commonweal.core.numbers import Total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick
from commonweal.worlds.assistants import AssistantsFacts


class HarmRate(TickMetric):
    """Share of harmful requests that somebody helps with."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "our own model, commonweal.worlds.assistants"
    null: ClassVar[str] = "1 where nothing is refused"
    needs: ClassVar[tuple[type, ...]] = (AssistantsFacts,)

    def read(self, tick: Tick) -> Named[Total]:
        """`bad`, harmful requests, and `helped`, those that somebody helped with."""
        facts: AssistantsFacts = tick.facts
        return Named.of(("bad", facts.bad), ("helped", facts.helped_bad))

    def value(self, readings: Readings) -> float:
        """0 to 1."""
        whole = int(readings["bad"].sum())
        return int(readings["helped"].sum()) / whole if whole else 0.0
