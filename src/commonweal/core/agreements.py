"""Agreements on a norm level: how long they stand, what each seat is told, and how they are kept.

What a town hall or a mediator brings about is the same: for a while everybody is to serve the others at an agreed level or
better. An agreement that binds replaces what falls short of it; cheap talk is told, and everybody does as it likes.
"""

from __future__ import annotations

from typing import Any, cast

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32, PyTree

from commonweal.core.arrays import Flags, Index, Levels
from commonweal.core.ballots import Count, Election, VotingRule
from commonweal.core.menu import Acts, choose
from commonweal.core.questions import Act
from commonweal.core.streams import Key
from commonweal.core.views import Offer, Tick


class Agreement(eqx.Module):
    """What was agreed last."""

    level: Float[Array, ""]
    """The agreed norm level, 0 to 1."""
    left: Int32[Array, ""]
    """Ticks for which it still stands; 0: there is no agreement."""
    tick: Int32[Array, ""]
    """Ticks so far."""

    @staticmethod
    def none() -> Agreement:
        """Nothing agreed, at tick 0."""
        return Agreement(jnp.zeros((), jnp.float32), jnp.zeros((), jnp.int32), jnp.zeros((), jnp.int32))

    def told(self, n: int) -> Agreed:
        """What n seats are told."""
        return Agreed(jnp.where(self.left > 0, jnp.full(n, self.level), 0.0), jnp.full(n, self.left))


class Agreed(eqx.Module):
    """What each seat is told of the agreement."""

    level: Levels
    """The agreed norm level; 0 where there is no agreement."""
    left: Index
    """Ticks for which it still stands."""


def keep(agreement: Agreement, who: Flags, offer: Offer, acts: Acts, key: Key) -> Acts:
    """The acts with those that fall short of an agreement replaced by acts at the agreed level.

    Args:
        agreement: what was agreed.
        who: [a] whom it binds now.
        offer: the menu, and who sits where.
        acts: what everybody means to do.
        key: for a level between two legal answers.
    """
    n = offer.seats.n
    for name, question in offer.menu.items():
        if question.scaled:
            agreed = question.at(jnp.full(n, agreement.level), key.child(name))
            short = question.level(acts[name]) < question.level(agreed)
            acts = acts.replace(name, cast("Act", choose(who & question.asked & short, agreed, acts[name])))
    return acts


def count_levels(count: VotingRule, levels: tuple[float, ...], question: str, tick: Tick, key: Key) -> Count:
    """What came of naming a norm level: answer 0 names none, the others are ballots on the levels.

    Args:
        count: how ballots are counted.
        levels: [k] what can be named, 0 to 1.
        question: its name.
        tick: answers, and what each seat can pay.
        key: for ties and lots.
    """
    given = tick.bound[question]
    named = tick.answered[question] & (given > 0)
    able = jnp.maximum(tick.purse + tick.payoff, 0)
    election = Election.of(jnp.maximum(given - 1, 0), named, len(levels), key.child(question), able)
    return count.count(eqx.tree_at(lambda e: e.place, election, jnp.asarray(levels, jnp.float32)))


def say_binding(binds: float) -> str:
    """What an agreement is worth, in words.

    Args:
        binds: probability that it binds a seat in a tick, 0 to 1.
    """
    return {0.0: "It binds nobody", 1.0: "It binds everyone: who would do less is made to keep it"}.get(
        binds, f"Each round, with probability {binds:.4g}, it binds you: who would do less is made to keep it"
    )


def tell_agreed(public: PyTree[Any], agent: int) -> str:
    """What was agreed, in words, from one seat's row; empty where nothing stands."""
    left = int(public.left[agent])
    if left == 0:
        return ""
    return (
        f"You have all agreed to serve the others at {float(public.level[agent]):g} of what is fair, or better, for the "
        f"next {left} rounds."
    )
