"""A tax on wealth, paid out equally: the redistribution of asset-exchange models.

    tax_i = floor(rate max(w_i, 0)),  w_i = purse + payoff of the tick so far
    pool  = sum_i tax_i + rest(t)
    each  = floor(pool / n),  rest(t + 1) = pool - n each

so that a purse moves by rate (mean wealth - w_i), but for rounding. The rule holds the rest, fewer than n units, until it can
be paid. At rate 0 payoffs are unchanged. Units: ledger units. (The rule `tax` taxes what a tick earned.)

Source: B. Boghosian, A. Devitt-Lee, M. Johnson, J. Li, J. Marcq and H. Wang, "Oligarchy as a phase transition", Physica A 476
(2017): their redistribution chi, a flat tax on wealth with an equal transfer.
"""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32, PyTree

from commonweal.core.arrays import Units, real
from commonweal.core.errors import StudyError
from commonweal.core.numbers import difference, share_of, total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Memory, Ruling, Tick


class Levied(eqx.Module):
    """What each seat paid and was paid last tick."""

    tax: Units
    """Ledger units taken, at least 0."""
    transfer: Units
    """Ledger units paid out, at least 0, the same for every seat."""


class WealthTax(Institution):
    """Takes a share of each seat's wealth every tick and pays the pool out equally.

    Raises:
        StudyError: the rate is not from 0 to 1.

    Source: Boghosian et al., Physica A 476 (2017).
    """

    kind: ClassVar[RuleKind] = RuleKind.PAYOFF

    rate: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Share of wealth a tick, 0 (no tax) to 1, read to the nearest millionth."""

    def __check_init__(self) -> None:
        """Refuse a rate that is no share."""
        if not isinstance(self.rate, jax.core.Tracer) and not 0.0 <= float(self.rate) <= 1.0:
            raise StudyError(f"a wealth tax at rate {float(self.rate):g}; expected a share from 0 to 1")

    def begin(self, seats: Seats) -> Int32[Array, ""]:
        """Nothing held."""
        return jnp.zeros((), jnp.int32)

    def settle(self, memory: Int32[Array, ""], tick: Tick, key: Key) -> Ruling:
        """Payoffs after tax and transfer; `held` is the change of the rest."""
        n = tick.seats.n
        tax = share_of(jnp.maximum(tick.purse + tick.payoff, 0), self.rate)
        collected = total(tax)
        with jax.enable_x64(True):
            pool = collected + memory.astype(jnp.int64)
            # A rest that is due is paid while the tax is on: at rate 0 nothing moves.
            due = jnp.where(self.rate > 0, pool // n, 0)
            each = due.astype(jnp.int32)
            rest = (pool - due * n).astype(jnp.int32)
        told = Levied(tax, jnp.full(n, each))
        return Ruling(rest, tick.payoff - tax + each, public=told, held=difference(rest, memory))

    def describe(self, memory: Memory) -> str:
        """The tax in words; empty at rate 0."""
        rate = float(self.rate)
        if rate == 0.0:
            return ""
        return f"Each round {rate:.4g} of what you own is taken as a tax, and all of it is paid out to everyone equally."

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What this seat paid and got."""
        tax, transfer = int(public.tax[agent]), int(public.transfer[agent])
        return f"You paid {tax} units in wealth tax and were paid {transfer} out of the pool." if tax or transfer else ""
