"""An audit: seats are inspected at random, fined for what they gained against the norm, and held to it if they go on.

At each tick every seat that was asked a question with a norm scale is inspected with probability `detect`. One whose mean
norm level v (of the acts as the world saw them) is below `tolerance` commits an offence and is fined

    excess = round((1 - v) max(made, 0))                       made: what the world paid it this tick
    fine   = min(floor(schedule[offences so far] excess), max(purse + payoff, 0))

Where a level is fair share / harvest, the excess is the harvest less the fair share; in any other world it is the part of
what the world paid that lies above the norm. The last entry of the schedule stands for all later offences. Fines are burnt.
From its `hold_after`-th offence on, a seat's acts are replaced by ones that just meet the norm wherever they fall short
of it. Offences are counted by seat: a new mind inherits the record. Units: ledger units.

Source: G. Becker, "Crime and punishment: an economic approach", Journal of Political Economy 76 (1968), for detection and
fine; E. Ostrom, Governing the Commons (1990), design principle 5, for graduated sanctions. Holding
offenders to the norm is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, cast

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32, Int64, PyTree

from commonweal.core.arrays import Flags, Index, Levels, Units, real, whole
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, choose, standing
from commonweal.core.numbers import added, total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Act
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Bound, Fined, Offer, Ruling, Tick

Payer = Literal["nobody", "all", "fines"]
_PAYERS = ("nobody", "all", "fines")


class Docket(eqx.Module):
    """What the auditor remembers."""

    offences: Index
    """Offences found so far, by seat."""
    due: Int32[Array, ""]
    """Cost of inspections not yet paid, ledger units, fewer than there are seats."""


def _multiples(values: Sequence[float] | Array) -> Float[Array, "k"]:
    return jnp.asarray(values, jnp.float32)


class Audit(Institution):
    """Random inspection, graduated fines, and holding repeat offenders to the norm.

    Raises:
        StudyError: a number is out of range.

    Source: Becker, Journal of Political Economy 76 (1968); Ostrom, Governing the Commons (1990).
    """

    kind: ClassVar[RuleKind] = RuleKind.PAYOFF
    needs_scale: ClassVar[bool] = True

    detect: Float[Array, ""] = eqx.field(converter=real, default=0.5)
    """Probability that a seat is inspected in a tick, 0 (no audit) to 1."""
    tolerance: Float[Array, ""] = eqx.field(converter=real, default=0.95)
    """Norm level below which an act is an offence, 0 to 1."""
    schedule: Float[Array, "k"] = eqx.field(converter=_multiples, default=(1.0, 2.0, 4.0))
    """Fine of the first, second, ... offence, as a multiple of the excess, at least 0; the last one stands for all later."""
    hold_after: Int32[Array, ""] = eqx.field(converter=whole, default=2)
    """Offences from which on a seat is held to the norm; 0: never."""
    cost: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """What one inspection costs, ledger units, at least 0."""
    payer: Payer = eqx.field(static=True, default="nobody")
    """Who pays it: `nobody` here; `all` seats alike; the tick's `fines`, and all alike what they do not cover."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.payer not in _PAYERS:
            raise StudyError(f"an audit paid by {self.payer!r}; expected one of {', '.join(_PAYERS)}")
        if self.schedule.ndim != 1 or self.schedule.shape[0] < 1:
            raise StudyError(f"an audit with a schedule of shape {self.schedule.shape}; expected at least one multiple")
        ranges = (("detect", self.detect, 1.0), ("tolerance", self.tolerance, 1.0), ("schedule", self.schedule, 1e6))
        whole = (("hold_after", self.hold_after, 2**31 - 1), ("cost", self.cost, 2**31 - 1))
        for name, value, top in (*ranges, *whole):
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= 0) & (value <= top)).all()):
                raise StudyError(f"an audit with {name} = {value.tolist()}; expected numbers from 0 to {top:g}")

    def begin(self, seats: Seats) -> Docket:
        """Nobody has offended."""
        return Docket(jnp.zeros(seats.n, jnp.int32), jnp.zeros((), jnp.int32))

    def held(self, memory: Docket) -> Flags:
        """Who is held to the norm now."""
        return (self.hold_after > 0) & (memory.offences >= self.hold_after)

    def bind(self, memory: Docket, offer: Offer, acts: Acts, key: Key) -> Bound:
        """Acts of seats that are held, wherever they fall short of the norm, are replaced by ones that meet it."""
        held = self.held(memory)
        for name, question in offer.menu.items():
            if question.scaled:
                norm = question.at(jnp.ones(held.shape, jnp.float32), key.child(name))
                short = question.level(acts[name]) < question.level(norm)
                acts = acts.replace(name, cast("Act", choose(held & question.asked & short, norm, acts[name])))
        return Bound(acts, memory)

    def settle(self, memory: Docket, tick: Tick, key: Key) -> Ruling:
        """Inspect, fine, and share what the inspections cost."""
        n = tick.seats.n
        stand = standing(tick.menu, tick.bound)
        inspected = stand.known & key.child("inspect").chance(self.detect, n)
        guilty = inspected & (stand.level < self.tolerance)
        multiple = self.schedule[jnp.minimum(memory.offences, self.schedule.shape[0] - 1)]
        able = jnp.maximum(tick.purse + tick.payoff, 0)
        fine = jnp.where(guilty, _fine(_excess(stand.level, tick.made), multiple, able), 0)
        fines = total(fine)
        fees, due = self._fees(memory.due, inspected, fines, able - fine)
        record = Docket(memory.offences + guilty.astype(jnp.int32), due)
        payoff = tick.payoff - fine - fees
        return Ruling(record, payoff, public=Fined(fine), burnt=added(fines, total(fees)))

    def _fees(
        self, due: Int32[Array, ""], inspected: Flags, fines: Int64[Array, ""], able: Units
    ) -> tuple[Units, Int32[Array, ""]]:
        """What each seat pays towards the inspections, and what is left for the next tick.

        A seat pays no more than it has; what it cannot pay is waived.
        """
        n = able.shape[0]
        if self.payer == "nobody":
            return jnp.zeros_like(able), due
        checks = total(inspected)
        with jax.enable_x64(True):
            price = self.cost.astype(jnp.int64) * checks
            covered = jnp.minimum(price, fines) if self.payer == "fines" else jnp.zeros_like(price)
            owed = due.astype(jnp.int64) + price - covered
            each = jnp.minimum(owed // n, 2**31 - 1).astype(jnp.int32)
            rest = (owed % n).astype(jnp.int32)
        return jnp.minimum(each, able), rest

    def describe(self, memory: Docket) -> str:
        """The audit in words; empty where nobody is ever inspected."""
        if float(self.detect) == 0.0:
            return ""
        steps = ", then ".join(f"{float(step):g}" for step in self.schedule)
        words = (
            f"Each round everyone is inspected with probability {float(self.detect):.4g}. Who is found to serve the others at "
            f"less than {float(self.tolerance):.4g} of what is fair pays a fine: {steps} times what it gained beyond its fair "
            "share, offence after offence."
        )
        if int(self.hold_after) > 0:
            count = int(jnp.sum(self.held(memory)))
            words += f" After {int(self.hold_after)} offences one is held to the fair share for good (now: {count} of you)."
        if int(self.cost) > 0 and self.payer != "nobody":
            who = "all of you alike" if self.payer == "all" else "the fines and, beyond them, all of you alike"
            words += f" Each inspection costs {int(self.cost)} units, paid by {who}."
        return words

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What this seat was fined."""
        fine = int(public.amount[agent])
        return f"You were inspected last round and fined {fine} units." if fine else ""


def _excess(level: Levels, made: Units) -> Int64[Array, "a"]:
    """The part of what the world paid that lies above the norm, to the nearest unit."""
    with jax.enable_x64(True):
        part = (1.0 - level.astype(jnp.float64)) * jnp.maximum(made, 0).astype(jnp.float64)
        return jnp.floor(part + 0.5).astype(jnp.int64)


def _fine(excess: Int64[Array, "a"], multiple: Float[Array, "a"], able: Units) -> Units:
    """A multiple, to the nearest millionth, of the excess in whole units, rounded down, and no more than the seat has."""
    with jax.enable_x64(True):
        millionths = jnp.round(multiple.astype(jnp.float64) * 1e6).astype(jnp.int64)
        # Divided in two steps: 2^31 units times a million times a million would not fit 64 bits.
        whole = excess * (millionths // 1_000_000) + excess * (millionths % 1_000_000) // 1_000_000
        return jnp.minimum(whole, able.astype(jnp.int64)).astype(jnp.int32)
