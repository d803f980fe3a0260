"""Imitation by the Fermi rule: seats copy the mind of somebody who earned more, more likely the more they earned.

A seat i that reconsiders compares what it earned since the last time, pi_i, with what a random contact j earned (a random
other seat where there is no network), and takes over j's mind and mind memory with probability

    p = 1 / (1 + exp(-beta (pi_j - pi_i)))

All seats that reconsider at a tick do so at once, from the same payoffs. The curve is read from a table, within 0.0005,
so that it is the same bits everywhere. With probability 1 - `rate` a seat does not reconsider; at rate 0 nobody moves.
Payoffs are those that the rules before this one left: name it last. Units: beta is per ledger unit.

Source: G. Szabo and C. Toke, "Evolutionary prisoner's dilemma game on a square lattice", Physical Review E 58 (1998);
A. Traulsen, M. Nowak and J. Pacheco, Physical Review E 74 (2006), for the mixed population.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, UInt64

from commonweal.core.arrays import Index, Units, real
from commonweal.core.branches import apart
from commonweal.core.errors import StudyError
from commonweal.core.numbers import logistic_word
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Memory, Ruling, Tick, same_seats


class Fermi(Institution):
    """Pairwise comparison with a random contact.

    Raises:
        StudyError: `rate` is not from 0 to 1, `beta` is below 0, or `every` is below 1.

    Source: Szabo and Toke, Physical Review E 58 (1998); Traulsen, Nowak and Pacheco, Physical Review E 74 (2006).
    """

    kind: ClassVar[RuleKind] = RuleKind.BOUNDARY

    beta: Float[Array, ""] = eqx.field(converter=real, default=0.1)
    """Strength of selection, per ledger unit, at least 0; 0: copies by the toss of a coin."""
    rate: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that a seat reconsiders when it is time to, 0 to 1; 0: nobody ever moves."""
    every: int = eqx.field(static=True, default=1)
    """Ticks from one time to reconsider to the next, at least 1; payoffs add up over them."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.every < 1:
            raise StudyError(f"imitation every {self.every} ticks; expected at least 1")
        for name, value, top in (("beta", self.beta, float("inf")), ("rate", self.rate, 1.0)):
            if not isinstance(value, jax.core.Tracer) and not 0.0 <= float(value) <= top:
                raise StudyError(f"imitation with {name} = {float(value):g}; expected a number from 0 to {top:g}")

    def begin(self, seats: Seats) -> Memory:
        """Payoffs since the last time: none; nothing at all to remember where every tick is one."""
        return () if self.every == 1 else jnp.zeros(seats.n, jnp.int32)

    def settle(self, memory: Memory, tick: Tick, key: Key) -> Ruling:
        """Who copies whom; payoffs are unchanged."""
        n = tick.seats.n
        if n == 1:
            return Ruling(memory, tick.payoff, heir=same_seats(1))
        if self.every == 1:
            return Ruling(memory, tick.payoff, heir=self.heirs(tick.seats, tick.payoff, key))
        earned = memory + tick.payoff
        due = (tick.tick + 1) % self.every == 0
        heir = jnp.where(due, self.heirs(tick.seats, earned, key), same_seats(n))
        return Ruling(jnp.where(due, 0, earned), tick.payoff, heir=heir)

    def heirs(self, seats: Seats, earned: Units, key: Key) -> Index:
        """Whose mind each seat has next: its own or its model's.

        Args:
            seats: at least two, with or without contacts.
            earned: [a] what is compared, ledger units.
            key: two words a seat are drawn from it.
        """
        own = same_seats(seats.n)
        model = _models(seats, key.child("model"))
        known = apart(earned, (key.first | 1) > 0)
        lead = (known[model] - known).astype(jnp.float32)
        chance = logistic_word(self.beta * lead)
        with jax.enable_x64(True):
            word = key.child("copy").bits(seats.n).astype(jnp.uint64)
            copies: Bool[Array, "a"] = word < ((chance.astype(jnp.uint64) * self._rate_word()) >> jnp.uint64(32))
        return jnp.where(copies, model, own)

    def _rate_word(self) -> UInt64[Array, ""]:
        """`rate` in units of 2^-32; called with 64 bits switched on."""
        return jnp.round(self.rate.astype(jnp.float64) * 2.0**32).astype(jnp.uint64)

    def describe(self, memory: Memory) -> str:
        """The rule in words; empty where nobody moves."""
        rate, beta = float(self.rate), float(self.beta)
        if rate == 0.0:
            return ""
        when = "Each round" if self.every == 1 else f"Every {self.every} rounds"
        return (
            f"{when}, with probability {rate:.4g}, you compare what you earned with what somebody else earned and may take "
            f"over how they decide, the more likely the more they are ahead (selection strength {beta:.4g} per unit)."
        )


def _models(seats: Seats, key: Key) -> Int32[Array, "a"]:
    """A random contact of each seat, itself where it has none; a random other seat where there is no network."""
    n, own = seats.n, same_seats(seats.n)
    if seats.links is None:
        other = key.below(n - 1, n)
        return other + (other >= own)
    return seats.links.pick(key)
