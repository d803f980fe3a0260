"""An interview: for some ticks every seat is asked one question more, and nothing comes of the answer.

With options it is a choice; without, each seat is asked for a seat: 0 names nobody, j the seat j - 1, as in "whom does
everybody here look to?". Asked on a *fork* of a trial, it leaves no trace in the society: see `engine.interviews`.

Source: ours; the probes of collective memory of arXiv 2602.14299, which asked on a platform who and what is influential there.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Int32

from commonweal.core.arrays import whole
from commonweal.core.errors import StudyError
from commonweal.core.menu import Menu
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Amount, Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Memory, Ruling, Tick


class Interview(Institution):
    """One question more, from which nothing follows. By default it is asked at no tick.

    Raises:
        StudyError: a number is out of range, or there is one option alone.

    Source: ours, after arXiv 2602.14299.
    """

    kind: ClassVar[RuleKind] = RuleKind.INFORMATION

    first: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """The first tick at which it is asked, at least 0."""
    ticks: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """At how many ticks it is asked, at least 0."""
    asks: str = eqx.field(static=True, default="Whom does everybody here look to?")
    """The question in words."""
    options: tuple[str, ...] = eqx.field(static=True, default=())
    """Its answers in words, the first being that there is none; empty: a seat is asked for."""
    question: str = eqx.field(static=True, default="anchor")
    """Name of the question."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        for name, value in (("first", self.first), ("ticks", self.ticks)):
            if not isinstance(value, jax.core.Tracer) and int(value) < 0:
                raise StudyError(f"an interview with {name} = {int(value)}; expected at least 0")
        if len(self.options) == 1:
            raise StudyError(f"an interview with the one answer {self.options[0]!r}; expected two at least, or none: a seat")

    def begin(self, seats: Seats) -> Int32[Array, ""]:
        """The tick."""
        return jnp.zeros((), jnp.int32)

    def permit(self, memory: Int32[Array, ""], seats: Seats, menu: Menu) -> Menu:
        """The menu with the question, put to all while it is asked."""
        asked = jnp.full(seats.n, (memory >= self.first) & (memory < self.first + self.ticks))
        if self.options:
            return menu.add(self.question, Choice(asked, self.options))
        none = jnp.zeros(seats.n, jnp.int32)
        return menu.add(self.question, Amount(asked, none, none + seats.n, unit="seats, by number from 1; 0 is nobody"))

    def settle(self, memory: Int32[Array, ""], tick: Tick, key: Key) -> Ruling:
        """Nothing but the time."""
        return Ruling(memory + 1, tick.payoff)

    def describe(self, memory: Memory) -> str:
        """The question in words, while it is asked."""
        at = int(memory)
        return f"You are asked: {self.asks}" if int(self.first) <= at < int(self.first) + int(self.ticks) else ""
