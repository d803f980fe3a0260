"""Delegation to a steward: seats hand their acts to one of them, within bounds.

A seat that gave the steward a mandate acts, wherever both are asked a question with a norm scale, at the norm level at which
the steward acts for itself; but no further from what the seat itself chose than its reach,

    reach = min(1, limit + creep age)            age: ticks since the mandate was given

With v the level the seat chose and s the steward's, the seat's act is one at v + clip(s - v, -reach, reach); where the legal
answers leave none within reach, what the seat chose stands. With `creep` = 0 the bound holds for good; with more, it is of the
kind that gives a little at every tick, and a mandate that is never taken back ends without a bound.

Every `every` ticks all seats but the steward are asked: answer 0 keeps things as they are, 1 gives the mandate (anew: its
age is 0 again), 2 takes it back. A mandate lapses by itself after `sunset` ticks. All of this holds from the next tick on. At
limit 0 and creep 0 every act is as it was chosen. Levels are compared in fixed point.
Units: norm levels, 0 to 1; ticks.

Source: B. Holmström, "On the theory of delegation" (1984), for delegation as a bounded interval of acts; sunset and revocation
after the bounded stewards of "6-Pack of Care" (2025). The creeping bound is ours.
"""

from __future__ import annotations

from typing import Any, ClassVar, cast

import equinox as eqx
import jax.core
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int32, PyTree

from commonweal.core.arrays import Flags, Index, flag, real, whole
from commonweal.core.ballots import going_on
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu, choose
from commonweal.core.numbers import ONE_LEVEL, fixed_levels
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Act, Choice, Question
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Bound, Offer, Ruling, Tick

_OLDEST = (1 << 15) - 1
"""Age beyond which the reach grows no more: products stay within 32 bits."""
ANSWERS = ("Keep things as they are", "Let the steward act for me", "Take my acts back")


class Mandates(eqx.Module):
    """Who handed its acts to the steward; also what each seat is told."""

    given: Flags
    """Whose acts are the steward's."""
    age: Index
    """Ticks since the mandate was given, at least 0."""
    tick: Index
    """Ticks so far, the same for every seat."""


class Delegation(Institution):
    """A steward acts for those who gave it a mandate, within reach of what they chose.

    Raises:
        StudyError: a number is out of range; at the start of a trial, there is no such seat as the steward's.

    Source: Holmström, "On the theory of delegation" (1984).
    """

    kind: ClassVar[RuleKind] = RuleKind.POSITION
    needs_scale: ClassVar[bool] = True

    steward: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """The steward's seat."""
    limit: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """How far from what a seat chose the steward may act for it, in norm levels, 0 (not at all) to 1 (without bound)."""
    creep: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """How much further with every tick of a mandate, in norm levels, 0 to 1."""
    sunset: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """Ticks after which a mandate lapses, at least 1; 0: never."""
    given: Bool[Array, ""] = eqx.field(converter=flag, default=False)
    """Whether all have given the mandate at the start."""
    every: int = eqx.field(static=True, default=1)
    """Ticks from one time that seats are asked to the next, at least 1; the first is at tick 0."""
    mandate: str = eqx.field(static=True, default="mandate")
    """Name of the question: two stewards in one society need two."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.every < 1:
            raise StudyError(f"a mandate asked for every {self.every} ticks; expected at least 1")
        ranges = (("limit", self.limit, 1), ("creep", self.creep, 1), ("sunset", self.sunset, 2**31 - 1))
        for name, value, top in (*ranges, ("steward", self.steward, 2**31 - 1)):
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= 0) & (value <= top)).all()):
                raise StudyError(f"delegation with {name} = {value.tolist()}; expected a number from 0 to {top:g}")

    def begin(self, seats: Seats) -> Mandates:
        """Mandates as they are at the start.

        Raises:
            StudyError: there is no such seat as the steward's.
        """
        if not isinstance(self.steward, jax.core.Tracer) and not (np.asarray(self.steward) < seats.n).all():
            raise StudyError(f"a steward in seat {self.steward.tolist()} of {seats.n}; expected a seat from 0 to {seats.n - 1}")
        none = jnp.zeros(seats.n, jnp.int32)
        return Mandates(jnp.broadcast_to(self.given, (seats.n,)) & ~self._is_steward(seats.n), none, none)

    def _is_steward(self, n: int) -> Flags:
        return jnp.arange(n) == self.steward

    def reach(self, memory: Mandates) -> Index:
        """How far from what each seat chose the steward may act for it now, [a], units of 2^-16; 0 without a mandate."""
        grown = fixed_levels(self.creep) * jnp.minimum(memory.age, _OLDEST)
        return jnp.where(memory.given, jnp.minimum(fixed_levels(self.limit) + grown, ONE_LEVEL), 0)

    def permit(self, memory: Mandates, seats: Seats, menu: Menu) -> Menu:
        """The menu with the question whether to give a mandate."""
        due = going_on(menu) & (memory.tick % self.every == 0) & ~self._is_steward(seats.n)
        return menu.add(self.mandate, Choice(due, ANSWERS))

    def bind(self, memory: Mandates, offer: Offer, acts: Acts, key: Key) -> Bound:
        """The steward's level in the place of what those with a mandate chose, as far as the mandate reaches."""
        reach = self.reach(memory)
        for name, question in offer.menu.items():
            if question.scaled:
                acts = acts.replace(name, self._steered(question, acts[name], reach, key.child(name)))
        return Bound(acts, memory)

    def _steered(self, question: Question, chosen: Act, reach: Index, key: Key) -> Act:
        """Acts of one question under the steward, [a ...]."""
        own = fixed_levels(question.level(chosen))
        at = self._is_steward(own.shape[0])
        served = (at & question.asked).any()
        gap = jnp.where(at, own, 0).max() - own
        act, settled = chosen, ~(question.asked & served & (reach > 0) & (gap != 0))
        # Between two legal answers the one that is drawn may lie beyond the reach: then one that goes less far is tried.
        for attempt, quarters in enumerate((4, 3, 2)):
            level = own + jnp.clip(gap, -reach, reach) * quarters // 4
            moved = question.at(level.astype(jnp.float32) / ONE_LEVEL, key.child(attempt))
            # A unit more for the rounding of either level.
            fits = ~settled & (jnp.abs(fixed_levels(question.level(moved)) - own) <= reach + 1)
            act, settled = cast("Act", choose(fits, moved, act)), settled | fits
        return act

    def settle(self, memory: Mandates, tick: Tick, key: Key) -> Ruling:
        """Mandates given, taken back and lapsed, for the next tick; payoffs are unchanged."""
        answer, by = tick.bound[self.mandate], tick.answered[self.mandate]
        gives, takes = by & (answer == 1), by & (answer == 2)
        age = jnp.where(gives | ~memory.given, 0, memory.age + 1)
        given = (memory.given | gives) & ~takes & ~((self.sunset > 0) & (age >= self.sunset))
        after = Mandates(given, jnp.where(given, age, 0), memory.tick + 1)
        return Ruling(after, tick.payoff, public=after)

    def describe(self, memory: Mandates) -> str:
        """What the steward may do, in words; empty where it may do nothing."""
        limit, creep, sunset = float(self.limit), float(self.creep), int(self.sunset)
        if limit == 0.0 and creep == 0.0:
            return ""
        when = "Each round" if self.every == 1 else f"Every {self.every} rounds"
        words = (
            f"Seat {int(self.steward)} is the steward. {when} you may let it act for you: you then act as fairly as it does "
            f"itself, but no further than {limit:.4g} from what you chose, on a scale from 0 (serves nobody else) to 1 (fair)"
        )
        words += f", and {creep:.4g} further with every round. " if creep else ". "
        words += f"After {sunset} rounds your acts are your own again. " if sunset else ""
        return f"{words}You may take them back whenever you are asked. {int(jnp.sum(memory.given))} of you let it act for them."

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """Whether the steward acts for this seat."""
        if not bool(public.given[agent]):
            return ""
        return f"The steward acts for you, since {int(public.age[agent]) + 1} rounds."
