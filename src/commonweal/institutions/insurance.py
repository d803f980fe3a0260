"""Insurance: everybody pays a premium, and losses below a floor are covered from the pool.

At each tick, with pi_i what seat i gets before this rule, everybody pays the premium as far as it has something, and

    claim_i = floor(cover max(0, floor - pi_i))      of who paid the premium in full; else 0
    paid_i  = claim_i                                while the pool, this tick's premiums included, has that much for all
            = floor(claim_i pool / all claims)       else

What is not paid out stays in the pool, which the rule holds; above 2^30 units it is burnt. At a premium of 0 nobody is insured.
Whether a loss was bad luck or a risk that was run because it is covered, the rule cannot tell. Units: ledger units.

Source: K. Arrow, "Uncertainty and the welfare economics of medical care", American Economic Review 53 (1963), for insurance
and moral hazard; mutual insurance that pays in proportion where the pool is short is ours.
"""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32, PyTree

from commonweal.core.arrays import Units, real, whole
from commonweal.core.errors import StudyError
from commonweal.core.numbers import difference, share_of, total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Ruling, Tick

_MOST = 1 << 30


class Covered(eqx.Module):
    """What insurance tells each seat."""

    paid: Units
    """What it was paid for its loss, ledger units."""


class Insurance(Institution):
    """A mutual insurance of every tick's payoff.

    Raises:
        StudyError: a number is out of range.

    Source: Arrow, American Economic Review 53 (1963).
    """

    kind: ClassVar[RuleKind] = RuleKind.PAYOFF

    premium: Int32[Array, ""] = eqx.field(converter=whole, default=1)
    """What each seat pays each tick, ledger units, 0 (nobody is insured) to 2^30."""
    floor: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """The payoff of a tick, ledger units, below which it is a loss; -2^30 to 2^30."""
    cover: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Share of a loss that is covered, 0 to 1."""
    endowment: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """What is in the pool before the first premium, in ledger units that no seat paid, 0 to 2^30: a grant from outside."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        units = (("premium", self.premium, 0), ("floor", self.floor, -_MOST), ("endowment", self.endowment, 0))
        for name, value, low, top in (*((*unit, _MOST) for unit in units), ("cover", self.cover, 0, 1)):
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= low) & (value <= top)).all()):
                raise StudyError(f"an insurance with {name} = {value.tolist()}; expected a number from {low} to {top}")

    def begin(self, seats: Seats) -> Int32[Array, ""]:
        """The pool before the first tick."""
        return self.endowment

    def settle(self, memory: Int32[Array, ""], tick: Tick, key: Key) -> Ruling:
        """Collect premiums, pay claims as far as the pool goes."""
        able = jnp.maximum(tick.purse + tick.payoff, 0)
        premium = jnp.minimum(self.premium, able)
        with jax.enable_x64(True):
            loss = jnp.clip(self.floor.astype(jnp.int64) - tick.payoff.astype(jnp.int64), 0, _MOST).astype(jnp.int32)
        insured = (premium > 0) & (premium == self.premium)
        claim = jnp.where(insured, share_of(loss, self.cover), 0)
        premiums, claims = total(premium), total(claim)
        with jax.enable_x64(True):
            pool = jnp.minimum(memory.astype(jnp.int64) + premiums, _MOST)
            part = claim.astype(jnp.int64) * pool // jnp.maximum(claims, 1)
            paid = jnp.where(claims > pool, part, claim.astype(jnp.int64)).astype(jnp.int32)
        given = total(paid)
        then = difference(pool, given).astype(jnp.int32)
        held = difference(then, memory)
        burnt = difference(difference(premiums, given), held)
        return Ruling(then, tick.payoff - premium + paid, public=Covered(paid), held=held, burnt=burnt)

    def describe(self, memory: Int32[Array, ""]) -> str:
        """The insurance in words; empty where nobody is insured."""
        premium, cover = int(self.premium), float(self.cover)
        if premium == 0:
            return ""
        return (
            f"Each round everyone pays {premium} units into a common pool, which holds {int(memory)} now. Who gets less than "
            f"{int(self.floor)} units in a round is paid {cover:.4g} of what it lacks from the pool, in proportion if the pool "
            "is short."
        )

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What this seat was paid."""
        paid = int(public.paid[agent])
        return f"The insurance paid you {paid} units for last round's loss." if paid else ""
