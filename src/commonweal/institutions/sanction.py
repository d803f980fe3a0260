"""A sanctioning institution with a budget: everyone pays a levy, the budget pays for inspections, offenders are fined.

At each tick the levy is taken, and with B the budget at the tick's start every seat that was asked a question with a norm scale
is inspected with probability

    q = min(1, spend B / (cost n))            so that inspections cost spend B on average; none while B <= 0

One whose mean norm level (of the acts as the world saw them) is below `tolerance` is fined, and

    B(t + 1) = B(t) + levies + floor(kept fines) - cost inspections

Levy and fine are taken only as far as a seat has something. What inspections cost, and the part of fines that is not kept, is
burnt. Inspections by chance may cost more than there is: the budget is then negative, and later income pays the debt. A
budget stays within 2^30 units: what would lead beyond is burnt. Units: ledger units.

Enforcement that must be paid for rises and falls with what it earns: it is the global feedback of this society.

Source: pool punishment, K. Sigmund, H. De Silva, A. Traulsen, C. Hauert, "Social learning promotes institutions for governing
the commons", Nature 466 (2010); a budget that inspections deplete is ours.
"""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32, PyTree

from commonweal.core.arrays import real, whole
from commonweal.core.errors import StudyError
from commonweal.core.menu import standing
from commonweal.core.numbers import difference, total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Fined, Ruling, Tick

_MOST = 1 << 30
_ALWAYS = 1 << 24


class Sanction(Institution):
    """Fines paid for by a levy: inspections are as many as the budget affords.

    Raises:
        StudyError: a number is out of range.

    Source: Sigmund, De Silva, Traulsen and Hauert, Nature 466 (2010).
    """

    kind: ClassVar[RuleKind] = RuleKind.PAYOFF
    needs_scale: ClassVar[bool] = True

    levy: Int32[Array, ""] = eqx.field(converter=whole, default=1)
    """What each seat pays into the budget each tick, ledger units, at least 0."""
    fine: Int32[Array, ""] = eqx.field(converter=whole, default=10)
    """What an offender pays, ledger units, at least 0."""
    cost: Int32[Array, ""] = eqx.field(converter=whole, default=1)
    """What one inspection costs the budget, ledger units, at least 1."""
    spend: Float[Array, ""] = eqx.field(converter=real, default=0.1)
    """Share of the budget that a tick's inspections cost on average, 0 (no inspections) to 1."""
    kept: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Share of the fines that goes into the budget, 0 to 1; the rest is burnt."""
    tolerance: Float[Array, ""] = eqx.field(converter=real, default=0.5)
    """Norm level below which an act is an offence, 0 to 1."""
    endowment: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """What the budget can spend before the first levy, in ledger units that no seat paid, 0 to 2^30: a grant from outside."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        shares = [(name, getattr(self, name), 0.0, 1.0) for name in ("spend", "kept", "tolerance")]
        units = [("levy", self.levy, 0, _MOST), ("fine", self.fine, 0, _MOST), ("cost", self.cost, 1, _MOST)]
        for name, value, low, top in (*shares, *units, ("endowment", self.endowment, 0, _MOST)):
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= low) & (value <= top)).all()):
                raise StudyError(f"a sanction with {name} = {value.tolist()}; expected a number from {low:g} to {top:g}")

    def begin(self, seats: Seats) -> Int32[Array, ""]:
        """The budget before the first tick."""
        return self.endowment

    def settle(self, memory: Int32[Array, ""], tick: Tick, key: Key) -> Ruling:
        """Take the levy, inspect as far as the budget goes, fine."""
        n = tick.seats.n
        stand = standing(tick.menu, tick.bound)
        drawn = (key.child("inspect").bits(n) >> 8).astype(jnp.int32) < self.odds(memory, n)
        inspected = stand.known & drawn
        able = jnp.maximum(tick.purse + tick.payoff, 0)
        levy = jnp.minimum(self.levy, able)
        fine = jnp.where(inspected & (stand.level < self.tolerance), jnp.minimum(self.fine, able - levy), 0)
        levies, fines, checks = total(levy), total(fine), total(inspected)
        with jax.enable_x64(True):
            kept = jnp.floor(self.kept.astype(jnp.float64) * fines.astype(jnp.float64)).astype(jnp.int64)
            price = checks * self.cost.astype(jnp.int64)
            then = jnp.clip(memory.astype(jnp.int64) + levies + kept - price, -_MOST, _MOST).astype(jnp.int32)
        held = difference(then, memory)
        burnt = difference(levies, difference(held, fines))
        return Ruling(then, tick.payoff - levy - fine, public=Fined(fine), held=held, burnt=burnt)

    def odds(self, budget: Int32[Array, ""], n: int) -> Int32[Array, ""]:
        """How likely each of n seats is inspected at this budget, in units of 2^-24."""
        with jax.enable_x64(True):
            wanted = self.spend.astype(jnp.float64) * jnp.maximum(budget, 0).astype(jnp.float64)
            share = wanted / (self.cost.astype(jnp.float64) * n)
            return jnp.round(jnp.minimum(share, 1.0) * _ALWAYS).astype(jnp.int32)

    def describe(self, memory: Int32[Array, ""]) -> str:
        """The institution in words; empty where it takes nothing and inspects nobody."""
        levy, fine = int(self.levy), int(self.fine)
        if levy == 0 and (fine == 0 or float(self.spend) == 0.0):
            return ""
        return (
            f"Each round everyone pays {levy} units into a common budget, which pays for inspections at {int(self.cost)} units "
            f"each; it holds {int(memory)} units now, and about {float(self.spend):.4g} of it is spent in a round. Who is "
            f"found to serve the others at less than {float(self.tolerance):.4g} of what is fair pays a fine of {fine} units."
        )

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What this seat was fined."""
        fine = int(public.amount[agent])
        return f"You were inspected last round and fined {fine} units." if fine else ""
