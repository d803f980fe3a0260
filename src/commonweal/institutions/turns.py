"""Turns: at each tick only some seats change what they do; what the others did last stands once more.

Each seat has its turn with probability `rate` a tick, independently: 1 is the synchronous tick in which everybody moves at
once, 1 / n the schedule in which one seat moves at a time, on average. Everybody is asked; of a seat whose turn it is not, the
world and the rules see its last act, question by question, wherever that is still legal. At the first tick everybody moves.

Results that hold under one schedule alone are artefacts of it: spatial chaos in the prisoner's dilemma vanishes as soon as
seats do not all move at the same moment.

Source: B. Huberman and N. Glance, "Evolutionary games and computer simulations", PNAS 90 (1993); the independent schedule is
the asynchronous updating at a rate of N. Fatès and M. Morvan, Complex Systems 16 (2005).
"""

from __future__ import annotations

from typing import Any, ClassVar, cast

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Shaped

from commonweal.core.arrays import real
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu, choose
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Act, Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Bound, Offer

Kinds = tuple[tuple[str, str], ...]
"""Questions whose last answers stand: the name of each and the type of its answers, as `int32`."""


class LastActs(eqx.Module):
    """What everybody did at the last tick."""

    acts: tuple[Shaped[Array, "a"], ...]
    """Answers to each held question, as the world saw them."""
    begun: Bool[Array, ""]
    """Whether there was a last tick."""


class Turns(Institution):
    """Asynchronous updating: the acts of seats whose turn it is not stay as they were.

    Raises:
        StudyError: `rate` is not from 0 to 1.

    Source: Huberman and Glance, PNAS 90 (1993).
    """

    kind: ClassVar[RuleKind] = RuleKind.CHOICE

    rate: Float[Array, ""] = eqx.field(converter=real, default=0.5)
    """Probability that it is a seat's turn, drawn each tick, 0 (nobody ever changes) to 1 (the rule is as if absent)."""
    questions: Kinds = eqx.field(static=True, default=())
    """Which answers are held; `kinds_of` reads them off a menu. A question of these names that is not asked is passed over."""

    def __check_init__(self) -> None:
        """Refuse a number out of range."""
        if not isinstance(self.rate, jax.core.Tracer) and not 0.0 <= float(self.rate) <= 1.0:
            raise StudyError(f"turns with rate = {float(self.rate):g}; expected a probability from 0 to 1")

    def begin(self, seats: Seats) -> LastActs:
        """Nobody has acted."""
        return LastActs(tuple(jnp.zeros(seats.n, kind) for _, kind in self.questions), jnp.zeros((), bool))

    def bind(self, memory: LastActs, offer: Offer, acts: Acts, key: Key) -> Bound:
        """The last acts of those whose turn it is not, where they are still legal."""
        waits = memory.begun & ~key.child("turn").chance(self.rate, offer.seats.n)
        kept: list[Any] = []
        for (name, _), last in zip(self.questions, memory.acts, strict=True):
            if name not in acts:
                kept.append(last)
                continue
            question = offer.menu[name]
            stays = waits & question.asked & question.lawful(last)
            acts = acts.replace(name, cast("Act", choose(stays, last, acts[name])))
            kept.append(acts[name])
        return Bound(acts, LastActs(tuple(kept), jnp.ones((), bool)))

    def describe(self, memory: LastActs) -> str:
        """The rule in words; empty where everybody always moves."""
        rate = float(self.rate)
        if rate == 1.0 or not self.questions:
            return ""
        return (
            f"Each round what you decide counts with probability {rate:.4g}; else what you did in the round before counts once "
            "more. So it is for everyone."
        )


def kinds_of(menu: Menu) -> Kinds:
    """The questions of a menu that can be held: those with a norm scale and one answer a seat.

    Args:
        menu: of any tick; all ticks have the same.
    """
    found: list[tuple[str, str]] = []
    for name, question in menu.items():
        act = question.default()
        if question.scaled and (isinstance(question, Choice) or getattr(act, "ndim", 0) == 1):
            found.append((name, str(act.dtype)))
    return tuple(found)
