"""A quota: nobody may take more than a multiple of the fair share, nor give less than its inverse.

On every amount that carries a norm scale with fair amount `f`, and a multiple `m` at least 0,

    taking: high' = max(low, min(high, floor(m f)))
    giving: low'  = min(high, max(low, ceil(f / m)))

(real amounts are not rounded). The scale is read and never moved, so levels mean the same with a quota and without. At
m = inf the menu is the same, bit for bit: there is no quota. Units: those of the question.

Source: individual transferable quotas in their simplest form, equal and not traded: C. Costello, S. Gaines and J. Lynham,
"Can catch shares prevent fisheries collapse?", Science 321 (2008).
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
from commonweal.core.questions import Amount, Question, Record
from commonweal.core.seats import Seats
from commonweal.core.views import Memory

_SLACK = 1e-6
"""Relative slack before rounding: a product that is whole but for float32 (0.7 of 10) counts as whole."""


class Quota(Institution):
    """Caps what each seat may take at a multiple of the fair share, and raises what it must give.

    Raises:
        StudyError: the multiple is below 0 or no number.

    Source: Costello, Gaines and Lynham, Science 321 (2008).
    """

    kind: ClassVar[RuleKind] = RuleKind.CHOICE
    needs_scale: ClassVar[bool] = True

    multiple: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Multiple of the fair share that may be taken, at least 0; 1: exactly the fair share; inf: no quota."""

    def __check_init__(self) -> None:
        """Refuse a multiple that says nothing."""
        if not isinstance(self.multiple, jax.core.Tracer) and not float(self.multiple) >= 0.0:
            raise StudyError(
                f"a quota of {float(self.multiple):g} times the fair share; expected a number from 0 to inf (inf: no quota)"
            )

    def permit(self, memory: Memory, seats: Seats, menu: Menu) -> Menu:
        """The menu with every scaled amount narrowed."""
        return Named(menu.names, tuple(self.narrowed(question) for question in menu.values))

    def narrowed(self, question: Question) -> Question:
        """One question under the quota; what carries no scaled amount is returned as it is."""
        if isinstance(question, Record):
            fields = tuple(self.narrowed(field) for field in question.fields)
            return eqx.tree_at(lambda record: record.fields, question, fields)
        if not isinstance(question, Amount) or question.scale is None:
            return question
        if question.scale.taking:
            return eqx.tree_at(lambda amount: amount.high, question, self._most(question))
        return eqx.tree_at(lambda amount: amount.low, question, self._least(question))

    def _most(self, question: Amount) -> Shaped[Array, "a"]:
        assert question.scale is not None
        cap = jnp.asarray(question.scale.fair, jnp.float32) * self.multiple
        if question.whole:
            cap = jnp.floor(cap * jnp.float32(1.0 + _SLACK))
        # Compared as floats and taken as whole numbers only where it binds: the old bound survives bit for bit elsewhere.
        binds = cap < question.high.astype(jnp.float32)
        high = jnp.where(binds, jnp.where(binds, cap, 0.0).astype(question.high.dtype), question.high)
        return jnp.maximum(high, question.low)

    def _least(self, question: Amount) -> Shaped[Array, "a"]:
        assert question.scale is not None
        fair = jnp.asarray(question.scale.fair, jnp.float32)
        floor = jnp.where(self.multiple > 0, fair / jnp.maximum(self.multiple, 1e-9), jnp.inf)
        if question.whole:
            floor = jnp.ceil(floor * jnp.float32(1.0 - _SLACK))
        high = question.high.astype(jnp.float32)
        binds = (floor > question.low.astype(jnp.float32)) & jnp.isfinite(self.multiple)
        lifted = jnp.where(floor < high, jnp.where(floor < high, floor, 0.0).astype(question.low.dtype), question.high)
        return jnp.where(binds, jnp.minimum(lifted, question.high), question.low)

    def describe(self, memory: Memory) -> str:
        """The quota in words; empty where there is none."""
        multiple = float(self.multiple)
        if multiple == float("inf"):
            return ""
        times = "your fair share" if multiple == 1.0 else f"{multiple:g} times your fair share"
        gives = "give your fair share" if multiple == 1.0 else f"give your fair share divided by {multiple:g}"
        return f"There is a quota: you may take at most {times}, and where you are asked to give you must at least {gives}."
