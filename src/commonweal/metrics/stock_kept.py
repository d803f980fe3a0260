"""How much of a shared resource is still there at the end of a trial.

    kept = stock left by the last tick's harvest, as a share of what the sustainable harvest would have left of a full stock

A full stock K that loses its largest sustainable harvest f(0) leaves K - f(0); more than that counts as 1. After a collapse
it is 0.

Source: our own; the stock itself is that of G. Piatti et al., "Cooperate or Collapse" (GovSim), NeurIPS 2024, arXiv 2404.16698.
"""

from __future__ import annotations

from typing import ClassVar

from commonweal.core.facts import HasStock
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick


class StockKept(TickMetric):
    """What the last harvest left, over what a sustainable one would have left of the first stock."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "commonweal; stock and sustainable harvest as in Piatti et al., GovSim, NeurIPS 2024"
    null: ClassVar[str] = "1 where everybody takes the fair share, or nothing"
    needs: ClassVar[tuple[type, ...]] = (HasStock,)

    def read(self, tick: Tick) -> Named[Total]:
        """`stock`, `left`, `sustainable` and `collapsed`, of the whole resource."""
        facts = tick.facts
        return Named.of(
            ("stock", total(facts.stock)),
            ("left", total(facts.left)),
            ("sustainable", total(facts.sustainable)),
            ("collapsed", total(facts.collapsed)),
        )

    def value(self, readings: Readings) -> float:
        """0 to 1."""
        best = int(readings["stock"][0]) - int(readings["sustainable"][0])
        if readings["collapsed"][-1] or best <= 0:
            return 0.0
        return min(1.0, int(readings["left"][-1]) / best)
