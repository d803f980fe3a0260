"""One alphabet for shapes: `a` agents (seats), `k` options or contacts, `g` groups, `t` ticks, `r` trials, `d` dimensions."""

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Bool, Float32, Int32, UInt8, UInt32

Flags = Bool[Array, "a"]
"""One truth value a seat."""
Units = Int32[Array, "a"]
"""One amount a seat, in ledger units."""
Levels = Float32[Array, "a"]
"""One norm level a seat, 0 (serves nobody else) to 1 (serves the others as the world's standard asks)."""
Index = Int32[Array, "a"]
"""One small integer a seat: an option, another seat, a mind, a handle into the text table."""
Contacts = Int32[Array, "a k"]
"""Row i: the seats that i is in contact with; -1 where a row has fewer than k."""
PackedActs = UInt8[Array, "a"]
"""Bit j of row i: what i does to its j-th contact, for two answers and at most eight contacts."""
Groups = Bool[Array, "a g"]
"""Who is a member of which group; groups may overlap."""
Real = Float32[Array, ""]
"""A real parameter of a part."""
Whole = Int32[Array, ""]
"""A whole-number parameter of a part."""
Flag = Bool[Array, ""]
"""A switch of a part, as data."""
Word = UInt32[Array, ""]
"""One 32-bit word of a random stream."""


def real(value: ArrayLike) -> Array:
    """A parameter as float32: the converter of real fields, scalar or one value a seat."""
    return jnp.asarray(value, jnp.float32)


def whole(value: ArrayLike) -> Array:
    """A parameter as int32: the converter of whole-number fields."""
    return jnp.asarray(value, jnp.int32)


def flag(value: ArrayLike) -> Array:
    """A parameter as a truth value: the converter of switches."""
    return jnp.asarray(value, bool)
