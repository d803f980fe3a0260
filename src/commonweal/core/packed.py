"""Acts toward contacts, packed as bits of one byte a seat: read from the other side, unpacked, and packed again.

Bit j of row i is what seat i does to its j-th contact, for two answers and at most eight contacts.
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Bool

from commonweal.core.arrays import PackedActs
from commonweal.core.links import Links

_WHO = "an act for each contact"


def packed(flags: Bool[Array, "a k"]) -> PackedActs:
    """One byte a seat, bit j set where flag j is; at most 8 flags a seat."""
    return (flags.astype(jnp.uint8) << jnp.arange(flags.shape[1], dtype=jnp.uint8)).sum(1, dtype=jnp.uint8)


def unpacked(acts: PackedActs, slots: int) -> Bool[Array, "a k"]:
    """The first `slots` bits of each byte, the lowest first."""
    return ((acts[:, None] >> jnp.arange(slots, dtype=jnp.uint8)) & 1) == 1


def toward(acts: PackedActs, links: Links) -> PackedActs:
    """What each contact does to each seat: bit j of row i is the act of the j-th contact of i to i, 0 where there is none.

    Raises:
        StudyError: contacts are ragged.
    """
    to, back = links.rows(_WHO), links.back
    assert back is not None
    slots = jnp.arange(to.shape[1], dtype=jnp.uint8)
    done = (links.of_contacts(acts) >> jnp.maximum(back, 0).astype(jnp.uint8)) & 1
    if not links.full:
        done = jnp.where(to >= 0, done, 0).astype(jnp.uint8)
    return (done << slots).sum(1, dtype=jnp.uint8)
