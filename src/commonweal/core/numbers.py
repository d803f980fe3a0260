"""Numbers that are the same bits in any batch, chunk or engine: 64-bit sums, fixed-point means, a tabled logistic curve.

What feeds back into a trial or is logged is an integer or a fixed-point sum, since float32 sums differ between jit, vmap and
chunk sizes. JAX's global 64-bit switch stays off; it is switched on around the sums alone.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Int32, Int64, UInt32

ONE_LEVEL = 1 << 16
"""A norm level of 1 in fixed point: levels are summed in units of 2^-16."""
_LOGISTIC_STEPS_PER_UNIT = 256
_LOGISTIC_HALF_WIDTH = 16

Total = Int64[Array, ""]


def total(values: Int[Array, "..."] | Bool[Array, "..."], axis: int | None = None) -> Int64[Array, "..."]:
    """The sum of whole numbers or truth values, in 64 bits."""
    with jax.enable_x64(True):
        return jnp.sum(values, axis=axis, dtype=jnp.int64)


def added(*parts: Total) -> Total:
    """The sum of 64-bit totals; 0 when there are none."""
    with jax.enable_x64(True):
        result = jnp.zeros((), jnp.int64)
        for part in parts:
            result = result + part.astype(jnp.int64)
        return result


def difference(left: Total, right: Total) -> Total:
    """Left minus right, in 64 bits."""
    with jax.enable_x64(True):
        return left.astype(jnp.int64) - right.astype(jnp.int64)


def nothing() -> Total:
    """A 64-bit zero."""
    with jax.enable_x64(True):
        return jnp.zeros((), jnp.int64)


def kept(on: Bool[Array, ""], value: Total) -> Total:
    """The total where `on`, else 0."""
    with jax.enable_x64(True):
        return jnp.where(on, value.astype(jnp.int64), jnp.zeros((), jnp.int64))


def fixed_levels(levels: Float[Array, "a"]) -> Int32[Array, "a"]:
    """Norm levels in fixed point, units of 2^-16."""
    return jnp.round(levels * jnp.float32(ONE_LEVEL)).astype(jnp.int32)


def mean_level(fixed_sum: Int[Array, "..."], count: Int[Array, "..."]) -> Float[Array, "..."]:
    """The mean norm level from a fixed-point sum (32 or 64 bits) and a count; 0 where the count is 0."""
    with jax.enable_x64(True):
        ratio = fixed_sum.astype(jnp.float64) / jnp.maximum(count, 1).astype(jnp.float64)
        return (ratio / ONE_LEVEL).astype(jnp.float32)


def share_of(amounts: Int[Array, "..."], share: Float[Array, "..."]) -> Int32[Array, "..."]:
    """The whole units in a share (0 to 1) of whole amounts, rounded down: exact for amounts up to 2^31.

    A share is read to the nearest millionth, so that 0.3 of 10 is 3 and not the 2 that binary fractions would give.
    """
    with jax.enable_x64(True):
        millionths = jnp.round(share.astype(jnp.float64) * 1e6).astype(jnp.int64)
        return (amounts.astype(jnp.int64) * millionths // 1_000_000).astype(jnp.int32)


def _logistic_table() -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    half = _LOGISTIC_HALF_WIDTH * _LOGISTIC_STEPS_PER_UNIT
    x = np.arange(-half, half + 1, dtype=np.float64) / _LOGISTIC_STEPS_PER_UNIT
    return np.minimum(np.floor(2.0**32 / (1.0 + np.exp(-x))), 2.0**32 - 1).astype(np.uint32)


_TABLE = _logistic_table()


def logistic_word(x: Float[Array, "..."]) -> UInt32[Array, "..."]:
    """The 32-bit word below which a uniform word falls with probability 1 / (1 + exp(-x)).

    Read from a table with steps of 1/256 on [-16, 16]: within 0.0005 of the curve, and the same bits everywhere, which
    `exp` is not.
    """
    half = _LOGISTIC_HALF_WIDTH * _LOGISTIC_STEPS_PER_UNIT
    steps = jnp.clip(jnp.round(x * _LOGISTIC_STEPS_PER_UNIT), -half, half).astype(jnp.int32)
    return jnp.asarray(_TABLE)[steps + half]
