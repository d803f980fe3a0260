"""A shared resource that doubles each month and can be fished out: the commons of GovSim, for any number of agents.

The dilemma: what one leaves, all may harvest next month, and what grows back doubles only what was left.

    h(0) = K,  K = capacity_per_seat n
    got  = demand                                if sum(demand) <= h(t)
         = demand h(t) / sum(demand), in units   otherwise (see `split`)
    left = h(t) - sum(got)
    h(t + 1) = min(K, growth left)               if left >= collapse_per_seat n, else 0 for ever
    fair share = f(t) / n,  f(t) = max{x : growth (h(t) - x) >= h(t)}

Units: one unit of the resource is one ledger unit. A tick is a month; talk of one month is heard the next.
The norm scale of `harvest` is min(1, fair share / harvest). The three parameters are read to the nearest millionth and the
stock is reckoned in whole numbers.

Where demands exceed the stock, GovSim hands out one unit at a time to a seat drawn at random; when all five demand the whole
pool its equality is then .899 to .901 on average. Here the split is proportional, and only the fraction of a unit that
remains is drawn, so that the same five seats get 20 each and equality is 1: expected shares are alike, their spread is not.

Source: G. Piatti et al., "Cooperate or Collapse" (GovSim), NeurIPS 2024, arXiv 2404.16698: n = 5, K = 100, collapse below 5,
growth 2; by its reference code a stock below 5 after the harvest is a collapse (its text says: not above 5).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, Int64

from commonweal.core.arrays import Units, real
from commonweal.core.branches import seldom
from commonweal.core.menu import Acts, Menu
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import World
from commonweal.core.questions import Amount, Scale
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Observation, Outcome, Start, View


class CommonsState(eqx.Module):
    """The stock, and whether it has collapsed."""

    stock: Int32[Array, ""]
    collapsed: Bool[Array, ""]


class CommonsFacts(eqx.Module):
    """What happened to the stock in one month."""

    stock: Int32[Array, ""]
    """Before the harvest, units."""
    left: Int32[Array, ""]
    """After the harvest, units."""
    capacity: Int32[Array, ""]
    """Largest stock, units."""
    sustainable: Int32[Array, ""]
    """Largest total harvest from which the stock grows back."""
    collapsed: Bool[Array, ""]
    """Whether the stock is gone for good."""


class Commons(World):
    """The shared resource of GovSim for n seats."""

    tick_name: ClassVar[str] = "month"

    capacity_per_seat: Float[Array, ""] = eqx.field(converter=real, default=20.0)
    """Largest stock, units a seat; above 0. GovSim: 20."""
    collapse_per_seat: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Below this much, units a seat, the stock left by a harvest is lost. GovSim: 1."""
    growth: Float[Array, ""] = eqx.field(converter=real, default=2.0)
    """Factor by which what is left grows in a month; above 1. GovSim: 2."""

    def capacity(self, n: int) -> Int32[Array, ""]:
        """Largest stock of n seats, units; at most 2^31 - 1."""
        with jax.enable_x64(True):
            return jnp.minimum(_millionths(self.capacity_per_seat) * n // 1_000_000, 2**31 - 1).astype(jnp.int32)

    def sustainable(self, stock: Int32[Array, ""]) -> Int32[Array, ""]:
        """f(t): the largest whole harvest x with growth (stock - x) >= stock."""
        with jax.enable_x64(True):
            growth = _millionths(self.growth)
            must_stay = (stock.astype(jnp.int64) * 1_000_000 + growth - 1) // growth
            return (stock - must_stay).astype(jnp.int32)

    def regrown(self, left: Int32[Array, ""], n: int) -> Int32[Array, ""]:
        """The stock of n seats a month after a harvest that left this much, collapse apart."""
        with jax.enable_x64(True):
            grown = left.astype(jnp.int64) * _millionths(self.growth) // 1_000_000
            return jnp.minimum(grown, self.capacity(n)).astype(jnp.int32)

    def lost(self, left: Int32[Array, ""], n: int) -> Bool[Array, ""]:
        """Whether what a harvest of n seats left is too little to recover."""
        with jax.enable_x64(True):
            return left.astype(jnp.int64) * 1_000_000 < _millionths(self.collapse_per_seat) * n

    def reset(self, key: Key, seats: Seats) -> Start:
        """A full stock and empty purses."""
        return Start(CommonsState(self.capacity(seats.n), jnp.zeros((), bool)), jnp.zeros(seats.n, jnp.int32))

    def observe(self, state: CommonsState, seats: Seats, purse: Units) -> Observation:
        """Everybody sees the stock and what a fair share of it is."""
        n = seats.n
        return Observation(
            Named.of(
                ("stock", jnp.full(n, state.stock)),
                ("capacity", jnp.full(n, self.capacity(n))),
                ("sustainable", jnp.full(n, self.sustainable(state.stock))),
                ("seats", jnp.full(n, n, jnp.int32)),
            )
        )

    def menu(self, state: CommonsState, seats: Seats, purse: Units) -> Menu:
        """How much to harvest: 0 to the whole stock; nobody is asked once it has collapsed."""
        n = seats.n
        fair = self.sustainable(state.stock).astype(jnp.float32) / jnp.float32(n)
        harvest = Amount(
            asked=jnp.full(n, ~state.collapsed),
            low=jnp.zeros(n, jnp.int32),
            high=jnp.full(n, state.stock),
            scale=Scale(fair, taking=True),
            unit="units of the resource",
        )
        return Named.of(("harvest", harvest))

    def step(self, state: CommonsState, seats: Seats, acts: Acts, purse: Units, key: Key) -> Outcome:
        """Harvest, then growth."""
        got = split(acts["harvest"], state.stock, key)
        left = state.stock - got.sum(dtype=jnp.int32)
        collapsed = state.collapsed | self.lost(left, seats.n)
        facts = CommonsFacts(state.stock, left, self.capacity(seats.n), self.sustainable(state.stock), collapsed)
        return Outcome(CommonsState(jnp.where(collapsed, 0, self.regrown(left, seats.n)), collapsed), got, facts)

    def rules(self) -> str:
        """The situation in words."""
        return (
            "You and others share one resource. Each month everyone says how many units to harvest, at the same time; what is "
            f"left then grows by a factor of {float(self.growth):g}, up to the capacity. If too little is left, it is gone "
            "for good and nobody harvests again. What you harvest is yours. Everybody's harvest is not shown unless a rule "
            "says so. What you say this month, others hear next month."
        )

    def describe(self, view: View, agent: int) -> str:
        """The stock, in words."""
        seen = view.seen
        stock, capacity = int(seen["stock"][agent]), int(seen["capacity"][agent])
        fair, n = int(seen["sustainable"][agent]), int(seen["seats"][agent])
        if stock == 0:
            return "The resource is gone. There is nothing to harvest."
        return (
            f"The stock is {stock} of at most {capacity} units, and {n} share it. If all of you together take at most {fair} "
            f"({fair / n:.3g} each), it grows back to {stock}. Last month you received {int(view.payoff[agent])} units; "
            f"you own {int(view.purse[agent])}."
        )


def split(demand: Units, stock: Int32[Array, ""], key: Key) -> Units:
    """What each seat gets: its demand while the stock suffices, else the stock in proportion to demand, rounded at random.

    Seat i's exact share x_i = demand_i stock / sum(demand) is rounded to one of the two nearest whole numbers, up with a
    probability equal to its fraction: with F_i = frac(x_1) + ... + frac(x_i) and one draw U in [0, 1), seat i gets its
    unit where F_i + U passes a whole number. So the stock is used up exactly, nobody gets more than its demand, and every
    seat's expectation is x_i. All in whole numbers: nothing here rests on how a machine rounds.

    Args:
        demand: [a] whole units, at least 0.
        stock: whole units, at least 0.
        key: draws U.

    Returns:
        [a] whole units; their sum is min(stock, sum(demand)).

    Source: systematic sampling with unequal probabilities, W. Madow, Annals of Mathematical Statistics 20 (1949).
    """
    wanted = total(demand)
    with jax.enable_x64(True):
        short = wanted > stock.astype(jnp.int64)
    return seldom(short, _shared, _demanded, (demand, stock, wanted, key))


def _demanded(given: tuple[Units, Int32[Array, ""], Total, Key]) -> Units:
    return given[0]


def _shared(given: tuple[Units, Int32[Array, ""], Total, Key]) -> Units:
    """What each seat gets of a stock that is less than what is wanted."""
    demand, stock, wanted, key = given
    with jax.enable_x64(True):
        parts = jnp.maximum(wanted, 1)
        exact = demand.astype(jnp.int64) * stock.astype(jnp.int64)
        fraction = exact % parts
        words = key.bits(2).astype(jnp.uint64)
        start = (((words[0] << jnp.uint64(31)) ^ words[1]) % parts.astype(jnp.uint64)).astype(jnp.int64)

        def around(left: Int64[Array, "..."], right: Int64[Array, "..."]) -> Int64[Array, "..."]:
            # A plain running sum could pass 64 bits: up to n sum(demand).
            whole = left + right
            return jnp.where(whole >= parts, whole - parts, whole)

        place = around(jax.lax.associative_scan(around, fraction), start)
        return (exact // parts + (place < fraction)).astype(jnp.int32)


def _millionths(value: Float[Array, ""]) -> Int64[Array, ""]:
    """A parameter in whole millionths, so that 1.1 is 11 / 10 and not its nearest binary fraction. In 64-bit mode only."""
    return jnp.round(value.astype(jnp.float64) * 1e6).astype(jnp.int64)
