"""How evenly what was gained is spread over the seats.

    e = 1 - sum_ij |R_i - R_j| / (2 n sum_i |R_i|),  R_i = last purse - endowment

in ledger units. Where no gain is negative that is 1 - Gini, the equality of GovSim; with negative gains the denominator takes
absolute values, so that e stays in [0, 1] (and at least 1 / n). Nobody gained or lost anything: 1.

The double sum is 2 sum_i (2 i - n - 1) R_(i) over the sorted gains; it is read in two halves of 16 bits and more, so that it is
exact for up to a million seats and any 32-bit purses.

Source: G. Piatti et al., "Cooperate or Collapse" (GovSim), NeurIPS 2024, arXiv 2404.16698; absolute values after E. Raffinetti,
E. Siletti and A. Vernizzi, Statistical Methods and Applications 24 (2015), without their factor n / (n - 1).
"""

from __future__ import annotations

from typing import ClassVar

import jax
import jax.numpy as jnp

from commonweal.core.named import Named
from commonweal.core.numbers import Total
from commonweal.core.parts import EndMetric, Readings
from commonweal.core.views import End


class Equality(EndMetric):
    """One minus the Gini coefficient of gains."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Piatti et al., GovSim, NeurIPS 2024, arXiv 2404.16698: equality e"
    null: ClassVar[str] = "1 where all gain alike; 1 / n where one takes all"

    def read(self, end: End) -> Named[Total]:
        """Sums over seats: `spread_high` 2^16 + `spread_low` = sum (2 i - n - 1) R_(i), `sum` of |R_i|, and `seats`."""
        n = end.purse.shape[0]
        with jax.enable_x64(True):
            gain = jnp.sort(end.purse.astype(jnp.int64) - end.endowment.astype(jnp.int64))
            weight = 2 * jnp.arange(n, dtype=jnp.int64) - (n - 1)
            return Named.of(
                ("spread_high", jnp.sum(weight * (gain >> 16))),
                ("spread_low", jnp.sum(weight * (gain & 0xFFFF))),
                ("sum", jnp.sum(jnp.abs(gain))),
                ("seats", jnp.asarray(n, jnp.int64)),
            )

    def value(self, readings: Readings) -> float:
        """0 to 1."""
        whole = int(readings["sum"][0]) * int(readings["seats"][0])
        spread = (int(readings["spread_high"][0]) << 16) + int(readings["spread_low"][0])
        return 1.0 - spread / whole if whole else 1.0
