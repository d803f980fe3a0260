"""How unlike the seats of one society end: the variance of their gains, from which an intraclass correlation is told.

    variance = (sum d_i^2 - (sum d_i)^2 / n) / (n - 1),  d_i = last purse - endowment

over all seats of a trial, in squared ledger units; 0 with one seat. Squares are read in halves of 16 bits, so that their sums
are exact.

Source: the sample variance; for its use R. A. Fisher, Statistical Methods for Research Workers (1925), chapter VII.
"""

from __future__ import annotations

from typing import ClassVar

import jax
import jax.numpy as jnp

from commonweal.core.named import Named
from commonweal.core.numbers import Total
from commonweal.core.parts import EndMetric, Readings
from commonweal.core.views import End


class EarningsVariance(EndMetric):
    """Sample variance of the seats' gains within a trial."""

    unit: ClassVar[str] = "squared ledger units"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = float("inf")
    source: ClassVar[str] = "the sample variance over seats"
    null: ClassVar[str] = "0 where all seats gain alike"

    def read(self, end: End) -> Named[Total]:
        """Sums over seats: `sum` of d, `squares_high` 2^32 + `squares_middle` 2^17 + `squares_low` = sum d^2, and `seats`."""
        with jax.enable_x64(True):
            gain = end.purse.astype(jnp.int64) - end.endowment.astype(jnp.int64)
            high, low = gain >> 16, gain & 0xFFFF
            return Named.of(
                ("sum", jnp.sum(gain)),
                ("squares_high", jnp.sum(high * high)),
                ("squares_middle", jnp.sum(high * low)),
                ("squares_low", jnp.sum(low * low)),
                ("seats", jnp.asarray(gain.shape[0], jnp.int64)),
            )

    def value(self, readings: Readings) -> float:
        """Squared ledger units, at least 0."""
        high, middle, low, total, n = (
            int(readings[name][0]) for name in ("squares_high", "squares_middle", "squares_low", "sum", "seats")
        )
        squares = (high << 32) + (middle << 17) + low
        return (n * squares - total * total) / (n * (n - 1)) if n > 1 else 0.0
