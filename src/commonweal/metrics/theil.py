"""Theil's index of wealth: how much a unit of wealth tells of whose it is, against equal shares.

    T = sum_i s_i ln(n s_i),  s_i = w_i / sum_j w_j,  w_i = max(0, last purse)

from 0 (all own alike) to ln n (one owns all). Who owes owns no share. All purses empty: 0.

Logarithms are fixed point, and sums are taken in two halves of 16 bits, so that they are the same bits everywhere: within
1e-6 for up to half a million seats.

Source: H. Theil, Economics and Information Theory (1967), chapter 4.
"""

from __future__ import annotations

import math
from typing import ClassVar

import jax
import jax.numpy as jnp

from commonweal.core.logarithms import LOG_BITS, log2_fixed
from commonweal.core.named import Named
from commonweal.core.numbers import Total
from commonweal.core.parts import EndMetric, Readings
from commonweal.core.views import End


class Theil(EndMetric):
    """Theil's T index of final purses, in nats."""

    unit: ClassVar[str] = "nats"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = float("inf")
    source: ClassVar[str] = "Theil, Economics and Information Theory (1967), chapter 4"
    null: ClassVar[str] = "0 where all own alike; ln n where one owns all"

    def read(self, end: End) -> Named[Total]:
        """With purse = h 2^16 + l: sums over seats `high` of h log2 w, `low` of l log2 w, of purses `sum`; and `seats`."""
        purse = jnp.maximum(end.purse, 0)
        log = log2_fixed(purse)
        with jax.enable_x64(True):
            wide = purse.astype(jnp.int64)
            return Named.of(
                ("high", jnp.sum((wide >> 16) * log)),
                ("low", jnp.sum((wide & 0xFFFF) * log)),
                ("sum", jnp.sum(wide)),
                ("seats", jnp.asarray(wide.shape[0], jnp.int64)),
            )

    def value(self, readings: Readings) -> float:
        """0 to ln n."""
        whole, seats = int(readings["sum"][0]), int(readings["seats"][0])
        if not whole:
            return 0.0
        weighted = (int(readings["high"][0]) << 16) + int(readings["low"][0])
        bits = math.log2(seats) + weighted / whole / (1 << LOG_BITS) - math.log2(whole)
        return max(0.0, bits * math.log(2.0))
