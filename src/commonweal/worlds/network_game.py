"""A symmetric game of two acts, played each round with every contact: help or harm between neighbours, on any network.

The dilemma: cooperating with a contact serves it, defecting serves oneself.

    payoff_i = sum over contacts j of  R  both cooperate
                                       S  only i cooperates
                                       T  only j cooperates
                                       P  neither
             = P d + (S - P) c + (T - P) o + (R - S - T + P) b

with d contacts, c of them whom i cooperates with, o who cooperate with i, and b both at once. The donation game is
R = b - c, S = -c, T = b, P = 0; a prisoner's dilemma has T > R > P > S. Without a network everybody meets everybody.

Units: payoffs are ledger units a contact and round. A tick is a round. The norm scale of `act` is 0 for answer 0 (defect, the
default) and 1 for answer 1 (cooperate); over contacts, the mean.

Source: M. Nowak and R. May, "Evolutionary games and spatial chaos", Nature 359 (1992); the donation game as in M. Nowak, "Five
rules for the evolution of cooperation", Science 314 (2006); the default payoffs are those of R. Axelrod, The Evolution of
Cooperation (1984).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, Int32, UInt8

from commonweal.core.arrays import PackedActs, Units, whole
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu
from commonweal.core.named import Named
from commonweal.core.packed import toward
from commonweal.core.parts import World
from commonweal.core.questions import PACKED_CONTACTS, Choice, contact_bits, popcount
from commonweal.core.seats import Links, Seats
from commonweal.core.streams import Key
from commonweal.core.views import Observation, Outcome, Start, Told, View

Count = Int[Array, "a"]
_WHO = "a game with an act for each contact"


class NetworkGameState(eqx.Module):
    """What was done in the last round."""

    mine: PackedActs
    """Bit j: whether each seat cooperated with its j-th contact; of one act for all contacts, 0 or 1."""
    theirs: Count
    """With an act for each contact, bit j: whether the j-th contact cooperated with the seat; else how many contacts did."""
    played: Bool[Array, ""]
    """Whether there was a last round."""


class NetworkGameFacts(eqx.Module):
    """How much cooperation there was in one round."""

    cooperated: Int32[Array, ""]
    """Cooperative acts."""
    acts: Int32[Array, ""]
    """All acts: one a seat, or one a seat and contact."""


class NetworkGame(World):
    """The two-act game on the society's network.

    With `per_contact` a seat answers each of its at most 8 contacts on its own, bits of one byte, and is told what each did to
    it. Else it has one act for all, and is told the mean of its contacts' acts.

    A payoff is reckoned in 32 bits: of n seats without a network it is cut off at the ends of that range, (n - 1) R being
    within it for all but enormous payoffs. Where a rule rewires the network, the bit of a slot still tells of the contact
    that had the slot when the round was played.
    """

    tick_name: ClassVar[str] = "round"

    reward: Int32[Array, ""] = eqx.field(converter=whole, default=3)
    """R, to both where both cooperate, ledger units."""
    sucker: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """S, to who alone cooperates, ledger units; may be negative."""
    temptation: Int32[Array, ""] = eqx.field(converter=whole, default=5)
    """T, to who alone defects, ledger units."""
    punishment: Int32[Array, ""] = eqx.field(converter=whole, default=1)
    """P, to both where neither cooperates, ledger units."""
    endowment: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """What each purse holds at first, ledger units: where payoffs may be negative, rules can only take what a purse holds."""
    per_contact: bool = eqx.field(static=True, default=False)
    """Whether each contact is answered on its own."""
    options: tuple[str, str] = eqx.field(static=True, default=("defect", "cooperate"))
    """Answers 0 and 1 in words."""

    @classmethod
    def donation(cls, benefit: int, cost: int, per_contact: bool = False) -> NetworkGame:
        """The donation game: giving costs the giver `cost` and brings the contact `benefit`, in ledger units.

        Raises:
            StudyError: not benefit > cost > 0, so that it is no dilemma.
        """
        if not benefit > cost > 0:
            raise StudyError(f"a donation of benefit {benefit} at cost {cost}; expected benefit > cost > 0")
        options = ("keep", "give")
        return cls(benefit - cost, -cost, benefit, 0, per_contact=per_contact, options=options)

    @classmethod
    def dilemma(cls, reward: int, sucker: int, temptation: int, punishment: int, per_contact: bool = False) -> NetworkGame:
        """A prisoner's dilemma with payoffs R, S, T, P in ledger units.

        Raises:
            StudyError: not T > R > P > S.
        """
        if not temptation > reward > punishment > sucker:
            raise StudyError(
                f"a dilemma with R, S, T, P = {reward}, {sucker}, {temptation}, {punishment}; expected T > R > P > S: "
                "for other games name the payoffs in NetworkGame itself"
            )
        return cls(reward, sucker, temptation, punishment, per_contact=per_contact)

    def reset(self, key: Key, seats: Seats) -> Start:
        """Nobody has played yet.

        Raises:
            StudyError: an act for each contact without a network, or with more than 8 contacts.
        """
        if self.per_contact and (seats.links is None or seats.links.most > PACKED_CONTACTS):
            found = "no network" if seats.links is None else f"{seats.links.most} contacts a seat"
            raise StudyError(
                f"a game with an act for each contact found {found}; expected a network of at most {PACKED_CONTACTS} contacts "
                "a seat: set Seating.network, or per_contact=False for one act for all"
            )
        none = jnp.zeros(seats.n, jnp.uint8)
        theirs = none if self.per_contact else jnp.zeros(seats.n, jnp.int32)
        state = NetworkGameState(none, theirs, jnp.zeros((), bool))
        return Start(state, jnp.broadcast_to(self.endowment, (seats.n,)))

    def observe(self, state: NetworkGameState, seats: Seats, purse: Units) -> Observation:
        """How many contacts each seat has and how many cooperated with it; told: how they acted last round."""
        degree = degrees(seats)
        cooperated = popcount(state.theirs).astype(jnp.int32) if self.per_contact else state.theirs
        told = Told(
            level=cooperated.astype(jnp.float32) / jnp.maximum(degree, 1).astype(jnp.float32),
            known=state.played & (degree > 0),
            contacts=state.theirs if self.per_contact else None,
            mine=state.mine if self.per_contact else None,
        )
        return Observation(Named.of(("contacts", degree), ("cooperated", cooperated)), told)

    def menu(self, state: NetworkGameState, seats: Seats, purse: Units) -> Menu:
        """Defect or cooperate, every round; for each contact on its own with `per_contact`."""
        act = Choice(
            asked=jnp.ones(seats.n, bool),
            options=self.options,
            serves=jnp.asarray([0.0, 1.0], jnp.float32),
            to=seats.links.rows(_WHO) if self.per_contact and seats.links is not None else None,
        )
        return Named.of(("act", act))

    def step(self, state: NetworkGameState, seats: Seats, acts: Acts, purse: Units, key: Key) -> Outcome:
        """Everybody plays with every contact at once."""
        mine = acts["act"].astype(jnp.uint8)
        degree = degrees(seats)
        if self.per_contact and seats.links is not None:
            mine = mine if seats.links.full else mine & contact_bits(seats.links.rows(_WHO))
            theirs = toward(mine, seats.links)
            given, taken, both = (popcount(bits).astype(jnp.int32) for bits in (mine, theirs, mine & theirs))
            asked = degree.sum(dtype=jnp.int32)
        else:
            theirs = taken = cooperating(mine, seats.links)
            own = mine.astype(jnp.int32)
            given, both = own * degree, own * taken
            asked = jnp.full((), seats.n, jnp.int32)
        cooperated = (given if self.per_contact else mine).sum(dtype=jnp.int32)
        payoff = self.payoff(degree, given, taken, both, wide=seats.links is None)
        return Outcome(NetworkGameState(mine, theirs, jnp.ones((), bool)), payoff, NetworkGameFacts(cooperated, asked))

    def payoff(self, degree: Count, given: Count, taken: Count, both: Count, wide: bool = False) -> Units:
        """What each seat is paid, [a] ledger units.

        Args:
            degree: [a] contacts.
            given: [a] contacts that the seat cooperates with.
            taken: [a] contacts that cooperate with the seat.
            both: [a] contacts where both do.
            wide: reckon in 64 bits and cut off at the ends of 32: for seats with very many contacts.
        """
        if wide:
            with jax.enable_x64(True):
                counts = [count.astype(jnp.int64) for count in (degree, given, taken, both)]
                R, S, T, P = (x.astype(jnp.int64) for x in (self.reward, self.sucker, self.temptation, self.punishment))
                paid = _closed_form((R, S, T, P), (counts[0], counts[1], counts[2], counts[3]))
                return jnp.clip(paid, -(2**31), 2**31 - 1).astype(jnp.int32)
        return _closed_form((self.reward, self.sucker, self.temptation, self.punishment), (degree, given, taken, both))

    def rules(self) -> str:
        """The situation in words."""
        defect, cooperate = self.options
        whom = "for each of your contacts on its own" if self.per_contact else "one answer for all of your contacts"
        return (
            f"Each round everyone chooses to {cooperate} or to {defect}, {whom}, at the same time as the others. With each "
            f"contact, if both of you {cooperate}, you receive {int(self.reward)}; if only you do, {int(self.sucker)}; "
            f"if only the other one does, {int(self.temptation)}; if both of you {defect}, {int(self.punishment)}."
        )

    def describe(self, view: View, agent: int) -> str:
        """The last round, in words."""
        count, purse = int(view.seen["contacts"][agent]), int(view.purse[agent])
        told, cooperate = view.told, self.options[1]
        if told is None or not bool(told.known[agent]):
            return f"You have {count} contacts. Nobody has played yet; you own {purse}."
        paid = f"You received {int(view.payoff[agent])} last round; you own {purse}."
        if told.contacts is None or told.mine is None or view.contacts is None:
            number = int(view.seen["cooperated"][agent])
            return f"Last round {number} of your {count} contacts chose to {cooperate}. {paid}"
        theirs, mine = int(told.contacts[agent]), int(told.mine[agent])
        lines = [
            f"Contact {slot}: it chose to {self.options[theirs >> slot & 1]}, you to {self.options[mine >> slot & 1]}."
            for slot, to in enumerate(view.contacts[agent].tolist())
            if to >= 0
        ]
        return " ".join(["Last round:", *lines, paid])


def _closed_form(
    payoffs: tuple[Int[Array, ""], Int[Array, ""], Int[Array, ""], Int[Array, ""]],
    counts: tuple[Count, Count, Count, Count],
) -> Count:
    """Payoffs R, S, T, P over counts d, c, o, b: see the module."""
    (R, S, T, P), (degree, given, taken, both) = payoffs, counts
    return P * degree + (S - P) * given + (T - P) * taken + (R - S - T + P) * both


def degrees(seats: Seats) -> Count:
    """How many contacts each seat has, [a] int32; without a network, all the others."""
    return jnp.full(seats.n, seats.n - 1, jnp.int32) if seats.links is None else seats.links.degree


def cooperating(mine: UInt8[Array, "a"], links: Links | None) -> Count:
    """How many of each seat's contacts have act 1, [a] int32; without a network, of all others."""
    if links is None:
        return mine.sum(dtype=jnp.int32) - mine.astype(jnp.int32)
    return links.sums(mine)
