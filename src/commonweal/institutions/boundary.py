"""Entry and exit by one's own choice: a seat may leave the society for what it gets elsewhere, and come back, perhaps by vote.

Every `every` ticks each seat that is in may leave, and each that is out may come back; who asks for it moves with probability
`mobility`, from the next tick on, if it can pay what `leaving` or `entering` costs; who cannot stays where it is.

While it is out no question that stands in the menu before this rule is put to it, and in the place of what it would be paid it
gets `outside` at every tick. Its purse stays its own; with `groups` it is no member of its groups, to which it belongs again
when it comes back. A world counts what it counts for a seat that does not answer, its default act, unless it goes by groups.
Name the rule after those whose questions and payments it shall withhold.

Entry is free, or, with `count`, by vote of those who are in: of the seats that ask one is drawn by lot, and in the next tick
every member has a ballot on it. Answer 0 keeps it out; so do a tie and a ballot that nobody casts. Where nobody is in, entry
is free. Seats with the card `applicants` begin out. What ballots cost is paid from payoff and purse. Fees and ballots are
burnt; what is withheld leaves the society, and what is paid outside enters it (it is counted as burnt with a minus). With a
mobility of 0 everybody is in for good. Units: ledger units, ticks.

Whoever leaves when it is worth it can be held to at most what staying is worth more than going: with pay w a tick inside and no
way back, it leaves for T more ticks iff T (outside - w) > leaving. That is exit as a threat: a levy on those who are in is
limited by what it costs to go.

Source: A. Hirschman, Exit, Voice, and Loyalty (1970); C. Tiebout, "A pure theory of local expenditures", Journal of Political
Economy 64 (1956); boundary rules: E. Ostrom, Understanding Institutional Diversity (2005). Admission by lot and vote is ours.
"""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int32, PyTree

from commonweal.core.arrays import Flags, Groups, Index, Units, real, whole
from commonweal.core.ballots import Count, Election, VotingRule, first_of, going_on, lot_of
from commonweal.core.errors import StudyError
from commonweal.core.menu import Menu, asks_only
from commonweal.core.numbers import difference, total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Ruling, Tick

NOBODY = -1
_MILLION = 10**6
_MOVES = ("Stay where you are", "Leave", "Come in")
_ADMITS = ("Keep things as they are: it stays out", "Let it come in")


class Register(eqx.Module):
    """What the rule remembers."""

    inside: Flags
    """Who is in."""
    applicant: Int32[Array, ""]
    """The seat that members have a ballot on; -1: there is none."""
    home: Groups | None
    """The groups that each seat belongs to, or belonged to when it left."""
    tick: Int32[Array, ""]
    """Ticks so far."""


class Whereabouts(eqx.Module):
    """What each seat is told."""

    outside: Flags
    """Whether it is out."""
    gone: Index
    """How many are; the same for all."""
    applicant: Index
    """The number, from 1 on, of the seat that members have a ballot on; 0: there is none; the same for all."""


class Boundary(Institution):
    """Leaving and coming in.

    Raises:
        StudyError: a number is out of range; at the start of a trial, there are no groups to leave, or no cards.

    Source: Hirschman, Exit, Voice, and Loyalty (1970).
    """

    kind: ClassVar[RuleKind] = RuleKind.BOUNDARY

    mobility: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that who asks to move does, 0 (the rule is as if absent) to 1."""
    outside: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """What a seat that is out gets in a tick, ledger units, -10^6 to 10^6."""
    leaving: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """What it costs to leave, ledger units, 0 to 10^6."""
    entering: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """What it costs to come in, ledger units, 0 to 10^6."""
    applicants: Int32[Array, ""] = eqx.field(converter=whole, default=NOBODY)
    """The card of seats that begin out; -1: everybody begins in."""
    count: VotingRule | None = None
    """How members vote on who comes in; None: entry is free."""
    groups: bool = eqx.field(static=True, default=False)
    """Whether who is out belongs to no group."""
    every: int = eqx.field(static=True, default=1)
    """Ticks from one time that seats can move to the next, at least 1; the first is at tick 0."""
    question: str = eqx.field(static=True, default="boundary")
    """Name of the question; the ballot's is made of it. Two such rules in one society need two."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.every < 1:
            raise StudyError(f"seats that can move every {self.every} ticks; expected at least 1")
        fees = (("leaving", self.leaving, 0, _MILLION), ("entering", self.entering, 0, _MILLION))
        rest = (("outside", self.outside, -_MILLION, _MILLION), ("applicants", self.applicants, NOBODY, 2**31 - 1))
        for name, value, low, top in (*fees, *rest, ("mobility", self.mobility, 0, 1)):
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= low) & (value <= top)).all()):
                raise StudyError(f"a boundary with {name} = {value.tolist()}; expected a number from {low} to {top}")
        if self.count is not None:
            self.count.check(len(_ADMITS))

    @property
    def admission(self) -> str:
        """Name of the ballot on who comes in."""
        return f"{self.question}_admission"

    def begin(self, seats: Seats) -> Register:
        """Everybody is in, but for those who have the card of applicants.

        Raises:
            StudyError: applicants need cards, or leaving needs groups, and there are none.
        """
        if self.groups and seats.groups is None:
            raise StudyError("a boundary of groups was given seats without groups; expected Seating(..., groups=...)")
        if seats.card is None and not isinstance(self.applicants, jax.core.Tracer) and (np.asarray(self.applicants) >= 0).any():
            raise StudyError(
                f"a boundary that keeps out seats with card {self.applicants.tolist()}, and no seat has one; expected "
                "Seating(..., card=...)"
            )
        out = jnp.zeros(seats.n, bool) if seats.card is None else (self.applicants >= 0) & (seats.card == self.applicants)
        nothing = jnp.zeros((), jnp.int32)
        return Register(~(out & (self.mobility > 0)), nothing + NOBODY, seats.groups if self.groups else None, nothing)

    def permit(self, memory: Register, seats: Seats, menu: Menu) -> Menu:
        """The menu for those who are in, the question whether to move, and the ballot on who comes in."""
        inside, some = memory.inside, going_on(menu)
        due = some & (self.mobility > 0) & (memory.tick % self.every == 0)
        menu = menu.map(lambda question: asks_only(question, inside))
        legal = jnp.stack([jnp.ones_like(inside), inside, ~inside], axis=1)
        menu = menu.add(self.question, Choice(jnp.full(seats.n, due), _MOVES, legal=legal))
        if self.count is None:
            return menu
        return menu.add(self.admission, self.count.ask(inside & some & (memory.applicant >= 0), _ADMITS))

    def settle(self, memory: Register, tick: Tick, key: Key) -> Ruling:
        """Pay those who are out, and let those move who can."""
        inside, n = memory.inside, tick.seats.n
        paid = jnp.where(inside, tick.payoff, self.outside)
        answer = jnp.where(tick.answered[self.question], tick.bound[self.question], 0)
        able, moves = tick.purse + paid, key.child("mobility").chance(self.mobility, n)
        leaves = inside & moves & (answer == 1) & (able >= self.leaving)
        asks = ~inside & moves & (answer == 2) & (able >= self.entering)
        enters, applicant, cost = asks, memory.applicant, jnp.zeros(n, jnp.int32)
        if self.count is not None:
            count = self.counted(memory, tick, jnp.maximum(able, 0), key.child("admission"))
            admitted = (first_of(count.winners) == 1) & (jnp.arange(n) == memory.applicant)
            enters = (admitted & (able >= self.entering)) | (asks & ~inside.any())
            asks, cost = asks & ~enters, count.cost
            applicant = jnp.where(asks.any(), lot_of(asks, key.child("applicant")), NOBODY)
        fees = jnp.where(leaves, self.leaving, 0) + jnp.where(enters, self.entering, 0)
        payoff = paid - fees - cost
        home, groups = self._groups(memory, tick.seats, (inside & ~leaves) | enters)
        after = Register((inside & ~leaves) | enters, applicant, home, memory.tick + 1)
        burnt = difference(total(tick.payoff), total(payoff))
        return Ruling(after, payoff, public=self.told(after), groups=groups, burnt=burnt)

    def counted(self, memory: Register, tick: Tick, able: Units, key: Key) -> Count:
        """Count the members' ballots on the applicant.

        Args:
            memory: who is a member.
            tick: who voted how.
            able: [a] what each seat could pay, ledger units.
            key: for lots.
        """
        assert self.count is not None
        ballots, cast = self.count.read(tick.bound[self.admission]), tick.answered[self.admission] & memory.inside
        return self.count.count(Election.of(ballots, cast, len(_ADMITS), key, able))

    def _groups(self, memory: Register, seats: Seats, inside: Flags) -> tuple[Groups | None, Groups | None]:
        """The groups that each seat belongs to when it is in, and to which it belongs now; None where they do not count."""
        if memory.home is None or seats.groups is None:
            return None, None
        home = jnp.where(memory.inside[:, None] & (memory.tick > 0), seats.groups, memory.home)
        return home, jnp.where(inside[:, None], home, False)

    def told(self, memory: Register) -> Whereabouts:
        """What seats are told; nothing where the rule is as if absent."""
        out: Bool[Array, "a"] = ~memory.inside
        everywhere = jnp.zeros(out.shape, jnp.int32)
        return Whereabouts(out, everywhere + total(out).astype(jnp.int32), everywhere + memory.applicant + 1)

    def describe(self, memory: Register) -> str:
        """The rule in words; empty where nobody can move."""
        mobility, out = float(self.mobility), int((~memory.inside).sum())
        if mobility == 0.0:
            return ""
        when = "Each round" if self.every == 1 else f"Every {self.every} rounds"
        surely = "" if mobility == 1.0 else f" Who asks to move does with probability {mobility:.4g}."
        words = (
            f"{when} you may leave, which costs {int(self.leaving)} units, and, if you are out, come in again, which costs "
            f"{int(self.entering)}. Who is out is asked nothing else and gets {int(self.outside)} units a round.{surely}"
        )
        if self.count is not None:
            words += f" Who asks to come in is let in by a vote of those who are in: {self.count.describe()}."
        return f"{words} Out now: {out}."

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """Whether this seat is out, and who wants to come in."""
        applicant = int(public.applicant[agent]) - 1
        if bool(public.outside[agent]):
            asked = " You have asked to come in, and they vote on it." if applicant == agent else ""
            return f"You are out.{asked}"
        return f"Seat {applicant} asks to come in." if applicant >= 0 else ""
