"""How well acts served the others at the start of a trial, on the world's own norm scale.

    opening = mean over the first `ticks` ticks and asked seats of the norm level of what was done

It is `cooperation` of the first ticks alone: where a society starts from, to be set beside where it ends. Nobody was asked in
them: 1, as nothing was done against the norm.

Source: the norm scale of commonweal; in the donor game, the donations of the first generation of A. Vallinder and E. Hughes,
arXiv 2412.10270 (2024).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp

from commonweal.core.errors import StudyError
from commonweal.core.menu import standing
from commonweal.core.named import Named
from commonweal.core.numbers import ONE_LEVEL, Total, fixed_levels, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick


class Opening(TickMetric):
    """The mean norm level of the acts of the first ticks.

    Raises:
        StudyError: fewer than one tick.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "norm scale of the world; Vallinder and Hughes, arXiv 2412.10270 (2024): first-generation donations"
    null: ClassVar[str] = "1 where everybody keeps the norm; of random acts, what the world's scale makes of them"

    ticks: int = eqx.field(static=True, default=1)
    """How many ticks are the start, at least 1."""

    def __check_init__(self) -> None:
        """Refuse a start without ticks."""
        if self.ticks < 1:
            raise StudyError(f"an opening of {self.ticks} ticks; expected at least 1")

    def read(self, tick: Tick) -> Named[Total]:
        """`level`, the sum of norm levels in units of 2^-16, and `asked`, how many seats it is over; later, 0 of both."""
        stand = standing(tick.menu, tick.bound)
        early = stand.known & (tick.tick < self.ticks)
        return Named.of(("level", total(jnp.where(early, fixed_levels(stand.level), 0))), ("asked", total(early)))

    def value(self, readings: Readings) -> float:
        """0 to 1."""
        asked = int(readings["asked"].sum())
        return int(readings["level"].sum()) / (ONE_LEVEL * asked) if asked else 1.0
