"""How many points a seat spends on its peers when it is asked to: how much it punishes or rewards.

    points = sum of points over ticks, seats and targets / how many times a seat was asked

Points are those the world's rules let stand. Nobody was ever asked, or there is no such question: 0.

Source: tokens assigned in stage 2, Ö. Gürerk, B. Irlenbusch and B. Rockenbach, Science 312 (2006).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp

from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick


class Points(TickMetric):
    """Mean points of a seat that is asked."""

    unit: ClassVar[str] = "points"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = float("inf")
    source: ClassVar[str] = "Gürerk, Irlenbusch and Rockenbach, Science 312 (2006)"
    null: ClassVar[str] = "0 where nobody sanctions anybody"

    question: str = eqx.field(static=True, default="punish")
    """Name of the question that asks for the points: whole amounts for named targets."""

    def read(self, tick: Tick) -> Named[Total]:
        """`points` that were spent, and `asked`, how many seats could spend any."""
        if self.question not in tick.menu:
            nobody = total(jnp.zeros(tick.payoff.shape, bool))
            return Named.of(("points", nobody), ("asked", nobody))
        asked, points = tick.menu[self.question].asked, tick.bound[self.question]
        return Named.of(("points", total(jnp.where(asked, points.sum(1), 0))), ("asked", total(asked)))

    def value(self, readings: Readings) -> float:
        """Points a seat and time it is asked."""
        asked = int(readings["asked"].sum())
        return int(readings["points"].sum()) / asked if asked else 0.0
