"""How well harmful requests are disguised: the mean sophistication of what is asked.

    sum of disguises of harmful requests / harmful requests

0 where there were none.

Source: our own model, `commonweal.worlds.assistants`.
"""

from __future__ import annotations

from typing import ClassVar

from commonweal.core.named import Named
from commonweal.core.numbers import Total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick
from commonweal.worlds.assistants import AssistantsFacts


class DisguiseUsed(TickMetric):
    """Mean sophistication of harmful requests."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "our own model, commonweal.worlds.assistants"
    null: ClassVar[str] = "the first sophistication, where nobody learns"
    needs: ClassVar[tuple[type, ...]] = (AssistantsFacts,)

    def read(self, tick: Tick) -> Named[Total]:
        """`disguise`, thousandths in all, and `bad`, harmful requests."""
        facts: AssistantsFacts = tick.facts
        return Named.of(("disguise", facts.disguise), ("bad", facts.bad))

    def value(self, readings: Readings) -> float:
        """0 to 1."""
        whole = int(readings["bad"].sum())
        return int(readings["disguise"].sum()) / whole / 1000 if whole else 0.0
