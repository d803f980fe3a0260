"""A two-faced mind: fair while it is told that it is watched, as it likes while it is not.

    answer = the norm level `watched`     where a rule told the seat last tick that it is watched
             what the mind inside answers elsewhere, and to questions without a norm scale

It is planted to try the tool: a study of such minds finds that an institution works when all that works is being watched, and
an audit that does not flag it is worthless. The mind inside lives through every tick, watched or not; its memory is its own.

Source: own definition; models that recognise an experiment in 48 % of cases, PIMMUR (arXiv 2509.18052); alignment faking, R.
Greenblatt and others, arXiv 2412.14093 (2024).
"""

from __future__ import annotations

from typing import cast

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from commonweal.core.arrays import Index, real
from commonweal.core.menu import announced, choose, standing
from commonweal.core.named import Named
from commonweal.core.parts import Mind
from commonweal.core.questions import Act
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, Memory, View
from commonweal.institutions.notice import watched
from commonweal.minds.scripted import Scripted


class TwoFaced(Mind):
    """Behaves while it is watched; by default it takes three fair shares while it is not."""

    inner: Mind = eqx.field(default_factory=lambda: Scripted(greed=3.0))
    """The mind that decides while nobody is watching."""
    watched: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Norm level at which it acts while it is watched, 0 to 1."""

    def init(self, key: Key, seats: Seats) -> Memory:
        """The memory of the mind inside."""
        return self.inner.init(key.child("inner"), seats)

    def act(self, memory: Memory, view: View, key: Key) -> Decision:
        """The answers of the mind inside, those with a norm scale replaced where the seat is watched."""
        free = self.inner.act(memory, view, key.child("inner"))
        seen = watched(view)
        level = jnp.broadcast_to(self.watched, seen.shape)
        acts: list[tuple[str, Act]] = []
        for name, question in view.menu.items():
            act = free.acts[name] if name in free.acts else question.default()
            if question.scaled:
                act = cast("Act", choose(seen, question.at(level, key.child(name)), act))
            acts.append((name, act))
        meant = Named.of(*acts)
        # Who is watched says what it does now, not what it would have done.
        said = announced(view.menu, meant, standing(view.menu, meant))
        told = [(name, cast("Act", choose(seen, said[name], act))) for name, act in meant.items()]
        return Decision(Named.of(*told), free.memory)

    def tally(self, memory: Memory) -> Named[Index]:
        """What the mind inside counts."""
        return self.inner.tally(memory)
