"""Side payments: seats promise to pay a peer if it acts well, the peer signs or not, and after the act the promise is paid.

In tick t each seat i may offer each of its peers j (`Circle`) a transfer b_ij. In tick t + 1 every seat that was offered any is
asked which to sign. A signed promise is in force from tick t + 2 on and is for the next act of j that has a norm level:

    b_ij is paid by i to j   iff   level_j >= floor, and the promise is enforced, with probability `credibility`

drawn promise by promise; one that is not enforced is broken, and nothing is paid. Nobody pays more than it has after the
tick's payoff, as the rules before this one left it: where its promises come to more, all are cut in proportion and rounded
down, whatever it is itself paid for its act. Transfers are whole ledger units and add up to 0. Offers and signatures are asked
for anew in every period of `circle.period` ticks, offers at its `stage`: with the default of one tick, a promise is in force
at every tick from the third on. A promise not signed lapses, and so does one to a peer who is a peer no longer, and a second
one to a peer who has yet to act on the first. Whoever is newly seated is bound by the seat's promises. With a credibility or a
cap of 0 nobody is asked.

In a prisoner's dilemma of two, a signed promise of b at credibility c pays on average c b more for cooperating, whatever the
other does, so that cooperating is a dominant act of who was promised it iff

    c b >= max(T - R, P - S)

and where both have signed, both cooperate and the two payments cancel: each has R, what the society can have at most where
2 R >= T + S. To promise it alone pays where c b <= T - P, the gain of one who defects against who cooperates.

Source: M. Jackson and S. Wilkie, "Endogenous games and mechanisms: side payments among players", Review of Economic Studies 72
(2005), in which promises bind without a signature and surely; H. Varian, "A solution to the problem of externalities when
agents are well-informed", American Economic Review 84 (1994); signatures, credibility and the bounds are our own derivation.
"""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, PyTree

from commonweal.core.arrays import Contacts, Units, real, whole
from commonweal.core.ballots import going_on
from commonweal.core.errors import StudyError
from commonweal.core.menu import Menu, standing
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.peers import Circle, Points, Slots
from commonweal.core.questions import Amount
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Ruling, Tick

_MOST = 10**5


class Promises(eqx.Module):
    """What the rule remembers: promises by who made them, slot by slot of its peers, in ledger units."""

    tick: Int32[Array, ""]
    to: Contacts
    """The peers that they were made to."""
    offered: Points
    """Waiting for a signature."""
    signed: Points
    """Signed: to be paid for the peer's next act."""


class Promised(eqx.Module):
    """What each seat is told of promises, slot by slot of its peers, in ledger units."""

    to: Contacts
    """The peers; -1 where there is none."""
    offered: Points
    """What each peer offers it, to be signed now."""
    due: Points
    """What each peer has promised it for its next act, signed."""
    owed: Points
    """What it has promised each peer for that one's next act, signed."""
    paid: Units
    """What its peers paid it last time."""
    spent: Units
    """What it paid them."""


class SidePayments(Institution):
    """Payments among peers that depend on acts, offered and signed before.

    Raises:
        StudyError: a number is out of range; at the start of a trial, there are no contacts or groups that the scope asks for.

    Source: Jackson and Wilkie, Review of Economic Studies 72 (2005).
    """

    kind: ClassVar[RuleKind] = RuleKind.PAYOFF
    needs_scale: ClassVar[bool] = True

    most: Int32[Array, ""] = eqx.field(converter=whole, default=10)
    """Most that can be offered to one peer, ledger units, 0 (nobody is asked) to 10^5."""
    credibility: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that a signed promise is paid when it is due, 0 (nobody is asked) to 1."""
    floor: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Norm level from which on an act earns what was promised for it, 0 to 1."""
    circle: Circle = Circle()
    """To whom a seat can promise anything, and when."""
    question: str = eqx.field(static=True, default="side payment")
    """Name of the question what to offer: two such rules in one society need two."""
    signature: str = eqx.field(static=True, default="signature")
    """Name of the question which offers to sign."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        for name, value, top in (
            ("most", self.most, _MOST),
            ("credibility", self.credibility, 1),
            ("floor", self.floor, 1),
        ):
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= 0) & (value <= top)).all()):
                raise StudyError(f"side payments with {name} = {value.tolist()}; expected a number from 0 to {top}")

    def begin(self, seats: Seats) -> Promises:
        """Nothing is promised.

        Raises:
            StudyError: there are no contacts or groups that the scope asks for.
        """
        to = self.circle.slots(seats).to
        return Promises(jnp.zeros((), jnp.int32), to, jnp.zeros_like(to), jnp.zeros_like(to))

    def permit(self, memory: Promises, seats: Seats, menu: Menu) -> Menu:
        """The menu, what to offer each peer, and which of their offers to sign: 1 signs."""
        slots = self.circle.slots(seats)
        due = memory.tick % self.circle.period == self.circle.stage
        if self.circle.period == 1:
            due = going_on(menu)
        high = jnp.where((slots.to >= 0) & self._on, self.most, 0)
        offers = _by_slot(high, slots, due, "units")
        incoming = slots.met(_standing(memory.offered, memory, slots)) > 0
        return menu.add(self.question, offers).add(
            self.signature, _by_slot(incoming.astype(jnp.int32), slots, jnp.ones((), bool), "signatures")
        )

    def settle(self, memory: Promises, tick: Tick, key: Key) -> Ruling:
        """Pay for the acts of this tick, then take in signatures and offers."""
        slots = self.circle.slots(tick.seats)
        waiting, signed = (_standing(each, memory, slots) for each in (memory.offered, memory.signed))
        stand = standing(tick.menu, tick.bound)
        at = jnp.maximum(slots.to, 0)
        acted = (slots.to >= 0) & stand.known[at]
        kept = key.child("court").chance(self.credibility, signed.shape)
        owed = jnp.where(acted & (stand.level[at] >= self.floor) & kept, signed, 0)
        paid = affordable(owed, tick.purse + tick.payoff)
        spent = paid.sum(1, dtype=jnp.int32)
        earned = slots.met(paid).sum(1, dtype=jnp.int32)
        newly = jnp.where(slots.met(_answered(tick, self.signature)) > 0, waiting, 0)
        # What nobody has acted on yet stays due, and is not replaced: else a promise could be taken back.
        pending = jnp.where(acted, 0, signed)
        after = Promises(memory.tick + 1, slots.to, _answered(tick, self.question), jnp.where(pending > 0, pending, newly))
        peers = jnp.where(self._on, slots.to, -1)
        told = Promised(peers, slots.met(after.offered), slots.met(after.signed), after.signed, earned, spent)
        return Ruling(after, tick.payoff - spent + earned, public=told)

    @property
    def _on(self) -> Bool[Array, ""]:
        """Whether anything can come of a promise."""
        return (self.most > 0) & (self.credibility > 0)

    def describe(self, memory: Promises) -> str:
        """The rule in words; empty where nothing can come of a promise."""
        if not bool(self._on):
            return ""
        credibility = float(self.credibility)
        surely = "is paid" if credibility == 1.0 else f"is paid with probability {credibility:.4g}, and else broken,"
        return (
            f"{self.circle.when} you may offer {self.circle.whom} up to {int(self.most)} units each for a later act. "
            "Each says in the round after whether it signs. What was signed "
            f"{surely} if that one's next act serves the others at {float(self.floor):.4g} of what is fair or more; nobody "
            "pays more than it has."
        )

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What this seat was paid, what it is offered, and what it is promised and has promised."""
        words: list[str] = []
        if int(public.paid[agent]):
            words.append(f"For your act you were paid {int(public.paid[agent])} units.")
        if int(public.spent[agent]):
            words.append(f"You paid {int(public.spent[agent])} units that you had promised.")
        for what, row in (
            ("You are offered, by number, if you sign", public.offered[agent]),
            ("For your next act you are promised", public.due[agent]),
            ("For theirs you have promised", public.owed[agent]),
        ):
            amounts = [f"{slot}: {units}" for slot, units in enumerate(row.tolist()) if units]
            if amounts:
                words.append(f"{what}: {', '.join(amounts)}.")
        return " ".join(words)


def affordable(owed: Points, means: Units) -> Points:
    """What each seat pays of what it owes: all of it, or as much of each part as it has for all, rounded down.

    Args:
        owed: whole units by slot, at least 0.
        means: [a] what each seat has; below 0 counts as nothing.
    """
    with jax.enable_x64(True):
        parts = owed.astype(jnp.int64)
        due = parts.sum(1, keepdims=True)
        most = jnp.maximum(means.astype(jnp.int64), 0)[:, None]
        return jnp.where(due > most, parts * most // jnp.maximum(due, 1), parts).astype(jnp.int32)


def _by_slot(high: Points, slots: Slots, now: Bool[Array, ""], unit: str) -> Amount:
    """A question with an amount for each peer, to those who can name more than 0."""
    return Amount((high > 0).any(1) & now, jnp.zeros_like(high), high, to=slots.to, unit=unit)


def _standing(promised: Points, memory: Promises, slots: Slots) -> Points:
    """Promises to those who are still peers."""
    return jnp.where(memory.to == slots.to, promised, 0)


def _answered(tick: Tick, name: str) -> Points:
    """Answers by slot; 0 of those who were not asked."""
    return jnp.where(tick.menu[name].asked[:, None], tick.bound[name], 0)
