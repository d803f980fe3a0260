"""The share of all wealth that the richest tenth owns.

    top share = sum of the k largest w_i / sum of all,  k = ceil(percent n / 100),  w_i = max(0, last purse)

Who owes owns no share. All purses empty: k / n, as where all own alike.

Source: top income and wealth shares as in T. Piketty and E. Saez, Quarterly Journal of Economics 118 (2003).
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


class TopShare(EndMetric):
    """The share of final purses that the richest seats own.

    Raises:
        StudyError: `percent` is not from 1 to 100.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Piketty and Saez, Quarterly Journal of Economics 118 (2003)"
    null: ClassVar[str] = "ceil(percent n / 100) / n where all own alike"

    percent: int = eqx.field(static=True, default=10)
    """How many percent of the seats are the richest, 1 to 100; rounded up to whole seats."""

    def __check_init__(self) -> None:
        """Refuse a share of the seats that is none."""
        if not 1 <= self.percent <= 100:
            raise StudyError(f"the richest {self.percent} percent of the seats; expected a whole number from 1 to 100")

    def read(self, end: End) -> Named[Total]:
        """`top`, the purses of the richest, `sum` of all purses, `richest`, how many they are, and `seats`."""
        n = end.purse.shape[0]
        richest = -(-n * self.percent // 100)
        with jax.enable_x64(True):
            purse = jnp.sort(jnp.maximum(end.purse, 0)).astype(jnp.int64)
            return Named.of(
                ("top", jnp.sum(purse[n - richest :])),
                ("sum", jnp.sum(purse)),
                ("richest", jnp.asarray(richest, jnp.int64)),
                ("seats", jnp.asarray(n, jnp.int64)),
            )

    def value(self, readings: Readings) -> float:
        """0 to 1."""
        top, whole = ("top", "sum") if readings["sum"][0] else ("richest", "seats")
        return float(readings[top][0] / readings[whole][0])
