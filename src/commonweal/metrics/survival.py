"""Whether a shared stock outlives the trial.

    survival = 0 if the stock fell below what can recover in some tick, else 1

Its mean over trials is GovSim's survival rate q.

Source: G. Piatti et al., "Cooperate or Collapse" (GovSim), NeurIPS 2024, arXiv 2404.16698.
"""

from __future__ import annotations

from typing import ClassVar

from commonweal.core.facts import HasStock
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick


class Survival(TickMetric):
    """1 where the stock never collapsed, else 0."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Piatti et al., GovSim, NeurIPS 2024, arXiv 2404.16698: survival rate q"
    null: ClassVar[str] = "1 where nobody takes more than grows back"
    needs: ClassVar[tuple[type, ...]] = (HasStock,)

    def read(self, tick: Tick) -> Named[Total]:
        """`collapsed`: 1 from the tick of the collapse on."""
        return Named.of(("collapsed", total(tick.facts.collapsed)))

    def value(self, readings: Readings) -> float:
        """0 or 1."""
        return 0.0 if readings["collapsed"].any() else 1.0
