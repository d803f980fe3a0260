"""Social norms of reputation: who is good after an act, by eight bits.

Bit 4 own + 2 other + gave is 1 where an actor with reputation `own` that gave (1) or refused (0) somebody with reputation
`other` is good afterwards; 1 is good.

Source: H. Ohtsuki and Y. Iwasa, "How should we define goodness?", J. Theoretical Biology 231 (2004).
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Bool, Int32

Good = Bool[Array, "..."]

IMAGE_SCORING = 0b10101010
"""Good iff it gave."""
SIMPLE_STANDING = 0b10111011
"""Bad iff it refused somebody good: the third of the leading eight."""
STERN_JUDGING = 0b10011001
"""Good iff it gave to somebody good or refused somebody bad: the sixth of the leading eight."""
SHUNNING = 0b10001000
"""Good iff it gave to somebody good."""
LEADING_EIGHT = (0b10111010, 0b10011010, 0b10111011, 0b10111001, 0b10011011, 0b10011001, 0b10111000, 0b10011000)
"""The leading eight, in the order of Ohtsuki and Iwasa (2004). Who acts on the first two also gives where both are bad."""


def assess(
    norm: Int32[Array, ""], own: Bool[Array, "..."], other: Bool[Array, "..."], gave: Bool[Array, "..."]
) -> Bool[Array, "..."]:
    """Who is good after its act, errors apart; shapes are broadcast.

    Args:
        norm: the eight bits.
        own: whether the actor was good.
        other: whether the one it acted upon was.
        gave: whether it gave.
    """
    bit = 4 * own.astype(jnp.int32) + 2 * other.astype(jnp.int32) + gave.astype(jnp.int32)
    return (norm >> bit) & 1 == 1


def say_norm(norm: int) -> str:
    """A norm in words.

    Args:
        norm: the eight bits.
    """
    if norm >> 4 == norm & 15:
        return _deeds(norm & 15)
    return f"of the good, {_deeds(norm >> 4)}; of the bad, {_deeds(norm & 15)}"


def _deeds(four: int) -> str:
    """Who is good by what it did, by four bits at 2 other + gave."""
    deeds = []
    for gave, verb in ((1, "gives to"), (0, "refuses")):
        good, bad = four >> (2 + gave) & 1, four >> gave & 1
        if good or bad:
            deeds.append(f"{verb} {'anybody' if good and bad else 'somebody good' if good else 'somebody bad'}")
    return f"who {' or '.join(deeds)} is good, who does not is bad" if deeds else "nobody is good"
