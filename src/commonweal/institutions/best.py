"""Imitation of the best: seats copy the mind of whoever earned most among their contacts and themselves.

A seat that reconsiders looks at what it earned since the last time and at what each of its contacts did (without a network, all
others). If the most that one of them earned is more than its own, it takes over that one's mind and mind memory; of several
that earned as much, the first contact's (without a network, the lowest seat's). A seat that earned as much as the best keeps
its own. All who reconsider at a tick do so at once, from the same payoffs; nothing is drawn but who does, at `rate` below 1.

Payoffs are those that the rules before this one left: name it last.

Source: M. Nowak and R. May, "Evolutionary games and spatial chaos", Nature 359 (1992).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float

from commonweal.core.arrays import Index, Units, real
from commonweal.core.errors import StudyError
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Memory, Ruling, Tick, same_seats


class Best(Institution):
    """Imitation of the best among one's contacts and oneself.

    Raises:
        StudyError: `rate` is not from 0 to 1, or `every` is below 1.

    Source: Nowak and May, Nature 359 (1992).
    """

    kind: ClassVar[RuleKind] = RuleKind.BOUNDARY

    rate: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that a seat reconsiders when it is time to, 0 to 1; 0: nobody ever moves."""
    every: int = eqx.field(static=True, default=1)
    """Ticks from one time to reconsider to the next, at least 1; payoffs add up over them."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.every < 1:
            raise StudyError(f"imitation of the best every {self.every} ticks; expected at least 1")
        if not isinstance(self.rate, jax.core.Tracer) and not 0.0 <= float(self.rate) <= 1.0:
            raise StudyError(f"imitation of the best with rate = {float(self.rate):g}; expected a number from 0 to 1")

    def begin(self, seats: Seats) -> Memory:
        """Payoffs since the last time: none; nothing at all to remember where every tick is one."""
        return () if self.every == 1 else jnp.zeros(seats.n, jnp.int32)

    def settle(self, memory: Memory, tick: Tick, key: Key) -> Ruling:
        """Who copies whom; payoffs are unchanged."""
        if self.every == 1:
            return Ruling(memory, tick.payoff, heir=self.heirs(tick.seats, tick.payoff, key))
        earned = memory + tick.payoff
        due = (tick.tick + 1) % self.every == 0
        heir = jnp.where(due, self.heirs(tick.seats, earned, key), same_seats(tick.seats.n))
        return Ruling(jnp.where(due, 0, earned), tick.payoff, heir=heir)

    def heirs(self, seats: Seats, earned: Units, key: Key) -> Index:
        """Whose mind each seat has next: its own or its best contact's.

        Args:
            seats: with or without contacts; contacts in rows.
            earned: [a] what is compared, ledger units.
            key: one word a seat is drawn from it.

        Raises:
            StudyError: contacts are ragged: a few seats have very many.
        """
        own = same_seats(seats.n)
        if seats.links is None:
            model = jnp.argmax(earned).astype(jnp.int32)
            better = earned[model] > earned
        else:
            to = seats.links.rows("imitation of the best")
            theirs = jnp.where(to >= 0, seats.links.of_contacts(earned), jnp.iinfo(jnp.int32).min)
            slot = jnp.argmax(theirs, 1)
            model = jnp.take_along_axis(to, slot[:, None], 1)[:, 0]
            better = theirs.max(1) > earned
        copies = better & key.child("copy").chance(self.rate, seats.n)
        return jnp.where(copies, model, own)

    def describe(self, memory: Memory) -> str:
        """The rule in words; empty where nobody moves."""
        rate = float(self.rate)
        if rate == 0.0:
            return ""
        when = "Each round" if self.every == 1 else f"Every {self.every} rounds"
        chance = "" if rate == 1.0 else f", with probability {rate:.4g},"
        return f"{when}{chance} you take over how the one of your contacts who earned most decides, if it earned more than you."
