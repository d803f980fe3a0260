"""Mutation: some of the copies that another rule makes go wrong, and a newcomer sits there instead.

Where the rule inside gives a seat a copy of another seat's mind, the copy is a newcomer with probability `rate`: a mind drawn
by the society's shares of newcomers (the mind copied among them), without a past. A seat that the rule inside leaves alone, or
that is drawn as its own parent, is not a copy. At rate 0, and with a rule inside that moves nobody, this is the rule inside,
draw for draw. For newcomers that need no copy, see turnover.

Source: mutation at reproduction as in D. Fudenberg and L. Imhof, "Imitation processes with small mutations", Journal of
Economic Theory 131 (2006).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float

from commonweal.core.arrays import real
from commonweal.core.errors import StudyError
from commonweal.core.parts import RuleAround, RuleKind
from commonweal.core.streams import Key
from commonweal.core.views import Memory, Ruling, Tick, same_seats


class Mutation(RuleAround):
    """Copies that go wrong: `Mutation(Fermi(0.1), rate=0.01)`.

    Raises:
        StudyError: `rate` is not from 0 to 1.

    Source: Fudenberg and Imhof, Journal of Economic Theory 131 (2006).
    """

    kind: ClassVar[RuleKind] = RuleKind.BOUNDARY

    rate: Float[Array, ""] = eqx.field(converter=real, default=0.01)
    """Probability that a copy is a newcomer instead, 0 to 1."""

    def __check_init__(self) -> None:
        """Refuse a probability out of range."""
        if not isinstance(self.rate, jax.core.Tracer) and not 0.0 <= float(self.rate) <= 1.0:
            raise StudyError(f"mutation with rate = {float(self.rate):g}; expected a number from 0 to 1")

    def settle(self, memory: Memory, tick: Tick, key: Key) -> Ruling:
        """The rule's ruling, some of its copies replaced by newcomers."""
        ruling = self.inner.settle(memory, tick, key)
        if ruling.heir is None:
            return ruling
        n = tick.seats.n
        wrong = (ruling.heir != same_seats(n)) & key.child("mutation").chance(self.rate, n)
        return eqx.tree_at(lambda own: own.heir, ruling, jnp.where(wrong, -1, ruling.heir))

    def describe(self, memory: Memory) -> str:
        """The rule in words, and how often its copies go wrong."""
        words, rate = self.inner.describe(memory), float(self.rate)
        if not words or rate == 0.0:
            return words
        return f"{words} With probability {rate:.4g} somebody new comes instead of a copy."
