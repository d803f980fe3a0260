"""Whom a seat can sanction, what it knows of them, and when: what rules of sanctions among peers have in common.

A seat meets its peers in slots, row i of [a, k]: its contacts; or, without a network, seats near it on a circle of all, the
whole society where there are no more than `most` others. Being peers is mutual, so that what was done to a seat by each peer
is read off the peers' own rows. With groups, only those who share one are peers.

A period is `period` ticks; sanctions are asked for in tick `stage` of each.
"""

from __future__ import annotations

from typing import Literal

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int32

from commonweal.core.arrays import Contacts, Flags, Index, Units
from commonweal.core.errors import StudyError
from commonweal.core.menu import Menu, standing
from commonweal.core.numbers import ONE_LEVEL, fixed_levels
from commonweal.core.questions import Amount
from commonweal.core.seats import Seats
from commonweal.core.views import Fined, Tick

Scope = Literal["all", "contacts", "group"]
Points = Int32[Array, "a k"]
"""Whole points of a sanction, by seat and slot."""
_SCOPES = ("all", "contacts", "group")
_CEILING = 1 << 30


class Slots(eqx.Module):
    """The peers of each seat."""

    to: Contacts
    """Row i: the peers of seat i, -1 where there is none."""
    back: Contacts
    """The slot in the peer's row that names this seat."""

    def met(self, points: Points) -> Points:
        """What each peer does to the seat, slot by slot."""
        there = self.to >= 0
        return jnp.where(there, points[jnp.maximum(self.to, 0), jnp.maximum(self.back, 0)], 0)


class Peers(Fined):
    """What a rule of sanctions tells each seat: its peers' acts and what they did to it. `amount`: what they took from it."""

    rewarded: Units
    """What peers gave it last time, ledger units."""
    level: Float[Array, "a k"]
    """Norm level of the last act of each peer, 0 to 1."""
    known: Bool[Array, "a k"]
    """Whether there is such a peer and such an act."""
    by: Points
    """Points that each peer spent on it last time."""
    answering: Flags
    """Whether what comes next is the answer to those who punished."""


class Regard(eqx.Module):
    """What a rule of sanctions remembers."""

    tick: Int32[Array, ""]
    level: Index
    """Norm level of each seat's last act that had one, in units of 2^-16."""
    known: Flags
    """Whether it had any."""
    by: Points
    """Points that each peer spent on the seat last time."""


class Circle(eqx.Module):
    """Whom each seat can sanction, and when.

    Raises:
        StudyError: a number is out of range; at the start of a trial, there are no contacts or groups.
    """

    scope: Scope = eqx.field(static=True, default="all")
    """Who are peers: `all` near on the circle, those of them who share a `group`, or network `contacts`."""
    most: int = eqx.field(static=True, default=8)
    """Peers of a seat on the circle, at least 2."""
    period: int = eqx.field(static=True, default=1)
    """Ticks in a period, at least 1."""
    stage: int = eqx.field(static=True, default=0)
    """The tick of a period, from 0, in which sanctions are asked for."""

    def __check_init__(self) -> None:
        """Refuse what cannot be."""
        if self.scope not in _SCOPES or self.most < 2:
            raise StudyError(
                f"sanctions among {self.scope!r} and at most {self.most} peers; expected one of {', '.join(_SCOPES)} and at "
                "least 2 peers"
            )
        if not 0 <= self.stage < self.period:
            raise StudyError(f"sanctions at stage {self.stage} of {self.period}; expected a stage from 0 to period - 1")

    @property
    def whom(self) -> str:
        """Who the peers are, in words."""
        return {"all": "the others near you", "contacts": "your contacts", "group": "the others in your group"}[self.scope]

    @property
    def when(self) -> str:
        """When sanctions are asked for, in words."""
        return "In each period" + (f" (stage {self.stage + 1} of {self.period})" if self.period > 1 else "")

    def slots(self, seats: Seats) -> Slots:
        """The peers of each seat.

        Raises:
            StudyError: there are no contacts or groups.
        """
        if self.scope == "contacts":
            if seats.links is None:
                raise StudyError("sanctions among contacts found no network; expected Seating(..., network=...) or scope='all'")
            to, back = seats.links.rows("a rule of sanctions"), seats.links.back
            assert back is not None
            return Slots(to, back)
        to, back = _circle(seats.n, self.most)
        if self.scope == "group":
            if seats.groups is None:
                raise StudyError("sanctions in a group found no groups; expected Seating(..., groups=...) or scope='all'")
            to = jnp.where((seats.groups[:, None] & seats.groups[to]).any(2), to, -1)
        return Slots(to, back)

    def begin(self, seats: Seats) -> Regard:
        """Nobody has done anything."""
        none = jnp.zeros(seats.n, jnp.int32)
        return Regard(jnp.zeros((), jnp.int32), none, none > 0, jnp.zeros_like(self.slots(seats).to))

    def due(self, memory: Regard, menu: Menu) -> Bool[Array, ""]:
        """Whether it is time; in periods of one tick, only while the menu asks anybody anything."""
        if self.period > 1:
            return memory.tick % self.period == self.stage
        going_on = jnp.zeros((), bool)
        for question in menu.values:
            going_on = going_on | question.asked.any()
        return going_on

    def ask(self, to: Contacts, high: Points, now: Bool[Array, "..."]) -> Amount:
        """The question how many points to spend on each peer.

        Args:
            to: the peers.
            high: most points on each.
            now: whether it is time, perhaps by seat.
        """
        high = jnp.where(to >= 0, high, 0)
        return Amount((high > 0).any(1) & now, jnp.zeros_like(to), high, to=to, unit="points")

    def after(self, memory: Regard, tick: Tick, by: Points) -> Regard:
        """What is remembered after a tick.

        Args:
            memory: before it.
            tick: what was done.
            by: points that each peer has last spent on the seat.
        """
        stand = standing(tick.menu, tick.bound)
        level = jnp.where(stand.known, fixed_levels(stand.level), memory.level)
        return Regard(memory.tick + 1, level, memory.known | stand.known, by)

    def tell(self, memory: Regard, to: Contacts, taken: Units, rewarded: Units, answering: Flags) -> Peers:
        """What each seat is told after a tick.

        Args:
            memory: after it.
            to: the peers.
            taken: [a] what was taken from each seat.
            rewarded: [a] what it was given.
            answering: [a] whether it may answer those who punished it next.
        """
        at = jnp.maximum(to, 0)
        known = (to >= 0) & memory.known[at]
        level = jnp.where(known, memory.level[at].astype(jnp.float32) * jnp.float32(1 / ONE_LEVEL), 0.0)
        return Peers(taken, rewarded, level, known, memory.by, answering)


def check_sanctions(what: str, cost: Array, effect: tuple[str, Array], most: Array, budget: Array) -> None:
    """Refuse sanctions whose numbers are out of range; traced ones pass.

    Args:
        what: what they are called.
        cost: what a point costs who spends it, ledger units, 0 to 10^6.
        effect: the name of what it does to the other, and how much, ledger units, 0 to 10^6.
        most: most points on one peer, 0 to 1,000.
        budget: most points of a seat, 0 to 1,000.

    Raises:
        StudyError: a number is out of range.
    """
    for name, value, top in (("cost", cost, 10**6), (*effect, 10**6), ("most", most, 1000), ("budget", budget, 1000)):
        if not isinstance(value, jax.core.Tracer) and not bool(((value >= 0) & (value <= top)).all()):
            raise StudyError(f"{what} with {name} = {value.tolist()}; expected a number from 0 to {top}")


def within_budget(points: Points, budget: Int32[Array, ""]) -> Points:
    """Points of each seat as they are where they fit its budget, else in proportion, rounded down.

    Args:
        points: at least 0.
        budget: most points a seat, at least 0.
    """
    with jax.enable_x64(True):
        wanted = points.astype(jnp.int64).sum(1, keepdims=True)
        most = budget.astype(jnp.int64)
        cut = points.astype(jnp.int64) * most // jnp.maximum(wanted, 1)
        return jnp.where(wanted > most, cut, points).astype(jnp.int32)


def priced(points: Points, price: Int32[Array, ""]) -> Units:
    """What the points of each row come to, [a] ledger units, at most 2^30.

    Args:
        points: at least 0.
        price: ledger units a point, at least 0.
    """
    with jax.enable_x64(True):
        return jnp.minimum(points.astype(jnp.int64).sum(1) * price.astype(jnp.int64), _CEILING).astype(jnp.int32)


def _circle(n: int, most: int) -> tuple[Contacts, Contacts]:
    """The seats that are near on a circle of n, and the slot in each that leads back."""
    if n - 1 <= most:
        steps = np.arange(1, n)
        back = n - 1 - steps
    else:
        near = np.arange(1, most // 2 + 1)
        steps = np.stack([near, -near], 1).reshape(-1)
        back = np.arange(steps.size) ^ 1
    to = (np.arange(n)[:, None] + steps[None]) % n
    return jnp.asarray(to, jnp.int32), jnp.asarray(np.broadcast_to(back, to.shape), jnp.int32)
