"""How often a seat takes more than its fair share, or gives less.

    o = acts below norm level 1 / acts of seats that were asked a question with a norm scale

In a commons that is GovSim's share of harvests above f(t) / n, over the months up to and with the collapse. The act is what
the world saw, after rules bound it. Nobody was ever asked: 0.

GovSim's published over-usage of societies that took all at once (20 to 39 %) does not follow from its formula, which gives 1.

Source: G. Piatti et al., "Cooperate or Collapse" (GovSim), NeurIPS 2024, arXiv 2404.16698: over-usage o, by its formula.
"""

from __future__ import annotations

from typing import ClassVar

from commonweal.core.menu import standing
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick


class OverUse(TickMetric):
    """The share of acts that fall short of the norm."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Piatti et al., GovSim, NeurIPS 2024, arXiv 2404.16698: over-usage o, by its formula"
    null: ClassVar[str] = "0 where everybody keeps the norm"

    def read(self, tick: Tick) -> Named[Total]:
        """`over`, seats whose act has a norm level below 1, and `asked`, how many were asked."""
        stand = standing(tick.menu, tick.bound)
        return Named.of(("over", total(stand.known & (stand.level < 1.0))), ("asked", total(stand.known)))

    def value(self, readings: Readings) -> float:
        """0 to 1."""
        asked = int(readings["asked"].sum())
        return int(readings["over"].sum()) / asked if asked else 0.0
