"""A forgetful mind: now and then everything that it lived through is gone, as if it had just been seated.

    with probability `rate` a tick, seat by seat, the mind inside decides with the memory of a newly seated mind

With a rate of 1 it has no memory at all. What the world, the rules and the channel show of the last tick stays: that is no
memory of the mind's.

Source: the memory ablation, PIMMUR (arXiv 2509.18052); a mind without memory is the stochastic reactive strategy of depth zero,
M. Nowak and K. Sigmund, Acta Applicandae Mathematicae 20 (1990).
"""

from __future__ import annotations

from typing import Any, cast

import equinox as eqx
import jax.core
from jaxtyping import Array, Float

from commonweal.core.arrays import Index, real
from commonweal.core.errors import StudyError
from commonweal.core.menu import choose
from commonweal.core.named import Named
from commonweal.core.parts import Mind
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, Memory, View
from commonweal.minds.scripted import Scripted


class Past(eqx.Module):
    """What a forgetful mind remembers."""

    now: Memory
    """The memory of the mind inside."""
    newborn: Memory
    """What it was at birth: what is left where all is forgotten."""


class Forgetful(Mind):
    """A mind that forgets; by default at every tick.

    Raises:
        StudyError: `rate` is not from 0 to 1.
    """

    inner: Mind = eqx.field(default_factory=Scripted)
    """The mind that decides."""
    rate: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that a seat has forgotten everything, drawn each tick, 0 to 1."""

    def __check_init__(self) -> None:
        """Refuse a number out of range."""
        if not isinstance(self.rate, jax.core.Tracer) and not 0.0 <= float(self.rate) <= 1.0:
            raise StudyError(f"a mind that forgets with rate = {float(self.rate):g}; expected a probability from 0 to 1")

    def init(self, key: Key, seats: Seats) -> Past:
        """The memory of the mind inside, twice."""
        own: Any = self.inner.init(key.child("inner"), seats)
        return Past(own, own)

    def act(self, memory: Past, view: View, key: Key) -> Decision:
        """What the mind inside decides, with nothing to look back on where all is forgotten."""
        gone = key.child("forgets").chance(self.rate, view.born.shape[0])
        left = cast("Memory", choose(gone, memory.newborn, memory.now))
        # Minds that keep no memory of their own begin anew where they are newly seated: they read the last tick off the view.
        fresh = eqx.tree_at(lambda own: own.born, view, view.born | gone)
        decision = self.inner.act(left, fresh, key.child("inner"))
        return Decision(decision.acts, Past(decision.memory, memory.newborn))

    def tally(self, memory: Past) -> Named[Index]:
        """What the mind inside counts."""
        return self.inner.tally(memory.now)
