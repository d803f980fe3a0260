"""Logarithms of whole numbers in fixed point, the same bits in any batch, chunk or engine, which `log` is not.

The whole part is the place of the highest bit; each further bit is found by squaring what remains (the digit-by-digit
method), in whole numbers alone.

Source: J. Briggs, Arithmetica Logarithmica (1624), in binary: D. Knuth, The Art of Computer Programming 1, exercise 1.2.2-25.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, Int64

LOG_BITS = 24
"""Logarithms are counted in units of 2^-24."""


def log2_fixed(values: Int[Array, "..."]) -> Int64[Array, "..."]:
    """The logarithm to the base 2 of whole numbers from 1 to 2^31 - 1, rounded down: in units of 2^-24, within one unit.

    Below 1 it is 0, so that w log w is 0 where w is 0.
    """
    clipped = jnp.maximum(values, 1).astype(jnp.int32)
    whole = 31 - jax.lax.clz(clipped)
    with jax.enable_x64(True):
        rest = clipped.astype(jnp.uint64) << (31 - whole).astype(jnp.uint64)
        found = whole.astype(jnp.int64)
        for _ in range(LOG_BITS):
            rest = (rest * rest) >> jnp.uint64(31)
            bit = rest >> jnp.uint64(32)
            rest = rest >> bit
            found = 2 * found + bit.astype(jnp.int64)
        return found
