"""Disclosure: each seat is told how far those it may see kept to the norm.

At every tick the norm level of each seat's acts, as the world saw them, is taken; with probability `noise` it is replaced
by a uniform one, the same for all who see it. Seat i is then told the mean over those it may see, itself excluded,

    contacts: its contacts, a repeated contact as often as it is one
    group:    the members of its groups, once for each group they share
    all:      everybody

`delay` ticks later than it could be. Who may see nobody that was asked anything is told nothing. Means are taken of
fixed-point sums, units of 2^-16. Units: norm levels, 0 to 1.

Source: E. Ostrom, Governing the Commons (1990), design principle 4 (monitoring).
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from commonweal.core.arrays import Flags, Levels, real
from commonweal.core.errors import StudyError
from commonweal.core.menu import standing
from commonweal.core.numbers import fixed_levels, mean_level, total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Memory, Ruling, Tick, Told

Scope = Literal["contacts", "group", "all"]
_HEADS = 40
"""Bits of a sum of levels below the count of those that are summed: enough for 2^23 contacts."""
_WHOM = {"contacts": "those you are in contact with", "group": "the other members of your groups", "all": "all the others"}


class Waiting(eqx.Module):
    """What will be told, oldest first."""

    level: Float[Array, "d a"]
    known: Bool[Array, "d a"]
    """Whether there is something to tell."""


class Disclosure(Institution):
    """Tells each seat the mean norm level of those it may see.

    Raises:
        StudyError: a number is out of range; at the start of a trial, the seats have no contacts or groups to see.

    Source: Ostrom, Governing the Commons (1990), design principle 4.
    """

    kind: ClassVar[RuleKind] = RuleKind.INFORMATION
    needs_scale: ClassVar[bool] = True

    scope: Scope = eqx.field(static=True, default="contacts")
    """Whom each seat may see: its `contacts`, its `group`s or `all`."""
    delay: int = eqx.field(static=True, default=0)
    """Ticks by which it is told later than it could be, at least 0."""
    noise: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Probability that a seat's level is replaced by a uniform one, 0 to 1."""
    reach: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that a seat is told at all, drawn each tick, 0 (the rule is as if absent) to 1."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.scope not in _WHOM or self.delay < 0:
            raise StudyError(
                f"disclosure with scope {self.scope!r} and delay {self.delay}; expected one of {', '.join(_WHOM)} and a delay "
                "of at least 0 ticks"
            )
        for name, value in (("noise", self.noise), ("reach", self.reach)):
            if not isinstance(value, jax.core.Tracer) and not 0.0 <= float(value) <= 1.0:
                raise StudyError(f"disclosure with {name} = {float(value):g}; expected a probability from 0 to 1")

    def begin(self, seats: Seats) -> Memory:
        """Nothing to be told yet.

        Raises:
            StudyError: there is nobody to see, by this scope.
        """
        missing = {"contacts": seats.links is None, "group": seats.groups is None, "all": False}[self.scope]
        if missing:
            lacks = "network" if self.scope == "contacts" else "groups"
            raise StudyError(
                f"disclosure with scope {self.scope!r} was given seats without {lacks}; expected Seating(..., {lacks}=...), or "
                "scope='all'"
            )
        if self.delay == 0:
            return ()
        return Waiting(jnp.zeros((self.delay, seats.n), jnp.float32), jnp.zeros((self.delay, seats.n), bool))

    def settle(self, memory: Memory, tick: Tick, key: Key) -> Ruling:
        """What each seat is told; payoffs are unchanged."""
        n = tick.seats.n
        stand = standing(tick.menu, tick.bound)
        blurred = key.child("blurred").chance(self.noise, n)
        level = jnp.where(blurred, key.child("level").uniform(n), stand.level)
        told = self.seen(tick.seats, level, stand.known)
        told = Told(told.level, told.known & key.child("reach").chance(self.reach, n))
        told = Told(jnp.where(told.known, told.level, 0.0), told.known)
        if self.delay == 0:
            return Ruling(memory, tick.payoff, public=told)
        now = Told(memory.level[0], memory.known[0])
        level = jnp.concatenate([memory.level[1:], told.level[None]])
        known = jnp.concatenate([memory.known[1:], told.known[None]])
        return Ruling(Waiting(level, known), tick.payoff, public=now)

    def seen(self, seats: Seats, level: Levels, known: Flags) -> Told:
        """The mean level of those each seat may see, without itself.

        Args:
            seats: who sits where.
            level: [a] norm levels, 0 to 1.
            known: [a] whose level counts.
        """
        fixed = jnp.where(known, fixed_levels(level), 0)
        if self.scope == "contacts":
            assert seats.links is not None
            # One reading from afar for both sums: heads are counted above the 40 bits that levels can add up to.
            with jax.enable_x64(True):
                both = seats.links.sums(fixed.astype(jnp.int64) + (known.astype(jnp.int64) << _HEADS))
                return _told(both & ((1 << _HEADS) - 1), both >> _HEADS)
        if self.scope == "group":
            assert seats.groups is not None
            groups = seats.groups
            sums, counts = total(jnp.where(groups, fixed[:, None], 0), 0), total(groups & known[:, None], 0)
            with jax.enable_x64(True):
                rest = jnp.where(groups, sums[None] - fixed[:, None].astype(jnp.int64), 0).sum(1)
                heads = jnp.where(groups, counts[None] - known[:, None].astype(jnp.int64), 0).sum(1)
            return _told(rest, heads)
        whole, heads = total(fixed), total(known)
        with jax.enable_x64(True):
            return _told(whole - fixed.astype(jnp.int64), heads - known.astype(jnp.int64))

    def describe(self, memory: Memory) -> str:
        """Who is told what, in words; empty where nobody is told anything."""
        reach, noise = float(self.reach), float(self.noise)
        if reach == 0.0:
            return ""
        when = "last round" if self.delay == 0 else f"{self.delay + 1} rounds ago"
        often = "Each round" if reach == 1.0 else f"Each round, with probability {reach:.4g},"
        words = f"{often} you are told how fairly {_WHOM[self.scope]} acted {when}, on average."
        return words if noise == 0.0 else f"{words} With probability {noise:.4g} somebody's record is wrong."

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What this seat was told of the others."""
        if not bool(public.known[agent]):
            return ""
        when = "last round" if self.delay == 0 else f"{self.delay + 1} rounds ago"
        return (
            f"What {_WHOM[self.scope]} did {when} served everyone at {float(public.level[agent]):.2f} on average, on a scale "
            "from 0 (not at all) to 1 (a full fair share)."
        )


def _told(fixed_sum: Int[Array, "a"], count: Int[Array, "a"]) -> Told:
    with jax.enable_x64(True):
        return Told(mean_level(fixed_sum, count), count > 0)
