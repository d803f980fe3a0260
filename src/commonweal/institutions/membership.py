"""Membership by choice: at the start of each period every seat chooses the group that it belongs to.

The question has answer 0, stay, which is the default, and an answer for each group. Who names a group belongs to that one
alone from the next tick on, with probability `mobility`, drawn seat by seat; else it stays where it is. A society of a
sanctioning and a sanction-free group is two columns of `Seating.groups`, a world with a public good for each group, this rule,
and sanctions `Within` the second group.

Seats are told to which group they belong and what a member of each group was paid on average since the last choice, after the
rules named before this one: name it last. Averages are rounded down, 0 where there is no member. With a mobility of 0 nobody
is asked. Units: ledger units a period.

Source: voting with one's feet as in Ö. Gürerk, B. Irlenbusch and B. Rockenbach, "The competitive advantage of sanctioning
institutions", Science 312 (2006).
"""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, PyTree

from commonweal.core.arrays import Groups, Index, Units, real
from commonweal.core.errors import StudyError
from commonweal.core.menu import Menu
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Ruling, Tick


class Roll(eqx.Module):
    """What the rule remembers."""

    tick: Int32[Array, ""]
    earned: Units
    """What each seat was paid since the last choice, ledger units."""


class Belonging(eqx.Module):
    """What each seat is told of groups."""

    group: Index
    """To which it belongs: the first of its groups, -1 for none."""
    members: Int32[Array, "a g"]
    """How many belong to each group."""
    paid: Int32[Array, "a g"]
    """What a member of each group was paid on average since the last choice, ledger units; 0 where there is none."""


class Membership(Institution):
    """A choice of group, period by period.

    Raises:
        StudyError: a number is out of range; at the start of a trial, the groups are not those that are named.

    Source: Gürerk, Irlenbusch and Rockenbach, Science 312 (2006).
    """

    kind: ClassVar[RuleKind] = RuleKind.BOUNDARY

    names: tuple[str, ...] = eqx.field(static=True, default=("the sanction-free group", "the sanctioning group"))
    """The groups in words, in the order of the columns of `Seating.groups`."""
    mobility: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that a seat which names a group gets there, 0 (the rule is as if absent) to 1."""
    period: int = eqx.field(static=True, default=1)
    """Ticks in a period, at least 1."""
    stage: int = eqx.field(static=True, default=0)
    """The tick of a period, from 0, in which groups are chosen."""
    question: str = eqx.field(static=True, default="membership")
    """Name of the question."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if not 0 <= self.stage < self.period:
            raise StudyError(f"membership at stage {self.stage} of {self.period}; expected a stage from 0 to period - 1")
        if not isinstance(self.mobility, jax.core.Tracer) and not 0.0 <= float(self.mobility) <= 1.0:
            raise StudyError(f"membership with mobility = {float(self.mobility):g}; expected a probability from 0 to 1")

    def begin(self, seats: Seats) -> Roll:
        """Nobody has been paid.

        Raises:
            StudyError: the groups are not those that are named.
        """
        found = 0 if seats.groups is None else seats.groups.shape[1]
        if found != len(self.names):
            raise StudyError(
                f"membership of {len(self.names)} groups ({', '.join(self.names)}) found {found}; expected "
                "Seating(..., groups=...) with a column for each"
            )
        return Roll(jnp.zeros((), jnp.int32), jnp.zeros(seats.n, jnp.int32))

    def permit(self, memory: Roll, seats: Seats, menu: Menu) -> Menu:
        """The menu, and at its stage the choice of group; in periods of one tick, only while the menu asks anybody anything."""
        due = (self.mobility > 0) & (memory.tick % self.period == self.stage)
        if self.period == 1:
            going_on = jnp.zeros((), bool)
            for question in menu.values:
                going_on = going_on | question.asked.any()
            due = due & going_on
        options = ("Stay where you are", *(f"Join {name}" for name in self.names))
        return menu.add(self.question, Choice(jnp.full(seats.n, due), options))

    def settle(self, memory: Roll, tick: Tick, key: Key) -> Ruling:
        """Who belongs where from the next tick on; payoffs are unchanged."""
        groups = tick.seats.groups
        assert groups is not None
        n, asked = tick.seats.n, tick.menu[self.question].asked
        earned = jnp.where(asked, 0, memory.earned) + tick.payoff
        named = jnp.where(asked, tick.bound[self.question], 0)
        moves = (named > 0) & key.child("mobility").chance(self.mobility, n)
        joined = jnp.arange(groups.shape[1]) == named[:, None] - 1
        told = belonging(groups, earned)
        # Where nobody can move, nothing is told: the rule is as if absent.
        told = jax.tree.map(lambda leaf: jnp.where(self.mobility > 0, leaf, 0), told)
        return Ruling(Roll(memory.tick + 1, earned), tick.payoff, public=told, groups=jnp.where(moves[:, None], joined, groups))

    def describe(self, memory: Roll) -> str:
        """The rule in words; empty where nobody can move."""
        mobility = float(self.mobility)
        if mobility == 0.0:
            return ""
        stage = f" (stage {self.stage + 1} of {self.period})" if self.period > 1 else ""
        words = f"In each period{stage} you may choose where you belong: {' or '.join(self.names)}."
        return words if mobility == 1.0 else f"{words} Who wants to move does with probability {mobility:.4g}."

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """Where this seat belongs, and what members of each group were paid."""
        counts = public.members[agent].tolist()
        if not any(counts):
            return ""
        own = int(public.group[agent])
        lines = [f"You belong to {self.names[own]}." if own >= 0 else "You belong to no group."]
        for name, count, paid in zip(self.names, counts, public.paid[agent].tolist(), strict=True):
            lines.append(f"Members of {name}: {count}" + (f", paid {paid} units on average." if count else "."))
        return " ".join(lines)


def belonging(groups: Groups, earned: Units) -> Belonging:
    """What everybody is told of groups.

    Args:
        groups: [a, g] who is a member of which; the first one of a seat counts.
        earned: [a] ledger units.
    """
    n, count = groups.shape
    home: Index = jnp.where(groups.any(1), jnp.argmax(groups, 1), -1).astype(jnp.int32)
    here: Bool[Array, "a g"] = home[:, None] == jnp.arange(count)
    members = here.sum(0, dtype=jnp.int32)
    with jax.enable_x64(True):
        sums = jnp.where(here, earned.astype(jnp.int64)[:, None], 0).sum(0)
        paid = (sums // jnp.maximum(members, 1).astype(jnp.int64)).astype(jnp.int32)
    return Belonging(home, jnp.broadcast_to(members, (n, count)), jnp.broadcast_to(paid, (n, count)))
