"""How well acts serve the others, on the world's own norm scale.

    cooperation = mean over ticks and asked seats of the norm level of what was done

A seat counts in a tick where it is asked a question that has a norm scale; asked several, it counts once, with their mean.
What was done is the act as the world saw it: after rules bound it, the default where nobody answered. Nobody was ever
asked: 1, as nothing was done against the norm.

Source: the norm scale of commonweal; for a donation game it is the cooperation rate of M. Nowak, Science 314 (2006).
"""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp

from commonweal.core.menu import standing
from commonweal.core.named import Named
from commonweal.core.numbers import ONE_LEVEL, Total, fixed_levels, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick


class Cooperation(TickMetric):
    """The mean norm level of acts."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "norm scale of the world; Nowak, Science 314 (2006) for the cooperation rate"
    null: ClassVar[str] = "1 where everybody keeps the norm; of random acts, what the world's scale makes of them"

    def read(self, tick: Tick) -> Named[Total]:
        """`level`, the sum of norm levels in units of 2^-16, and `asked`, how many seats it is over."""
        stand = standing(tick.menu, tick.bound)
        return Named.of(("level", total(jnp.where(stand.known, fixed_levels(stand.level), 0))), ("asked", total(stand.known)))

    def value(self, readings: Readings) -> float:
        """0 to 1."""
        asked = int(readings["asked"].sum())
        return int(readings["level"].sum()) / (ONE_LEVEL * asked) if asked else 1.0
