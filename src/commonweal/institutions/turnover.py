"""Turnover: seats are given up to newcomers, at random, whoever sits there and however well they do.

Every `every` ticks each seat is given to a newcomer with probability `rate`: a mind drawn by the society's shares of newcomers,
without a past. With a rule inside, that rule moves minds as it does, and a seat that is given up goes to the newcomer whatever
the rule inside made of it: imitation with exploration is `Turnover(Fermi(0.1), rate=0.01)`. For newcomers in the place of
copies alone, see mutation. At rate 0 this is the rule inside, draw for draw.

By turnover alone the expected share x of a mind that newcomers have with probability q goes to x + rate (q - x) each time.

Source: exploration as in A. Traulsen, C. Hauert, H. De Silva, M. Nowak and K. Sigmund, "Exploration dynamics in evolutionary
games", Proceedings of the National Academy of Sciences 106 (2009).
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


class Turnover(RuleAround):
    """Newcomers at random, beside what a rule inside does.

    Raises:
        StudyError: `rate` is not from 0 to 1, or `every` is below 1.

    Source: Traulsen et al., Proceedings of the National Academy of Sciences 106 (2009).
    """

    kind: ClassVar[RuleKind] = RuleKind.BOUNDARY

    rate: Float[Array, ""] = eqx.field(converter=real, default=0.01)
    """Probability that a seat is given up when it is time to, 0 to 1."""
    every: int = eqx.field(static=True, default=1)
    """Ticks from one such time to the next, at least 1."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.every < 1:
            raise StudyError(f"turnover every {self.every} ticks; expected at least 1")
        if not isinstance(self.rate, jax.core.Tracer) and not 0.0 <= float(self.rate) <= 1.0:
            raise StudyError(f"turnover with rate = {float(self.rate):g}; expected a number from 0 to 1")

    def settle(self, memory: Memory, tick: Tick, key: Key) -> Ruling:
        """The rule's ruling, and newcomers in the seats that are given up."""
        ruling, n = self.inner.settle(memory, tick, key), tick.seats.n
        heir = same_seats(n) if ruling.heir is None else ruling.heir
        due = (tick.tick + 1) % self.every == 0
        given_up = due & key.child("turnover").chance(self.rate, n)
        return eqx.tree_at(lambda own: own.heir, ruling, jnp.where(given_up, -1, heir), is_leaf=lambda x: x is None)

    def describe(self, memory: Memory) -> str:
        """The rule in words, and how often seats are given up."""
        words, rate = self.inner.describe(memory), float(self.rate)
        if rate == 0.0:
            return words
        when = "Each round" if self.every == 1 else f"Every {self.every} rounds"
        own = f"{when}, with probability {rate:.4g}, you leave, and somebody new takes your place."
        return f"{words} {own}" if words else own
