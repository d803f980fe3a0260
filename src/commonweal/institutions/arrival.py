"""Arrival: at one moment of a trial some seats are given to newcomers, as when a stranger joins a settled society.

At the start of tick `at` (counted from 1) `count` seats drawn at random are given up to newcomers: minds drawn by the society's
shares of newcomers, without a past. The purse of a seat stays with it, and so does its standing with rules. With a rule inside,
that rule moves minds as it does, and a seat that is given up goes to the newcomer. At count 0 this is the rule inside, draw for
draw; so it is in a trial that ends before.

Source: the greedy newcomer of G. Piatti et al., "Cooperate or Collapse" (GovSim), NeurIPS 2024, arXiv 2404.16698, who comes in
month 4 of 15.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Int32

from commonweal.core.arrays import whole
from commonweal.core.errors import StudyError
from commonweal.core.parts import RuleAround, RuleKind
from commonweal.core.streams import Key
from commonweal.core.views import Memory, Ruling, Tick, same_seats


class Arrival(RuleAround):
    """Newcomers at one moment, beside what a rule inside does.

    Raises:
        StudyError: `count` is below 0, or `at` below 2.

    Source: Piatti et al., arXiv 2404.16698 (2024).
    """

    kind: ClassVar[RuleKind] = RuleKind.BOUNDARY

    count: Int32[Array, ""] = eqx.field(converter=whole, default=1)
    """How many seats are given up, at least 0 (the rule is as if absent); all, where there are fewer."""
    at: Int32[Array, ""] = eqx.field(converter=whole, default=4)
    """The first tick of the newcomers, counted from 1; at least 2."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        for name, value, least in (("count", self.count, 0), ("at", self.at, 2)):
            if not isinstance(value, jax.core.Tracer) and int(value) < least:
                raise StudyError(f"an arrival with {name} = {int(value)}; expected a whole number of at least {least}")

    def settle(self, memory: Memory, tick: Tick, key: Key) -> Ruling:
        """The rule's ruling, and newcomers in the seats that are given up when it is time to."""
        ruling, n = self.inner.settle(memory, tick, key), tick.seats.n
        heir = same_seats(n) if ruling.heir is None else ruling.heir
        given_up = (tick.tick + 2 == self.at) & (key.child("arrival").order(n) < self.count)
        return eqx.tree_at(lambda own: own.heir, ruling, jnp.where(given_up, -1, heir), is_leaf=lambda x: x is None)

    def describe(self, memory: Memory) -> str:
        """The rule inside in words: nobody is told that somebody will come."""
        return self.inner.describe(memory)
