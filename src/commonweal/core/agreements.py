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
from commonweal.core.menu import Acts, choose
from commonweal.core.questions import Act
from commonweal.core.streams import Key
from commonweal.core.views import Offer


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


def tell_agreed(public: PyTree[Any], agent: int) -> str:
    """What was agreed, in words, from one seat's row; empty where nothing stands."""
    left = int(public.left[agent])
    if left == 0:
        return ""
    return (
        f"You have all agreed to serve the others at {float(public.level[agent]):g} of what is fair, or better, for the "
        f"next {left} rounds."
    )
