"""An allotment: nobody may take more than one fixed number of units, and nobody must give less, whatever the stock.

On every whole or real amount that carries a norm scale, with a number of units `a` at least 0,

    taking: high' = max(low, min(high, floor(a)))
    giving: low'  = min(high, max(low, ceil(a)))

(real amounts are not rounded). The scale is read for its direction alone and never moved. It is the rule that E. Ostrom's
second principle warns of: one number for all places and times, where a `Quota` follows the fair share. At a = inf, and
giving at a = 0, the menu is the same, bit for bit. Units: those of the question.

Source: E. Ostrom, Governing the Commons (1990), design principle 2 (congruence), for what it lacks; uniform quotas as in
C. Costello, S. Gaines and J. Lynham, "Can catch shares prevent fisheries collapse?", Science 321 (2008).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float, Shaped

from commonweal.core.arrays import real
from commonweal.core.errors import StudyError
from commonweal.core.menu import Menu
from commonweal.core.named import Named
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Amount, Question
from commonweal.core.seats import Seats
from commonweal.core.views import Memory


class Allotment(Institution):
    """Caps what each seat may take at a fixed number of units, or raises what it must give to it.

    Raises:
        StudyError: the number is below 0 or none.

    Source: Ostrom, Governing the Commons (1990), design principle 2.
    """

    kind: ClassVar[RuleKind] = RuleKind.CHOICE
    needs_scale: ClassVar[bool] = True

    units: Float[Array, ""] = eqx.field(converter=real, default=float("inf"))
    """Units that a seat may take, or must give, a tick, at least 0; inf: the rule is as if absent."""

    def __check_init__(self) -> None:
        """Refuse a number that says nothing."""
        if not isinstance(self.units, jax.core.Tracer) and not float(self.units) >= 0.0:
            raise StudyError(f"an allotment of {float(self.units):g} units; expected a number from 0 to inf (inf: no limit)")

    def permit(self, memory: Memory, seats: Seats, menu: Menu) -> Menu:
        """The menu with every scaled amount narrowed."""
        return Named(menu.names, tuple(self._narrowed(question) for question in menu.values))

    def _narrowed(self, question: Question) -> Question:
        if not isinstance(question, Amount) or question.scale is None:
            return question
        units = self.units
        if question.whole:
            units = jnp.floor(units) if question.scale.taking else jnp.ceil(units)
        if question.scale.taking:
            # Compared as floats and taken as whole numbers only where it binds: the old bound survives bit for bit elsewhere.
            high = jnp.maximum(_bounded(question.high, units, units < question.high.astype(jnp.float32)), question.low)
            return eqx.tree_at(lambda amount: amount.high, question, high)
        low = jnp.minimum(
            _bounded(question.low, units, jnp.isfinite(units) & (units > question.low.astype(jnp.float32))), question.high
        )
        return eqx.tree_at(lambda amount: amount.low, question, low)

    def describe(self, memory: Memory) -> str:
        """The allotment in words; empty where there is none."""
        units = float(self.units)
        if units == float("inf"):
            return ""
        return f"Nobody may take more than {units:g} units a round, and where you are asked to give you must give as much."


def _bounded(bound: Shaped[Array, "a"], units: Float[Array, ""], binds: Shaped[Array, "a"]) -> Shaped[Array, "a"]:
    """The bound where it does not bind, else the units, of the bound's type and within its range."""
    top = 2.0**30
    return jnp.where(binds, jnp.where(binds, jnp.minimum(units, top), 0.0).astype(bound.dtype), bound)
