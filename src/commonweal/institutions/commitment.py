"""Commitment: a seat may bind itself to the norm before the round, and is held to it as surely as commitments are credible.

Each tick every seat that is asked a question with a norm scale is also asked for its `commitment`. What it answers there and
how it acts are one decision: the act is what it does where it is not bound. A commitment is

    unconditional   it binds whatever the others do
    mutual          it binds towards those contacts who commit as well; where one answer goes to all, if all whom the seat meets
                    (its contacts; without a network everybody asked) commit as well

and one that binds is kept with probability `credibility`, drawn each tick for each seat (and contact): the act is then replaced
by one that meets the norm, wherever it falls short of it.

Two seats of a prisoner's dilemma that commit to each other but would defect earn, with c the credibility,

    P + c (S + T - 2 P) + c^2 (R + P - S - T)          instead of P

so that committing pays iff c (R + P - S - T) > 2 P - S - T: for any c > 0 where S + T > 2 P, as in every donation game.

Source: T. Schelling, The Strategy of Conflict (1960), for commitment; conditional commitments: A. Kalai, E. Kalai, E. Lehrer
and D. Samet, "A commitment folk theorem", Games and Economic Behavior 69 (2010); the threshold is our own derivation.
"""

from __future__ import annotations

from typing import Any, ClassVar, cast

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from commonweal.core.arrays import Flags, Index, real
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu, choose, defaults, standing
from commonweal.core.numbers import total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Act, Choice, Question, packed_chance
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Bound, Memory, Offer, Ruling, Tick

_WORDS = ("make no commitment", "commit to serve the others as the norm asks")


class Committed(eqx.Module):
    """What each seat is told of last tick's commitments."""

    others: Index
    """How many of those it meets committed."""


class Commitment(Institution):
    """Commitments to the norm, kept with some probability.

    Raises:
        StudyError: `credibility` is not from 0 to 1.

    Source: Schelling, The Strategy of Conflict (1960); Kalai et al., Games and Economic Behavior 69 (2010).
    """

    kind: ClassVar[RuleKind] = RuleKind.CHOICE
    needs_scale: ClassVar[bool] = True

    credibility: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that a commitment that binds is kept, 0 (the rule is as if absent) to 1."""
    mutual: bool = eqx.field(static=True, default=True)
    """Whether a commitment binds only towards those who commit as well."""
    question: str = eqx.field(static=True, default="commitment")
    """Name of the question."""

    def __check_init__(self) -> None:
        """Refuse a number out of range."""
        if not isinstance(self.credibility, jax.core.Tracer) and not 0.0 <= float(self.credibility) <= 1.0:
            raise StudyError(f"a commitment with credibility = {float(self.credibility):g}; expected a number from 0 to 1")

    def permit(self, memory: Memory, seats: Seats, menu: Menu) -> Menu:
        """The menu and the question whether to commit."""
        return menu.add(self.question, Choice(standing(menu, defaults(menu)).known, _WORDS))

    def bind(self, memory: Memory, offer: Offer, acts: Acts, key: Key) -> Bound:
        """Acts of seats that are bound and keep to it meet the norm."""
        committed = self._committed(offer.answered[self.question], acts)
        for name, question in offer.menu.items():
            if question.scaled:
                own = key.child(name)
                if isinstance(question, Choice) and question.to is not None:
                    acts = acts.replace(name, self._per_contact(question, acts[name], committed, offer.seats, own))
                else:
                    acts = acts.replace(name, self._once(question, acts[name], committed, offer.seats, own))
        return Bound(acts, memory)

    def _committed(self, answered: Flags, acts: Acts) -> Flags:
        return answered & (acts[self.question] == 1)

    def _per_contact(self, question: Choice, act: Act, committed: Flags, seats: Seats, key: Key) -> Act:
        assert question.to is not None
        assert question.serves is not None
        n, slots = question.to.shape
        binds = packed_chance(jnp.broadcast_to(self.credibility, (n,)), key.child("kept"), slots)
        if self.mutual:
            assert seats.links is not None
            too = jnp.where(question.to >= 0, seats.links.of_contacts(committed), False).astype(jnp.uint8)
            binds = binds & (too << jnp.arange(slots, dtype=jnp.uint8)).sum(1, dtype=jnp.uint8)
        binds = jnp.where(committed & question.asked, binds, jnp.uint8(0))
        return jnp.where(question.serves[1] >= question.serves[0], act | binds, act & ~binds)

    def _once(self, question: Question, act: Act, committed: Flags, seats: Seats, key: Key) -> Act:
        binds = committed & question.asked & key.child("kept").chance(self.credibility, committed.shape[0])
        if self.mutual:
            met, among = _met(committed, question.asked, seats)
            binds = binds & (met == among)
        norm = question.at(jnp.ones(committed.shape, jnp.float32), key.child("at"))
        return cast("Act", choose(binds & (question.level(act) < question.level(norm)), norm, act))

    def settle(self, memory: Memory, tick: Tick, key: Key) -> Ruling:
        """Everybody is told how many of those it meets committed; payoffs are unchanged."""
        committed = self._committed(tick.answered[self.question], tick.bound)
        return Ruling(memory, tick.payoff, public=Committed(_met(committed, tick.menu[self.question].asked, tick.seats)[0]))

    def describe(self, memory: Memory) -> str:
        """The rule in words; empty where no commitment is ever kept."""
        credibility = float(self.credibility)
        if credibility == 0.0:
            return ""
        kept = "is kept" if credibility == 1.0 else f"is kept with probability {credibility:.4g}, whatever you meant to do"
        whom = " towards those who commit as well" if self.mutual else ""
        return f"Each round you may commit to serve the others as the norm asks{whom}. Such a commitment {kept}."

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """How many committed."""
        count = int(public.others[agent])
        return f"Last round {count} of those you meet committed." if count else ""


def _met(these: Flags, asked: Flags, seats: Seats) -> tuple[Index, Index]:
    """How many of the seats that each seat meets are among these, and among those asked, [a] both; itself excluded."""
    if seats.links is not None:
        return seats.links.sums(these), seats.links.sums(asked)
    some, all_ = (total(flags).astype(jnp.int32) - flags.astype(jnp.int32) for flags in (these, asked))
    return some, all_
