"""The dignity floor: the share of seats that own less than a part of the mean.

    F = |{i : w_i < (percent / 100) mean(w)}| / n,  w_i = last purse

from 0 to below 1. With a mean of 0 or below: the share of seats below 0.

Source: a relative poverty line after P. Townsend, Poverty in the United Kingdom (1979); the count is the headcount ratio of
A. Sen, "Poverty: an ordinal approach to measurement", Econometrica 44 (1976).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.numbers import Total
from commonweal.core.parts import EndMetric, Readings
from commonweal.core.views import End


class BelowFloor(EndMetric):
    """The share of seats whose final purse is below a part of the mean purse.

    Raises:
        StudyError: `percent` is not from 1 to 100.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Townsend (1979); Sen, Econometrica 44 (1976)"
    null: ClassVar[str] = "0 where all own alike"

    percent: int = eqx.field(static=True, default=10)
    """The floor in percent of the mean purse, 1 to 100."""

    def __check_init__(self) -> None:
        """Refuse a floor that is none."""
        if not 1 <= self.percent <= 100:
            raise StudyError(f"a floor at {self.percent} percent of the mean; expected a whole number from 1 to 100")

    def read(self, end: End) -> Named[Total]:
        """`below`, how many seats are below the floor, and `seats`."""
        n = end.purse.shape[0]
        with jax.enable_x64(True):
            purse = end.purse.astype(jnp.int64)
            floor = self.percent * jnp.maximum(jnp.sum(purse), 0)
            below = jnp.sum(100 * n * purse < floor, dtype=jnp.int64)
            return Named.of(("below", below), ("seats", jnp.asarray(n, jnp.int64)))

    def value(self, readings: Readings) -> float:
        """0 to 1."""
        return int(readings["below"][0]) / int(readings["seats"][0])
