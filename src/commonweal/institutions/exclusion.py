"""Exclusion and re-entry: who breaks the norm too often, or is voted out, takes no part for a term and then comes back.

A seat that was asked a question with a norm scale and whose mean norm level (of the acts as the world saw them) is below
`tolerance` commits an offence. It is put out at its `strikes`-th offence, or when in a tick

    ballots against it > share (peers with a ballot)            each peer (`Circle`) has one for every seat that is in

While it is out, which is the `term` ticks that follow, no question that stands in the menu before this rule is put to it, it
has no ballot, and of what it would be paid it gets nothing: its losses stay its own. Afterwards it is in again, and its
offences count from 0. What is withheld is burnt; or, `shared`, paid out equally to the seats that are in, the rest of the
division being held until it can be. Units: ledger units.

A world counts what it counts for a seat that does not answer: in a game between contacts its default act is still met. Name
the rule after those whose questions and payments it shall withhold. Offences are counted by seat: a new mind inherits them.
With a term of 0 nobody is ever out, and nobody is asked for ballots.

A seat that offends with probability p whenever it is in, and is not voted on, is in for strikes / p ticks on average and out
for `term`, so that the long-run share of its time out is

    p term / (p term + strikes)

Source: E. Ostrom, Governing the Commons (1990), design principles 1 and 5, for boundaries and graduated sanctions; ostracism
by vote as in M. Cinyabuguma, T. Page and L. Putterman, "Cooperation under the threat of expulsion in a public goods
experiment", Journal of Public Economics 89 (2005). Re-entry after a fixed term, and the formula, are ours.
"""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, Int64, PyTree

from commonweal.core.arrays import Flags, Index, Units, flag, real, whole
from commonweal.core.errors import StudyError
from commonweal.core.menu import Menu, asks_only, standing
from commonweal.core.numbers import difference, kept, share_of, total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.peers import Circle, Peers, Regard, Slots
from commonweal.core.questions import Amount
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Ruling, Tick

_LONGEST = 1 << 30


class Banned(eqx.Module):
    """What the rule remembers."""

    regard: Regard
    """The last act of each seat, and the last ballots against it."""
    offences: Index
    """Offences since the seat was last put out."""
    left: Index
    """Ticks for which the seat is out, the coming one included; 0: it is in."""
    rest: Int32[Array, ""]
    """What was withheld and is not yet paid out, ledger units."""


class Excluded(Peers):
    """What each seat is told: acts of its peers and their ballots against it. `amount`: what was withheld from it."""

    left: Index
    """Ticks for which it is out, the coming one included; 0: it is in."""


class Exclusion(Institution):
    """Seats that offend too often, or are voted out, take no part for a term.

    Raises:
        StudyError: a number is out of range; at the start of a trial, there are no contacts or groups to vote in.

    Source: Ostrom, Governing the Commons (1990); Cinyabuguma, Page and Putterman, Journal of Public Economics 89 (2005).
    """

    kind: ClassVar[RuleKind] = RuleKind.BOUNDARY

    term: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """Ticks for which a seat is out, 0 (the rule is as if absent) to 2^30."""
    tolerance: Float[Array, ""] = eqx.field(converter=real, default=0.5)
    """Norm level below which an act is an offence, 0 to 1."""
    strikes: Int32[Array, ""] = eqx.field(converter=whole, default=1)
    """Offences at which a seat is put out, at least 1; 0: offences put nobody out."""
    share: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Share of the ballots that must be exceeded to vote a seat out, 0 to 1 (nobody is asked for ballots)."""
    shared: Bool[Array, ""] = eqx.field(converter=flag, default=False)
    """Whether what is withheld is paid out equally to the seats that are in; else it is burnt."""
    circle: Circle = Circle()
    """Who votes on whom, and when."""
    question: str = eqx.field(static=True, default="exclude")
    """Name of the question: two such rules in one society need two."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        counts = (("term", self.term, _LONGEST), ("strikes", self.strikes, _LONGEST))
        for name, value, top in (*counts, ("tolerance", self.tolerance, 1), ("share", self.share, 1)):
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= 0) & (value <= top)).all()):
                raise StudyError(f"an exclusion with {name} = {value.tolist()}; expected a number from 0 to {top}")

    def begin(self, seats: Seats) -> Banned:
        """Everybody is in.

        Raises:
            StudyError: there is nobody to vote on, by this scope.
        """
        none = jnp.zeros(seats.n, jnp.int32)
        return Banned(self.circle.begin(seats), none, none, jnp.zeros((), jnp.int32))

    def permit(self, memory: Banned, seats: Seats, menu: Menu) -> Menu:
        """The menu for those who are in, and their ballots."""
        inside = memory.left == 0
        menu = menu.map(lambda question: asks_only(question, inside))
        slots = self.circle.slots(seats)
        high = (inside[:, None] & _inside(inside, slots)).astype(jnp.int32)
        votes = (self.term > 0) & (self.share < 1.0) & self.circle.due(memory.regard, menu)
        ballot = Amount(high.any(1) & votes, jnp.zeros_like(high), high, to=slots.to, unit="ballots to exclude")
        return menu.add(self.question, ballot)

    def settle(self, memory: Banned, tick: Tick, key: Key) -> Ruling:
        """Withhold from those who are out, and put out those who offended too often or were voted out."""
        inside = memory.left == 0
        slots, question = self.circle.slots(tick.seats), tick.menu[self.question]
        by = slots.met(jnp.where(question.asked[:, None], tick.bound[self.question], 0))
        voters = slots.met(jnp.where(question.asked[:, None], _inside(inside, slots), False).astype(jnp.int32)).sum(1)
        voted = by.sum(1) > share_of(voters, self.share)
        stand = standing(tick.menu, tick.bound)
        offences = memory.offences + (inside & stand.known & (stand.level < self.tolerance))
        caught = (self.strikes > 0) & (offences >= self.strikes)
        left = jnp.where(inside & (voted | caught), self.term, jnp.maximum(memory.left - 1, 0))
        withheld = jnp.where(inside, 0, jnp.maximum(tick.payoff, 0))
        paid, rest, burnt = self._shared(memory.rest, withheld, inside)
        regard = self.circle.after(memory.regard, tick, by)
        after = Banned(regard, jnp.where(voted | caught, 0, offences), left, rest)
        told = self._told(after, slots, withheld)
        held = difference(rest, memory.rest)
        return Ruling(after, tick.payoff - withheld + paid, public=told, held=held, burnt=burnt)

    def _shared(
        self, rest: Int32[Array, ""], withheld: Units, inside: Flags
    ) -> tuple[Units, Int32[Array, ""], Int64[Array, ""]]:
        """What each seat is paid of what was withheld, what is held then, and what is burnt."""
        pool, count = total(withheld), total(inside)
        with jax.enable_x64(True):
            whole = jnp.where(self.shared, pool, 0) + rest.astype(jnp.int64)
            each = jnp.where(count > 0, whole // jnp.maximum(count, 1), 0)
            # Where nobody is in, all of it waits, and what is beyond a purse's range is burnt.
            then = jnp.minimum(whole - each * count, _LONGEST)
            beyond = whole - each * count - then
            paid = jnp.where(inside, each, 0).astype(jnp.int32)
            return paid, then.astype(jnp.int32), kept(~self.shared, pool) + beyond

    def _told(self, after: Banned, slots: Slots, withheld: Units) -> Excluded:
        """What seats are told; nothing where the rule is as if absent."""
        peers = jnp.where((self.term > 0) & (self.share < 1.0), slots.to, -1)
        zero = jnp.zeros_like(withheld)
        told = self.circle.tell(after.regard, peers, withheld, zero, zero > 0)
        return Excluded(told.amount, told.rewarded, told.level, told.known, told.by, told.answering, left=after.left)

    def describe(self, memory: Banned) -> str:
        """The rule in words; empty where nobody is ever out."""
        term, strikes, share = int(self.term), int(self.strikes), float(self.share)
        ways: list[str] = []
        if strikes > 0:
            times = "once" if strikes == 1 else f"{strikes} times"
            ways.append(f"whose acts fall below {float(self.tolerance):.4g} of the norm {times}")
        if share < 1.0:
            ways.append(f"against whom more than {share:.4g} of those who can vote on it have voted")
        if term == 0 or not ways:
            return ""
        out = int((memory.left > 0).sum())
        fate = "shared out among the others" if bool(self.shared) else "lost"
        return (
            f"A seat {', or '.join(ways)}, is excluded for {term} round{'s' if term > 1 else ''}: it is asked nothing, and "
            f"what it would earn is {fate}. Then it is in again. Excluded now: {out}."
        )

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """Whether this seat is out, what that cost it, and how its peers acted."""
        left, amount = int(public.left[agent]), int(public.amount[agent])
        words = [f"You are excluded for {left} more round{'s' if left > 1 else ''}."] if left else []
        if amount:
            words.append(f"{amount} units were withheld from you.")
        if public.known[agent].any():
            rows = zip(public.level[agent].tolist(), public.known[agent].tolist(), strict=True)
            acts = [f"{slot}: {level:.2f}" for slot, (level, known) in enumerate(rows) if known]
            words.append(f"How the others last acted, from 0 to 1, by number: {', '.join(acts)}.")
        return " ".join(words)


def _inside(inside: Flags, slots: Slots) -> Bool[Array, "a k"]:
    """Whether there is a peer in each slot, one who is in."""
    return (slots.to >= 0) & inside[jnp.maximum(slots.to, 0)]
