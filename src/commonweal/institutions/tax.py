"""A tax on what a tick earned, paid out equally: tax and transfer.

    tax_i = floor(rate max(payoff_i, 0))
    pool  = sum_i tax_i + rest(t)
    each  = floor(pool / n),  rest(t + 1) = pool - n each

The rule holds the rest, fewer than n units, until it can be paid. At rate 0 payoffs are unchanged. Units: ledger units.

Source: the linear tax with a lump-sum transfer of A. Meltzer and S. Richard, "A rational theory of the size of government",
Journal of Political Economy 89 (1981).
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


class Taxed(eqx.Module):
    """What each seat paid and was paid last tick."""

    tax: Units
    """Ledger units taken, at least 0."""
    transfer: Units
    """Ledger units paid out, at least 0, the same for every seat."""


class Tax(Institution):
    """Takes a share of each seat's payoff and pays the pool out equally.

    Raises:
        StudyError: the rate is not from 0 to 1.

    Source: Meltzer and Richard, Journal of Political Economy 89 (1981).
    """

    kind: ClassVar[RuleKind] = RuleKind.PAYOFF

    rate: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Share of a tick's positive payoff, 0 (no tax) to 1, read to the nearest millionth."""

    def __check_init__(self) -> None:
        """Refuse a rate that is no share."""
        if not isinstance(self.rate, jax.core.Tracer) and not 0.0 <= float(self.rate) <= 1.0:
            raise StudyError(f"a tax rate of {float(self.rate):g}; expected a share from 0 to 1")

    def begin(self, seats: Seats) -> Int32[Array, ""]:
        """Nothing held."""
        return jnp.zeros((), jnp.int32)

    def settle(self, memory: Int32[Array, ""], tick: Tick, key: Key) -> Ruling:
        """Payoffs after tax and transfer; `held` is the change of the rest."""
        n = tick.seats.n
        tax = share_of(jnp.maximum(tick.payoff, 0), self.rate)
        collected = total(tax)
        with jax.enable_x64(True):
            pool = collected + memory.astype(jnp.int64)
            each = (pool // n).astype(jnp.int32)
            rest = (pool % n).astype(jnp.int32)
        told = Taxed(tax, jnp.full(n, each))
        return Ruling(rest, tick.payoff - tax + each, public=told, held=difference(rest, memory))

    def describe(self, memory: Memory) -> str:
        """The tax in words; empty at rate 0."""
        rate = float(self.rate)
        if rate == 0.0:
            return ""
        return (
            f"Each round {rate:.4g} of every 1 unit you earn is taken as a tax, and all of it is paid out to everyone equally."
        )

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What this seat paid and got."""
        tax, transfer = int(public.tax[agent]), int(public.transfer[agent])
        return f"You paid {tax} units in tax and were paid {transfer} out of the pool." if tax or transfer else ""
