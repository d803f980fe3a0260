"""The minimal winning coalition: the smallest share of the seats that together own more than half of all wealth.

    m = min{|S| : sum_(i in S) w_i > sum_j w_j / 2} / n,  w_i = max(0, last purse)

from 1 / n (one owns more than half) to just above 1 / 2 (all own alike). Who owes owns nothing. All purses empty: as where all
own alike.

Source: W. Riker, The Theory of Political Coalitions (1962), with wealth for votes; the count is also known as the Nakamoto
coefficient.
"""

from __future__ import annotations

from typing import ClassVar

import jax
import jax.numpy as jnp

from commonweal.core.named import Named
from commonweal.core.numbers import Total
from commonweal.core.parts import EndMetric, Readings
from commonweal.core.views import End


class WinningCoalition(EndMetric):
    """The share of seats that suffices to own more than half of final purses."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Riker, The Theory of Political Coalitions (1962)"
    null: ClassVar[str] = "(floor(n / 2) + 1) / n where all own alike"

    def read(self, end: End) -> Named[Total]:
        """`needed`, the fewest seats that own more than half, and `seats`."""
        n = end.purse.shape[0]
        with jax.enable_x64(True):
            purse = -jnp.sort(-jnp.maximum(end.purse, 0).astype(jnp.int64))
            purse = jnp.where(purse[0] > 0, purse, 1)
            short = 2 * jnp.cumsum(purse) <= jnp.sum(purse)
            return Named.of(("needed", 1 + jnp.sum(short, dtype=jnp.int64)), ("seats", jnp.asarray(n, jnp.int64)))

    def value(self, readings: Readings) -> float:
        """1 / n to 1."""
        return int(readings["needed"][0]) / int(readings["seats"][0])
