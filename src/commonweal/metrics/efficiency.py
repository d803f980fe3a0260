"""How much of the best sustainable harvest was harvested.

    u = 1 - max(0, T f(0) - sum of all harvests) / (T f(0))

with T ticks and f(0) the largest total harvest of the first tick from which the stock grows back. Harvests are what the
world paid, before rules. Taking more than T f(0) adds nothing; where nothing could be harvested (f(0) = 0), u = 1.

Source: G. Piatti et al., "Cooperate or Collapse" (GovSim), NeurIPS 2024, arXiv 2404.16698.
"""

from __future__ import annotations

from typing import ClassVar

from commonweal.core.facts import HasStock
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick


class Efficiency(TickMetric):
    """Total harvest over the largest that could be sustained, at most 1."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Piatti et al., GovSim, NeurIPS 2024, arXiv 2404.16698: efficiency u"
    null: ClassVar[str] = "0 where nobody harvests; 1 / ticks x K / f(0) where all is taken at once"
    needs: ClassVar[tuple[type, ...]] = (HasStock,)

    def read(self, tick: Tick) -> Named[Total]:
        """`made`, what the world paid all seats together, and `sustainable`, f(t)."""
        return Named.of(("made", total(tick.made)), ("sustainable", total(tick.facts.sustainable)))

    def value(self, readings: Readings) -> float:
        """0 to 1."""
        best = int(readings["sustainable"][0]) * readings["made"].size
        return 1.0 - max(0, best - int(readings["made"].sum())) / best if best > 0 else 1.0
