"""Sums of squares of purses, in whole numbers: what measures of concentration are made of.

Squares are summed in three parts of 16-bit halves, so that the sum is exact for any 32-bit purses. Who owes owns nothing.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from commonweal.core.arrays import Units
from commonweal.core.named import Named
from commonweal.core.numbers import Total
from commonweal.core.parts import Readings


def read_squares(purse: Units) -> Named[Total]:
    """With purse = h 2^16 + l: sums over seats `high` of h h, `cross` of h l, `low` of l l, of purses `sum`; `seats`.

    Args:
        purse: [a] ledger units; below 0 counts as 0.
    """
    with jax.enable_x64(True):
        purse = jnp.maximum(purse, 0).astype(jnp.int64)
        high, low = purse >> 16, purse & 0xFFFF
        return Named.of(
            ("high", jnp.sum(high * high)),
            ("cross", jnp.sum(high * low)),
            ("low", jnp.sum(low * low)),
            ("sum", jnp.sum(purse)),
            ("seats", jnp.asarray(purse.shape[0], jnp.int64)),
        )


def sum_of_squares(readings: Readings) -> int:
    """The sum of squared purses, ledger units squared, from what `read_squares` returned, read once."""
    high, cross, low = (int(readings[name][0]) for name in ("high", "cross", "low"))
    return (high << 32) + (cross << 17) + low
