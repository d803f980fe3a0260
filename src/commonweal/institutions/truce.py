"""Truce: in some rounds of every few nobody is asked what would need restraint.

In the first `length` ticks of every `period` no question that carries a norm scale is asked: its default stands, which in a
world of conflict is to hold back. All else is asked as ever. At `length` = 0 there is no truce. Units: ticks.

A truce breaks a feud only if memories are shorter than it is, and only until somebody strikes again.

Source: the Truce of God, days on which fighting was forbidden: H. Cowdrey, "The Peace and the Truce of God in the eleventh
century", Past & Present 46 (1970).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int32

from commonweal.core.arrays import whole
from commonweal.core.errors import StudyError
from commonweal.core.menu import Menu, asks_only
from commonweal.core.named import Named
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Ruling, Tick


class Truce(Institution):
    """Ticks in which no question with a norm scale is asked.

    Raises:
        StudyError: a number is out of range.

    Source: Cowdrey, Past & Present 46 (1970).
    """

    kind: ClassVar[RuleKind] = RuleKind.CHOICE
    needs_scale: ClassVar[bool] = True

    length: Int32[Array, ""] = eqx.field(converter=whole, default=1)
    """Ticks of a truce, at least 0 (there is none); from `period` on it never ends."""
    period: Int32[Array, ""] = eqx.field(converter=whole, default=10)
    """Ticks from the beginning of one truce to that of the next, at least 1."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        for name, value, low in (("length", self.length, 0), ("period", self.period, 1)):
            if not isinstance(value, jax.core.Tracer) and not bool((value >= low).all()):
                raise StudyError(f"a truce with {name} = {value.tolist()}; expected at least {low} ticks")

    def begin(self, seats: Seats) -> Int32[Array, ""]:
        """The tick."""
        return jnp.zeros((), jnp.int32)

    def _holds(self, tick: Int32[Array, ""]) -> Bool[Array, ""]:
        return tick % self.period < self.length

    def permit(self, memory: Int32[Array, ""], seats: Seats, menu: Menu) -> Menu:
        """The menu, with nobody asked what has a norm scale while a truce holds."""
        free = jnp.broadcast_to(~self._holds(memory), (seats.n,))
        return Named(menu.names, tuple(asks_only(own, free) if own.scaled else own for own in menu.values))

    def settle(self, memory: Int32[Array, ""], tick: Tick, key: Key) -> Ruling:
        """One tick later."""
        return Ruling(memory + 1, tick.payoff)

    def describe(self, memory: Int32[Array, ""]) -> str:
        """The truce in words; empty where there is none."""
        length, period = int(self.length), int(self.period)
        if length == 0:
            return ""
        now = "A truce holds now" if bool(self._holds(memory)) else "No truce holds now"
        return f"In {min(length, period)} of every {period} rounds there is a truce, and everyone holds back. {now}."
