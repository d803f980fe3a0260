"""Generations that do not overlap: every so often all seats are given to the offspring of the one before.

The Wright-Fisher process: at the end of a generation of `every` ticks the parent of each seat's new mind is drawn among all
seats, with replacement, in proportion to fitness. Fitness is made of what a seat earned over the generation, pi_i, after the
rules before this one (name it last), with w = `selection`:

    linear       f_i = max(0, 1 + w pi_i)
    exponential  f_i = exp(w pi_i)

Where all have fitness 0 parents are drawn uniformly. Contacts do not matter. At w = 0 a mind takes over with a probability that
is its share, and the probability that two seats drawn with replacement differ falls by the factor 1 - 1/N a generation. At
`rate` below 1 each seat is replaced with that probability only: generations overlap. Units: w is per ledger unit.

Source: S. Wright, "Evolution in Mendelian populations", Genetics 16 (1931); R. Fisher, The Genetical Theory of Natural
Selection (1930); games in it: L. Imhof and M. Nowak, "Evolutionary game dynamics in a Wright-Fisher process", Journal of
Mathematical Biology 52 (2006).
"""

from __future__ import annotations

from typing import ClassVar, Literal

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float

from commonweal.core.arrays import Index, Units, real
from commonweal.core.errors import StudyError
from commonweal.core.numbers import advantages, exponential_weights, linear_weights, weighted_index
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Memory, Ruling, Tick, same_seats

_FITNESS = ("linear", "exponential")


class Generations(Institution):
    """All seats replaced at once, parents drawn by fitness.

    Raises:
        StudyError: an unknown fitness, or a number out of range.

    Source: Wright, Genetics 16 (1931); Fisher (1930); Imhof and Nowak, Journal of Mathematical Biology 52 (2006).
    """

    kind: ClassVar[RuleKind] = RuleKind.BOUNDARY

    every: int = eqx.field(static=True, default=1)
    """Ticks in a generation, at least 1; payoffs add up over them."""
    selection: Float[Array, ""] = eqx.field(converter=real, default=0.1)
    """Strength of selection w, per ledger unit, at least 0; 0: all are equally fit."""
    fitness: Literal["linear", "exponential"] = eqx.field(static=True, default="linear")
    """What fitness is made of payoffs."""
    rate: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that a seat is replaced at the end of a generation, 0 to 1; 0: nobody ever moves."""

    def __check_init__(self) -> None:
        """Refuse words that mean nothing and numbers out of range."""
        if self.fitness not in _FITNESS:
            known = " or ".join(map(repr, _FITNESS))
            raise StudyError(f"generations with fitness = {self.fitness!r}; expected {known}")
        if self.every < 1:
            raise StudyError(f"generations of {self.every} ticks; expected at least 1")
        for name, value, top in (("selection", self.selection, float("inf")), ("rate", self.rate, 1.0)):
            if not isinstance(value, jax.core.Tracer) and not 0.0 <= float(value) <= top:
                raise StudyError(f"generations with {name} = {float(value):g}; expected a number from 0 to {top:g}")

    def begin(self, seats: Seats) -> Memory:
        """Payoffs of the generation so far: none; nothing at all to remember where every tick is one."""
        return () if self.every == 1 else jnp.zeros(seats.n, jnp.int32)

    def settle(self, memory: Memory, tick: Tick, key: Key) -> Ruling:
        """Whose offspring sits where; payoffs are unchanged."""
        if self.every == 1:
            return Ruling(memory, tick.payoff, heir=self.heirs(tick.payoff, key))
        earned = memory + tick.payoff
        due = (tick.tick + 1) % self.every == 0
        heir = jnp.where(due, self.heirs(earned, key), same_seats(tick.seats.n))
        return Ruling(jnp.where(due, 0, earned), tick.payoff, heir=heir)

    def heirs(self, earned: Units, key: Key) -> Index:
        """Whose mind each seat has next.

        Args:
            earned: [a] what fitness is made of, ledger units.
            key: three words a seat are drawn from it.
        """
        n = earned.shape[0]
        advantage = advantages(earned, self.selection)
        weights = linear_weights(advantage) if self.fitness == "linear" else exponential_weights(advantage)
        parent = weighted_index(weights, key.child("parent").bits((2, n)))
        return jnp.where(key.child("replaced").chance(self.rate, n), parent, same_seats(n))

    def describe(self, memory: Memory) -> str:
        """The rule in words; empty where nobody moves."""
        rate, selection = float(self.rate), float(self.selection)
        if rate == 0.0:
            return ""
        when = "After each round" if self.every == 1 else f"After every {self.every} rounds"
        who = "everybody" if rate == 1.0 else f"each of you, with probability {rate:.4g},"
        return (
            f"{when} {who} is replaced by somebody who decides as one of you did, the more likely as those who earned more "
            f"(selection strength {selection:.4g} per unit)."
        )
