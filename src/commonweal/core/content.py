"""What is said as a vector: whole numbers, so that sums and inner products are the same bits in any batch, chunk or engine.

A part of a vector is counted in units of 2^-10. Vectors of length 1 have parts from -1024 to 1024; their inner product, in the
same units, is 1024 times their cosine, to within what rounding a part leaves (about 0.001 with 16 parts).

Source: ours; fixed point as in `core/numbers.py`.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, Int32

from commonweal.core.streams import Key

PART_BITS = 10
ONE_PART = 1 << PART_BITS
"""A part of 1: vectors are counted in units of 2^-10."""

Vectors = Int32[Array, "... d"]
"""Vectors of content, in units of 2^-10."""


def of_length_one(vectors: Int[Array, "... d"]) -> Vectors:
    """Each vector stretched to length 1; a vector of zeros stays so.

    Args:
        vectors: whole numbers of any scale; at most 1024 parts.
    """
    whole = vectors.astype(jnp.int32)
    # Down to 10 bits and a sign first, so that the sum of squares of up to 1024 parts is exact in 31 bits.
    size = jnp.abs(whole).max(-1, keepdims=True)
    shift = jnp.maximum(32 - jax.lax.clz(size) - PART_BITS, 0)
    small = whole >> shift
    square = (small * small).sum(-1, keepdims=True, dtype=jnp.int32)
    length = jnp.sqrt(jnp.maximum(square, 1).astype(jnp.float32))
    return jnp.round(small.astype(jnp.float32) * (jnp.float32(ONE_PART) / length)).astype(jnp.int32)


def inner(left: Vectors, right: Vectors) -> Int32[Array, "..."]:
    """The inner product of vectors, in units of 2^-10 (rounded down): of unit vectors, 1024 times their cosine."""
    return (left * right).sum(-1, dtype=jnp.int32) >> PART_BITS


def directions(key: Key, shape: tuple[int, ...]) -> Vectors:
    """Vectors of length 1 in uniformly random directions.

    Args:
        key: two words a part are drawn.
        shape: [..., d].
    """
    # The sum of four uniform words is near enough to normal for a direction, and a whole number.
    parts = [(key.child(at).bits(shape) >> 20).astype(jnp.int32) for at in range(4)]
    return of_length_one(sum(parts[1:], parts[0]) - 4 * 2047 - 2)


def mixed(parts: tuple[tuple[Vectors, Int[Array, "..."]], ...]) -> Vectors:
    """A weighted sum of vectors, stretched to length 1; zeros where it is 0.

    Args:
        parts: vectors and their weights, in units of 2^-10, from -2^18 to 2^18; a weight has no axis `d`.
    """
    whole = sum(
        ((weight[..., None] * vector) >> 4 for vector, weight in parts[1:]), (parts[0][1][..., None] * parts[0][0]) >> 4
    )
    return of_length_one(whole)
