"""The Gini coefficient of wealth: how unevenly purses are filled at the end, endowments included.

    G = sum_ij |w_i - w_j| / (2 n sum_i |w_i|),  w_i = last purse

the population form: (0, 0, 0, 1) gives .75. With purses below 0 the denominator takes absolute values, so that G stays in
[0, 1). All purses empty: 0.

The double sum is 2 sum_i (2 i - n - 1) w_(i) over the sorted purses; it is read in two halves of 16 bits, so that it is exact
for up to a million seats and any 32-bit purses.

Source: C. Gini, Variabilita e mutabilita (1912); absolute values after E. Raffinetti, E. Siletti and A. Vernizzi, Statistical
Methods and Applications 24 (2015), without their factor n / (n - 1).
"""

from __future__ import annotations

from typing import ClassVar

import jax
import jax.numpy as jnp

from commonweal.core.named import Named
from commonweal.core.numbers import Total
from commonweal.core.parts import EndMetric, Readings
from commonweal.core.views import End


class Gini(EndMetric):
    """The Gini coefficient of final purses."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Gini, Variabilita e mutabilita (1912); Raffinetti et al. (2015) for purses below 0"
    null: ClassVar[str] = "0 where all own alike; 1 - 1 / n where one owns all"

    def read(self, end: End) -> Named[Total]:
        """Sums over seats: `spread_high` 2^16 + `spread_low` = sum (2 i - n - 1) w_(i), `sum` of |w_i|, and `seats`."""
        n = end.purse.shape[0]
        with jax.enable_x64(True):
            purse = jnp.sort(end.purse.astype(jnp.int64))
            weight = 2 * jnp.arange(n, dtype=jnp.int64) - (n - 1)
            return Named.of(
                ("spread_high", jnp.sum(weight * (purse >> 16))),
                ("spread_low", jnp.sum(weight * (purse & 0xFFFF))),
                ("sum", jnp.sum(jnp.abs(purse))),
                ("seats", jnp.asarray(n, jnp.int64)),
            )

    def value(self, readings: Readings) -> float:
        """0 to 1."""
        whole = int(readings["sum"][0]) * int(readings["seats"][0])
        spread = (int(readings["spread_high"][0]) << 16) + int(readings["spread_low"][0])
        return spread / whole if whole else 0.0
