"""Conflict: neighbours who can share a prize or fight for it, attack by attack, and who may answer what they take for one.

Each round every two contacts have a prize of V at stake. Each holds back or attacks, contact by contact, at the same time:

    both hold back       V/2 each                       pi_i = V (d + a - o) / 2 - C b / 2 - K a
    one attacks          V to it, 0 to the other
    both attack          (V - C)/2 each                 and every attack costs who makes it K

with d contacts, a of them attacked by i, o who attack i, and b both at once. It is hawk-dove, or Chicken, where C > V, and a
prisoner's dilemma where C + 2K < V and K > 0. A feud is a run of rounds in which two contacts attack each other.

Perception is noisy: with probability `misread` a seat sees the opposite of what one contact did to it, drawn for each
contact and round; for acts that come out wrong there is the rule `tremble`. Seats with a group are also shown, without noise,
which of their contacts attacked another member of one of their groups. What was done is classed by what truly happened in the
round before, between the same two, and told to nobody: a first strike answers nothing, an answer falls on who struck first or
on who did but answer, revenge for others falls on who attacked another member of the group alone.

A network game with Chicken payoffs has the same stage game. What is new here: nobody asked means peace (there it means
defection, so that a truce would be a war), perception noise, groups, and the classes of attacks.

Units: V, C, K in tokens; the ledger counts half tokens. A tick is a round. The norm scale of `act` is 1 for answer 0 (hold
back, the default) and 0 for answer 1 (attack); over contacts, the mean.

Source: J. Maynard Smith and G. Price, "The logic of animal conflict", Nature 246 (1973), for hawk and dove; J. Wu and
R. Axelrod, "How to cope with noise in the iterated prisoner's dilemma", J. Conflict Resolution 39 (1995), for the two kinds of
noise, which they call misimplementation and misperception.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32

from commonweal.core.arrays import Contacts, PackedActs, Units, real, whole
from commonweal.core.errors import StudyError
from commonweal.core.links import Links
from commonweal.core.menu import Acts, Menu
from commonweal.core.named import Named
from commonweal.core.packed import packed, toward, unpacked
from commonweal.core.parts import World
from commonweal.core.questions import PACKED_CONTACTS, Choice, contact_bits, packed_chance, popcount
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Observation, Outcome, Start, Told, View

_WHO = "a conflict, with an act for each contact,"
_MOST = 10**6


class ConflictState(eqx.Module):
    """What was done in the last round; bit j of each byte is for the j-th contact."""

    mine: PackedActs
    """Whether the seat attacked it."""
    theirs: PackedActs
    """Whether it attacked the seat."""
    sighted: PackedActs
    """Whether the seat saw it attack: `theirs`, misread here and there."""
    first: PackedActs
    """Whether its attack on the seat was a first strike."""
    wronged: PackedActs
    """Whether it attacked another member of one of the seat's groups."""
    met: Contacts
    """The contacts that all this is about."""
    played: Bool[Array, ""]
    """Whether there was a last round."""


class ConflictFacts(eqx.Module):
    """What happened in one round, counted from either side of each contact."""

    acts: Int32[Array, ""]
    """All acts, one a seat and contact."""
    first_strikes: Int32[Array, ""]
    """Attacks that answer nothing."""
    on_strikers: Int32[Array, ""]
    """Attacks on who struck first in the round before."""
    on_answerers: Int32[Array, ""]
    """Attacks on who attacked in the round before, but in answer to something."""
    for_others: Int32[Array, ""]
    """Attacks on who attacked a fellow member of a group, and not the seat."""
    mutual: Int32[Array, ""]
    """Acts of contacts that attack each other: two for each feud that goes on."""
    begun: Int32[Array, ""]
    """Those of them that did not in the round before: two for each feud that begins."""
    lost: Int32[Array, ""]
    """What attacks that answer something cost who makes them, ledger units: K, and half of C where both attack."""
    peace: Int32[Array, ""]
    """What all would be paid if everybody held back, ledger units."""


class Conflict(World):
    """Attack or hold back, contact by contact, on the society's network of at most 8 contacts a seat.

    Random matching is a network that the rule `rewiring` changes every tick: a seat sees nothing of the past of a contact that
    is new in its slot.

    Raises:
        StudyError: a number is out of range; at the start of a trial, there is no network, or a seat has too many contacts.

    Source: Maynard Smith and Price, Nature 246 (1973); Wu and Axelrod, J. Conflict Resolution 39 (1995).
    """

    tick_name: ClassVar[str] = "round"
    units_per_token: ClassVar[int] = 2

    value: Int32[Array, ""] = eqx.field(converter=whole, default=2)
    """V, the prize of two contacts in a round, tokens, 1 to 10^6."""
    cost: Int32[Array, ""] = eqx.field(converter=whole, default=6)
    """C, what a fight of both destroys, tokens, 0 to 10^6."""
    arms: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """K, what an attack costs who makes it, tokens, 0 to 10^6."""
    misread: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Probability that a seat sees the opposite of what a contact did to it, 0 to 0.5."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        units = (("value", self.value, 1, _MOST), ("cost", self.cost, 0, _MOST), ("arms", self.arms, 0, _MOST))
        for name, given, low, top in (*units, ("misread", self.misread, 0, 0.5)):
            if not isinstance(given, jax.core.Tracer) and not bool(((given >= low) & (given <= top)).all()):
                raise StudyError(f"a conflict with {name} = {given.tolist()}; expected a number from {low:g} to {top:g}")

    def reset(self, key: Key, seats: Seats) -> Start:
        """Nobody has done anything.

        Raises:
            StudyError: there is no network, or one with more than 8 contacts a seat.
        """
        to = _links(seats).rows(_WHO)
        none = jnp.zeros(seats.n, jnp.uint8)
        state = ConflictState(none, none, none, none, none, to, jnp.zeros((), bool))
        return Start(state, jnp.zeros(seats.n, jnp.int32))

    def observe(self, state: ConflictState, seats: Seats, purse: Units) -> Observation:
        """How many contacts each seat has, how many it saw attack it, which attacked its group; told: contact by contact."""
        links = _links(seats)
        same = _same(state, links)
        sighted, degree = state.sighted & same, links.degree
        attacks = popcount(sighted).astype(jnp.int32)
        peaceful = (degree - attacks).astype(jnp.float32) / jnp.maximum(degree, 1).astype(jnp.float32)
        told = Told(
            level=jnp.where(degree > 0, peaceful, 0.0),
            known=state.played & (degree > 0),
            contacts=sighted,
            mine=state.mine & same,
        )
        seen = Named.of(("contacts", degree), ("attacks", attacks), ("wronged", state.wronged & same))
        return Observation(seen, told)

    def menu(self, state: ConflictState, seats: Seats, purse: Units) -> Menu:
        """Hold back from each contact, or attack it, every round."""
        act = Choice(
            asked=jnp.ones(seats.n, bool),
            options=("hold back", "attack"),
            serves=jnp.asarray([1.0, 0.0], jnp.float32),
            to=_links(seats).rows(_WHO),
        )
        return Named.of(("act", act))

    def step(self, state: ConflictState, seats: Seats, acts: Acts, purse: Units, key: Key) -> Outcome:
        """All attacks at once."""
        links = _links(seats)
        there, same = contact_bits(links.rows(_WHO)), _same(state, links)
        mine = acts["act"].astype(jnp.uint8) & there
        theirs = toward(mine, links)
        slots = links.rows(_WHO).shape[1]
        slips = packed_chance(jnp.broadcast_to(self.misread, (seats.n,)), key.child("misread"), slots)
        struck, wronged = state.theirs & same, state.wronged & same
        unprovoked = mine & ~(struck | wronged)
        mutual = mine & theirs
        after = ConflictState(
            mine,
            theirs,
            (theirs ^ slips) & there,
            toward(unprovoked, links),
            wronged_by(theirs, mine, seats),
            links.rows(_WHO),
            jnp.ones((), bool),
        )
        facts = ConflictFacts(
            acts=links.degree.sum(dtype=jnp.int32),
            first_strikes=_count(unprovoked),
            on_strikers=_count(mine & state.first & same),
            on_answerers=_count(mine & struck & ~state.first),
            for_others=_count(mine & wronged & ~struck),
            mutual=_count(mutual),
            begun=_count(mutual & ~(state.mine & state.theirs & same)),
            lost=2 * self.arms * _count(mine & ~unprovoked) + self.cost * _count(mutual & ~unprovoked),
            peace=self.value * links.degree.sum(dtype=jnp.int32),
        )
        return Outcome(after, self.payoff(links.degree, mine, theirs), facts)

    def payoff(self, degree: Int32[Array, "a"], mine: PackedActs, theirs: PackedActs) -> Units:
        """What each seat is paid, [a] ledger units (half tokens).

        Args:
            degree: [a] contacts.
            mine: [a] whom it attacks.
            theirs: [a] who attack it.
        """
        made, met, both = (popcount(bits).astype(jnp.int32) for bits in (mine, theirs, mine & theirs))
        return self.value * (degree + made - met) - self.cost * both - 2 * self.arms * made

    def rules(self) -> str:
        """The situation in words."""
        value, cost, arms = int(self.value), int(self.cost), int(self.arms)
        words = (
            f"Each round you and each of your contacts have {value} tokens at stake, and each of you holds back or attacks, "
            f"contact by contact, at the same time. If both hold back, each gets {value / 2:g}; if one attacks, it gets "
            f"{value:g} and the other nothing; if both attack, each gets {(value - cost) / 2:g}."
        )
        words += f" Every attack costs who makes it {arms:g} tokens." if arms else ""
        noise = float(self.misread)
        return words + (f" With probability {noise:.4g} you see the opposite of what a contact did." if noise else "")

    def describe(self, view: View, agent: int) -> str:
        """The last round, in words."""
        purse, told = int(view.purse[agent]) / 2, view.told
        if told is None or told.contacts is None or told.mine is None or view.contacts is None or not bool(told.known[agent]):
            return f"You have {int(view.seen['contacts'][agent])} contacts. Nothing has happened yet; you own {purse:g} tokens."
        theirs, mine, wronged = (int(row[agent]) for row in (told.contacts, told.mine, view.seen["wronged"]))
        words = ("held back", "attacked")
        lines = [
            f"Contact {slot}: as you saw it, it {words[theirs >> slot & 1]}; you {words[mine >> slot & 1]}."
            + (" It attacked another member of your group." if wronged >> slot & 1 else "")
            for slot, to in enumerate(view.contacts[agent].tolist())
            if to >= 0
        ]
        paid = f"You received {int(view.payoff[agent]) / 2:g} tokens last round; you own {purse:g}."
        return " ".join(["Last round:", *lines, paid])


def _links(seats: Seats) -> Links:
    """The network.

    Raises:
        StudyError: there is none, or one with more than 8 contacts a seat.
    """
    links = seats.links
    if links is None or links.most > PACKED_CONTACTS:
        found = "no network" if links is None else f"{links.most} contacts a seat"
        raise StudyError(
            f"{_WHO} found {found}; expected a network of at most {PACKED_CONTACTS} contacts a seat: set Seating.network"
        )
    return links


def _same(state: ConflictState, links: Links) -> PackedActs:
    """Bit j: whether the j-th contact is the one of the last round."""
    to = links.rows(_WHO)
    return packed((to == state.met) & (to >= 0))


def _count(bits: PackedActs) -> Int32[Array, ""]:
    return popcount(bits).sum(dtype=jnp.int32)


def wronged_by(theirs: PackedActs, mine: PackedActs, seats: Seats) -> PackedActs:
    """Bit j of row i: whether the j-th contact of i attacked somebody else who shares a group with i; 0 without groups.

    Args:
        theirs: [a] who attack each seat.
        mine: [a] whom each seat attacks.
        seats: their network and groups.
    """
    if seats.groups is None:
        return jnp.zeros_like(mine)
    links, groups = _links(seats), seats.groups.astype(jnp.int32)
    to = links.rows(_WHO)
    slots, at = to.shape[1], jnp.maximum(to, 0)
    # Victims of each seat by group; of these, row i counts the victims in its own groups, itself among them.
    victims = (unpacked(mine, slots)[:, :, None] * groups[at]).sum(1, dtype=jnp.int32)
    fellows = (victims[at] * groups[:, None, :]).sum(2, dtype=jnp.int32)
    met = unpacked(theirs, slots)
    on_me = ((to[:, :, None] == to[:, None, :]) & met[:, None, :]).sum(2, dtype=jnp.int32)
    return packed((fellows > on_me * groups.sum(1, dtype=jnp.int32)[:, None]) & (to >= 0))
