"""Numbers that are the same bits in any batch, chunk or engine: 64-bit sums, fixed-point means, a tabled logistic curve.

What feeds back into a trial or is logged is an integer or a fixed-point sum, since float32 sums differ between jit, vmap and
chunk sizes. JAX's global 64-bit switch stays off; it is switched on around the sums alone.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Int32, Int64, UInt32, UInt64

ONE_LEVEL = 1 << 16
"""A norm level of 1 in fixed point: levels are summed in units of 2^-16."""
_LOGISTIC_STEPS_PER_UNIT = 256
_LOGISTIC_HALF_WIDTH = 16
ONE_ADVANTAGE = 1 << 20
"""A selective advantage of 1 in fixed point: advantages are reckoned in units of 2^-20."""
_LOG2_E = round(2.0**30 / np.log(2.0))
"""Octaves in an advantage of 1, in units of 2^-30."""

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


def advantages(payoff: Int[Array, "a"], selection: Float[Array, ""], among: Int[Array, "a"] | int = 1) -> Int64[Array, "a"]:
    """Selective advantages, selection times payoff, in fixed point: units of 2^-20, cut off at 2^40 units either way.

    Args:
        payoff: [a] ledger units.
        selection: its strength, per ledger unit.
        among: [a] or one number: what payoffs are divided by, at least 1.
    """
    with jax.enable_x64(True):
        product = selection.astype(jnp.float64) * payoff.astype(jnp.float64) / jnp.asarray(among).astype(jnp.float64)
        return jnp.clip(jnp.round(product * ONE_ADVANTAGE), -(2.0**40), 2.0**40).astype(jnp.int64)


def linear_weights(advantage: Int64[Array, "a"]) -> UInt64[Array, "a"]:
    """Fitness 1 + advantage, 0 where that is below 0, [a] in units of 2^-20."""
    with jax.enable_x64(True):
        return jnp.maximum(advantage + ONE_ADVANTAGE, 0).astype(jnp.uint64)


def _power_table(step: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.floor(2.0**31 * np.exp2(-np.arange(1024) * step)).astype(np.int64)


_COARSE, _FINE = _power_table(2.0**-10), _power_table(2.0**-20)


def exponential_weights(advantage: Int64[Array, "a"]) -> UInt64[Array, "a"]:
    """Fitness exp(advantage), relative to the highest: [a] in units of 2^-40, within 2e-6 and one unit.

    2 to the power of minus an octave count is a shift by its whole part and the product of two tables' entries for the
    rest, so that it is the same bits everywhere, which `exp` is not. More than 27 below the highest, it is 0.
    """
    with jax.enable_x64(True):
        octaves = (jnp.minimum(advantage.max() - advantage, 64 * ONE_ADVANTAGE) * _LOG2_E) >> 30
        rest = octaves & (ONE_ADVANTAGE - 1)
        whole = jnp.minimum(octaves >> 20, 62)
        mantissa = (jnp.asarray(_COARSE)[rest >> 10] * jnp.asarray(_FINE)[rest & 1023]) >> 22
        return (mantissa >> whole).astype(jnp.uint64)


def weighted_index(weights: UInt64[Array, "k"], words: UInt32[Array, "2 *r"]) -> Int32[Array, "*r"]:
    """Indices drawn with probabilities proportional to whole weights; uniform where all weights are 0.

    Args:
        weights: at most 2^63 in sum.
        words: two uniform words a draw, `words[0]` the higher.
    """
    with jax.enable_x64(True):
        weights = jnp.where(weights.sum() == 0, jnp.ones_like(weights), weights)
        ends = jnp.cumsum(weights)
        mark = _share_of_total(words, ends[-1])
        return jnp.searchsorted(ends, mark, side="right").astype(jnp.int32)


def _share_of_total(words: UInt32[Array, "2 *r"], whole: UInt64[Array, ""]) -> UInt64[Array, "*r"]:
    """The upper 64 bits of the product of a 64-bit word and a total: uniform below the total; needs 64 bits switched on."""
    low32 = jnp.uint64(0xFFFFFFFF)
    high, low = words.astype(jnp.uint64)
    top, bottom = whole >> jnp.uint64(32), whole & low32
    one = high * bottom + ((low * bottom) >> jnp.uint64(32))
    two = low * top + (one & low32)
    return high * top + (one >> jnp.uint64(32)) + (two >> jnp.uint64(32))
