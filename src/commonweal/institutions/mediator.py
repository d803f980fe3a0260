"""A mediator: seats may hand their act over to one who serves the others if all have done so, and else does its worst.

Each tick every seat that is asked a question with a norm scale is also asked whether the `mediator` plays for it. For those who
said so it answers every such question,

    where contacts are answered one by one   at level 1 towards contacts who handed over too, at level 0 towards the others
    where one answer goes to all             at level 1 if at least a share `quorum` of those asked handed over, else at level 0

and whoever plays for itself is left alone. With probability 1 - `reach` the mediator does not come, and everybody plays for
itself. In a prisoner's dilemma with quorum 1 and reach 1 it is an equilibrium that all hand over, earning R from each other:
who does not is met by defection and earns at most P < R. Nor does any coalition gain where 2 R >= S + T: the equilibrium is
then strong.

Source: D. Monderer and M. Tennenholtz, "Strong mediated equilibrium", Artificial Intelligence 173 (2009); M. Tennenholtz and
O. Rozenfeld, "Routing mediators", IJCAI (2007).
"""

from __future__ import annotations

from typing import Any, ClassVar, cast

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, PyTree

from commonweal.core.arrays import Flags, real
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu, choose, defaults, standing
from commonweal.core.numbers import share_of, total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Act, Choice, contact_bits
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Bound, Memory, Offer, Ruling, Tick

_WORDS = ("play for yourself", "let the mediator play for you")


class Mediated(eqx.Module):
    """What each seat is told of the mediator's last round."""

    joined: Int32[Array, "a"]
    """How many let the mediator play; the same for all."""


class Mediator(Institution):
    """A mediator who plays for those who ask it to.

    Raises:
        StudyError: a number is not from 0 to 1.

    Source: Monderer and Tennenholtz, Artificial Intelligence 173 (2009).
    """

    kind: ClassVar[RuleKind] = RuleKind.AGGREGATION
    needs_scale: ClassVar[bool] = True

    reach: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that the mediator comes, drawn once a tick, 0 (the rule is as if absent) to 1."""
    quorum: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Share of those asked who must have handed over for the mediator to serve the others, 0 to 1; 1: all."""
    question: str = eqx.field(static=True, default="mediator")
    """Name of the question."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        for name, value in (("reach", self.reach), ("quorum", self.quorum)):
            if not isinstance(value, jax.core.Tracer) and not 0.0 <= float(value) <= 1.0:
                raise StudyError(f"a mediator with {name} = {float(value):g}; expected a number from 0 to 1")

    def permit(self, memory: Memory, seats: Seats, menu: Menu) -> Menu:
        """The menu and the question whether the mediator plays."""
        return menu.add(self.question, Choice(standing(menu, defaults(menu)).known, _WORDS))

    def bind(self, memory: Memory, offer: Offer, acts: Acts, key: Key) -> Bound:
        """The mediator's acts in place of those who handed over."""
        joined = offer.answered[self.question] & (acts[self.question] == 1)
        plays = joined & key.child("comes").chance(self.reach, ())
        serves = self.enough(joined, offer.menu[self.question].asked)
        for name, question in offer.menu.items():
            if not question.scaled:
                continue
            if isinstance(question, Choice) and question.to is not None:
                act = _towards(question, joined, offer.seats)
            else:
                level = jnp.broadcast_to(serves.astype(jnp.float32), joined.shape)
                act = question.at(level, key.child(name))
            acts = acts.replace(name, cast("Act", choose(plays & question.asked, act, acts[name])))
        return Bound(acts, memory)

    def enough(self, joined: Flags, asked: Flags) -> Bool[Array, ""]:
        """Whether enough seats handed over.

        Args:
            joined: [a] who did.
            asked: [a] who could.
        """
        count = total(asked).astype(jnp.int32)
        return total(joined & asked).astype(jnp.int32) >= count - share_of(count, 1.0 - self.quorum)

    def settle(self, memory: Memory, tick: Tick, key: Key) -> Ruling:
        """Everybody is told how many handed over; payoffs are unchanged."""
        joined = tick.answered[self.question] & (tick.bound[self.question] == 1)
        count = jnp.broadcast_to(total(joined).astype(jnp.int32), joined.shape)
        return Ruling(memory, tick.payoff, public=Mediated(count))

    def describe(self, memory: Memory) -> str:
        """The mediator in words; empty where it never comes."""
        reach, quorum = float(self.reach), float(self.quorum)
        if reach == 0.0:
            return ""
        often = "" if reach == 1.0 else f" It comes with probability {reach:.4g}; else everybody plays for itself."
        whom = "all whom it concerns" if quorum == 1.0 else f"at least {quorum:.4g} of those asked (or the contact itself)"
        return (
            f"Each round you may let a mediator play for you: it serves the others in full if {whom} let it play too, and else "
            f"not at all.{often}"
        )

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """How many let it play."""
        count = int(public.joined[agent])
        return f"Last round {count} of you let the mediator play." if count else ""


def _towards(question: Choice, joined: Flags, seats: Seats) -> Act:
    """Bits of cooperation with the contacts who handed over."""
    assert question.to is not None
    assert question.serves is not None
    assert seats.links is not None
    too = jnp.where(question.to >= 0, seats.links.of_contacts(joined), False).astype(jnp.uint8)
    bits = (too << jnp.arange(question.to.shape[1], dtype=jnp.uint8)).sum(1, dtype=jnp.uint8)
    return jnp.where(question.serves[1] >= question.serves[0], bits, bits ^ contact_bits(question.to))
