"""The normal distribution in fixed point: how likely a score lies below a mark, the same bits in any batch, chunk or engine.

A Gaussian score need not be drawn: a uniform 32-bit word is its rank, and the score lies below a mark z standard deviations
from its mean where the word lies below 2^32 Phi(z). Two marks on one word are two marks on one score.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, UInt32

ONE_DEVIATION = 1 << 16
"""A standard deviation in fixed point: marks are reckoned in units of 2^-16."""
_HALF_WIDTH = 8
_STEP_BITS = 8
_TOP = (1 << 32) - 1


def _table() -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    half = _HALF_WIDTH << (16 - _STEP_BITS)
    below = [0.5 * math.erfc(-at / (1 << (16 - _STEP_BITS)) / math.sqrt(2.0)) for at in range(-half, half + 1)]
    return np.minimum(np.floor(2.0**32 * np.asarray(below) + 0.5), _TOP).astype(np.int64)


_TABLE = _table()


def normal_word(z: Int[Array, "..."]) -> UInt32[Array, "..."]:
    """The 32-bit word below which a uniform word falls with probability Phi(z).

    Read from a table with steps of 1/256 of a deviation and straight lines between: within 5e-7 of the curve; beyond 8
    deviations, as at 8.

    Args:
        z: marks in whole units of 2^-16 deviations, any shape.

    Returns:
        Words of that shape.
    """
    with jax.enable_x64(True):
        half = _HALF_WIDTH * ONE_DEVIATION
        at = jnp.clip(z.astype(jnp.int64), -half, half) + half
        step, rest = at >> _STEP_BITS, at & ((1 << _STEP_BITS) - 1)
        table = jnp.asarray(_TABLE)
        low, high = table[step], table[jnp.minimum(step + 1, _TABLE.size - 1)]
        return (low + (((high - low) * rest) >> _STEP_BITS)).astype(jnp.uint32)
