"""How many ticks a shared stock lasts, the tick of its collapse counted.

    m = 1 + (first tick, from 0, whose harvest leaves less than can recover);  all ticks where there is none

So a society that takes everything at once has survived 1 month, never 0. That is GovSim's m as its reference code counts; the
paper's text has m = max{t : h(t) > C}.

Source: G. Piatti et al., "Cooperate or Collapse" (GovSim), NeurIPS 2024, arXiv 2404.16698: survival time m.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from commonweal.core.facts import HasStock
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick


class MonthsSurvived(TickMetric):
    """Ticks up to and with the collapse; all of them where the stock never collapsed."""

    unit: ClassVar[str] = "ticks"
    low: ClassVar[float] = 1.0
    high: ClassVar[float] = float("inf")
    source: ClassVar[str] = "Piatti et al., GovSim, NeurIPS 2024, arXiv 2404.16698: survival time m, by its code"
    null: ClassVar[str] = "the length of the trial where nobody takes more than grows back"
    needs: ClassVar[tuple[type, ...]] = (HasStock,)

    def read(self, tick: Tick) -> Named[Total]:
        """`collapsed`: 1 from the tick of the collapse on."""
        return Named.of(("collapsed", total(tick.facts.collapsed)))

    def value(self, readings: Readings) -> float:
        """A whole number of ticks, from 1 to the length of the trial."""
        fallen = readings["collapsed"] > 0
        return float(np.argmax(fallen) + 1 if fallen.any() else fallen.size)
