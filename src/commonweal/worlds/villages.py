"""A commons in villages along one river: what keeps a village's own stock takes water from all of them.

Seat i of n lives in village i mod V, and each village v has a stock of its own, as in the commons of GovSim:

    h_v(0) = K_v,  K_v = capacity_per_seat n_v
    got    = demand                                   if the demands of village v are at most h_v
           = demand h_v / sum(demand), in units       otherwise (see `split_by_village`)
    left_v = h_v - H_v,  H_v = sum of what village v got

What is left grows back by water of the river, and every unit that is harvested anywhere costs the region `spill` units of
growth (runoff, silt, a lower water table), of which each village bears its part by its seats:

    growth_v   = max(0, (g - 1) left_v - spill H n_v / n),  H = sum of H_v
    h_v(t + 1) = min(K_v, left_v + growth_v)    if left_v >= collapse_per_seat n_v, else 0 for ever

The dilemma has two levels. A village that looks at its own stock alone may take (g - 1) / g of it a month: were the river
always full, its stock would grow back for ever. Where all villages take a share u, the stock grows back only if

    g - (g + spill) u >= 1,  that is  u <= (g - 1) / (g + spill)

which is less. Where a share x of the seats of every village takes the village's share and the others the region's, the stock
of the region is multiplied each month by

    1 - x spill (g - 1) / g

so that in real units every village that keeps its own rule is part of what kills all of them: the region is dead in some month
t <= T iff (1 - u) (1 - x spill (g - 1) / g)^(T - 1) < collapse_per_seat / capacity_per_seat, u the mean share (`threshold`).
With one village and no spill the world is that of the commons, unit for unit.

Units: one unit of the resource is one ledger unit. A tick is a month. The norm scale of `harvest` is min(1, fair share /
harvest), the fair share of a village's seats being the region's: (g - 1) / (g + spill) of its stock, in whole units, over its
seats. The village's own share has level g / (g + spill). Parameters are read to the nearest millionth and the stock is
reckoned in whole numbers.

Source: the stock of a village is that of G. Piatti et al., "Cooperate or Collapse" (GovSim), NeurIPS 2024, arXiv 2404.16698;
spillovers between users of one river as in E. Ostrom, Governing the Commons (1990), chapter 4 (groundwater basins). The river,
its closed forms and its numbers are ours.
"""

from __future__ import annotations

import math
from typing import ClassVar

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int32, Int64
from numpy.typing import NDArray

from commonweal.core.arrays import Units, real
from commonweal.core.branches import seldom
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu
from commonweal.core.named import Named
from commonweal.core.parts import World
from commonweal.core.questions import Amount, Scale
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Observation, Outcome, Start, View

_ONE = 1_000_000
"""A parameter of 1, in millionths."""


class VillagesState(eqx.Module):
    """The stock of each village, and which have collapsed."""

    stock: Int32[Array, "v"]
    collapsed: Bool[Array, "v"]


class VillagesFacts(eqx.Module):
    """What happened to the stocks in one month; totals are of the region."""

    stock: Int32[Array, ""]
    """Before the harvest, units."""
    left: Int32[Array, ""]
    """After the harvest, units."""
    capacity: Int32[Array, ""]
    """Largest stock, units."""
    sustainable: Int32[Array, ""]
    """Largest total harvest from which the stock grows back where every village takes the same part of its own."""
    collapsed: Bool[Array, ""]
    """Whether the stocks of all villages are gone for good."""
    alive: Int32[Array, ""]
    """Villages whose stock is not gone."""
    stocks: Int32[Array, "v"]
    """Before the harvest, village by village."""
    lefts: Int32[Array, "v"]
    """After the harvest, village by village."""


class Villages(World):
    """Commons of several villages that share a river.

    Raises:
        StudyError: a number is out of range; at the start of a trial, there are fewer seats than villages.

    Source: Piatti et al., GovSim, NeurIPS 2024; Ostrom, Governing the Commons (1990), chapter 4; the river is ours.
    """

    tick_name: ClassVar[str] = "month"

    villages: int = eqx.field(static=True, default=2)
    """How many villages, at least 1; seat i lives in village i mod this number."""
    capacity_per_seat: Float[Array, ""] = eqx.field(converter=real, default=20.0)
    """Largest stock, units a seat; above 0."""
    collapse_per_seat: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Below this much, units a seat, what a harvest leaves of a village's stock is lost; at least 0."""
    growth: Float[Array, ""] = eqx.field(converter=real, default=2.0)
    """g: factor by which what is left grows in a month while the river is full, 1 to 100."""
    spill: Float[Array, ""] = eqx.field(converter=real, default=0.5)
    """Units of growth that the region loses for each unit harvested, 0 (villages are independent) to 1."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.villages < 1:
            raise StudyError(f"a region of {self.villages} villages; expected at least 1")
        ranges = (("growth", self.growth, 1.0, 100.0), ("spill", self.spill, 0.0, 1.0))
        amounts = (
            ("capacity_per_seat", self.capacity_per_seat, 0.0, 2e9),
            ("collapse_per_seat", self.collapse_per_seat, 0.0, 2e9),
        )
        for name, value, low, top in (*ranges, *amounts):
            if not isinstance(value, jax.core.Tracer) and not low <= float(value) <= top:
                raise StudyError(f"villages with {name} = {float(value):g}; expected a number from {low:g} to {top:g}")

    def sizes(self, n: int) -> NDArray[np.int64]:
        """Seats of each village, [v]."""
        return np.bincount(_village(n, self.villages), minlength=self.villages).astype(np.int64)

    def capacity(self, n: int) -> Int32[Array, "v"]:
        """Largest stock of each village, units; at most 2^31 - 1 in sum."""
        with jax.enable_x64(True):
            most = _millionths(self.capacity_per_seat) * jnp.asarray(self.sizes(n), jnp.int64) // _ONE
            return jnp.minimum(most, (2**31 - 1) // self.villages).astype(jnp.int32)

    def sustainable(self, stock: Int32[Array, "v"]) -> Int32[Array, "v"]:
        """The largest whole harvest of each village that is at most (g - 1) / (g + spill) of its stock."""
        return self._part(stock, self.spill)

    def own(self, stock: Int32[Array, "v"]) -> Int32[Array, "v"]:
        """The largest whole harvest that would keep each village's stock were the river full: (g - 1) / g of it."""
        return self._part(stock, jnp.zeros_like(self.spill))

    def _part(self, stock: Int32[Array, "v"], spill: Float[Array, ""]) -> Int32[Array, "v"]:
        with jax.enable_x64(True):
            growth = _millionths(self.growth)
            return (stock.astype(jnp.int64) * (growth - _ONE) // (growth + _millionths(spill))).astype(jnp.int32)

    def grown(self, harvest: Int32[Array, "v"], left: Int32[Array, "v"], n: int) -> Int64[Array, "v"]:
        """What the stocks of n seats gain in the month after a harvest, units, capacity and collapse apart."""
        with jax.enable_x64(True):
            cost = _millionths(self.spill) * harvest.sum(dtype=jnp.int64)
            sizes = jnp.asarray(self.sizes(n), jnp.int64)
            # cost n_v / n, in two steps: the product would not fit 64 bits.
            borne = cost // n * sizes + cost % n * sizes // n
            free = (_millionths(self.growth) - _ONE) * left.astype(jnp.int64)
            return jnp.maximum(free - borne, 0) // _ONE

    def regrown(self, harvest: Int32[Array, "v"], left: Int32[Array, "v"], n: int) -> Int32[Array, "v"]:
        """The stocks of n seats a month after a harvest, collapse apart."""
        with jax.enable_x64(True):
            return jnp.minimum(left.astype(jnp.int64) + self.grown(harvest, left, n), self.capacity(n)).astype(jnp.int32)

    def lost(self, left: Int32[Array, "v"], n: int) -> Bool[Array, "v"]:
        """In which villages of n seats too little was left to recover."""
        with jax.enable_x64(True):
            return left.astype(jnp.int64) * _ONE < _millionths(self.collapse_per_seat) * jnp.asarray(self.sizes(n), jnp.int64)

    def borne(self, units: int) -> float:
        """Share of a harvest's cost to the stocks that the members of a seat's own unit bear (host only).

        A unit harvested costs its village g units of next month's stock and all villages `spill` units together. Where the
        seats are split into B units of equal size, each of whole villages or each a part of one, a unit bears

            (g + spill / B) / (g + spill)              B <= V
            (g + spill / V) / (g + spill) V / B        B > V

        Args:
            units: B, at least 1.
        """
        growth, spill, villages = float(self.growth), float(self.spill), self.villages
        among = min(units, villages)
        return (growth + spill / among) / (growth + spill) * min(1.0, villages / units)

    def reset(self, key: Key, seats: Seats) -> Start:
        """Full stocks and empty purses.

        Raises:
            StudyError: there are fewer seats than villages.
        """
        if seats.n < self.villages:
            raise StudyError(f"{self.villages} villages were given {seats.n} seats; expected at least one seat a village")
        none = jnp.zeros(self.villages, bool)
        return Start(VillagesState(self.capacity(seats.n), none), jnp.zeros(seats.n, jnp.int32))

    def observe(self, state: VillagesState, seats: Seats, purse: Units) -> Observation:
        """Everybody sees the own village's stock, what a fair share of it is, and the region's stock."""
        n = seats.n
        at = jnp.asarray(_village(n, self.villages))
        capacity = self.capacity(n)
        return Observation(
            Named.of(
                ("stock", state.stock[at]),
                ("capacity", capacity[at]),
                ("sustainable", self.sustainable(state.stock)[at]),
                ("own", self.own(state.stock)[at]),
                ("seats", jnp.asarray(self.sizes(n), jnp.int32)[at]),
                ("region", jnp.full(n, state.stock.sum(dtype=jnp.int32))),
                ("region_capacity", jnp.full(n, capacity.sum(dtype=jnp.int32))),
            )
        )

    def menu(self, state: VillagesState, seats: Seats, purse: Units) -> Menu:
        """How much to harvest: 0 to the whole stock of the village; nobody is asked in a village whose stock is gone."""
        n = seats.n
        at = jnp.asarray(_village(n, self.villages))
        fair = self.sustainable(state.stock).astype(jnp.float32) / jnp.asarray(self.sizes(n), jnp.float32)
        harvest = Amount(
            asked=~state.collapsed[at],
            low=jnp.zeros(n, jnp.int32),
            high=state.stock[at],
            scale=Scale(fair[at], taking=True),
            unit="units of the resource",
        )
        return Named.of(("harvest", harvest))

    def step(self, state: VillagesState, seats: Seats, acts: Acts, purse: Units, key: Key) -> Outcome:
        """Harvest, then growth."""
        n = seats.n
        got = split_by_village(acts["harvest"], state.stock, key)
        harvest = _rows(got, self.villages).sum(0, dtype=jnp.int32)
        left = state.stock - harvest
        collapsed = state.collapsed | self.lost(left, n)
        facts = VillagesFacts(
            stock=state.stock.sum(dtype=jnp.int32),
            left=left.sum(dtype=jnp.int32),
            capacity=self.capacity(n).sum(dtype=jnp.int32),
            sustainable=self.sustainable(state.stock).sum(dtype=jnp.int32),
            collapsed=collapsed.all(),
            alive=(~collapsed).sum(dtype=jnp.int32),
            stocks=state.stock,
            lefts=left,
        )
        after = jnp.where(collapsed, 0, self.regrown(harvest, left, n))
        return Outcome(VillagesState(after, collapsed), got, facts)

    def rules(self) -> str:
        """The situation in words."""
        river = (
            f" All villages lie at one river: each unit harvested anywhere costs the region {float(self.spill):g} units of "
            "that growth, of which each village bears its part."
            if float(self.spill) > 0.0
            else ""
        )
        return (
            f"You live in one of {self.villages} villages, each with a resource that its people share. Each month everyone "
            "says how many units to harvest from the own village's stock, at the same time; what is left then grows by a "
            f"factor of {float(self.growth):g}, up to the capacity.{river} If too little is left of a village's stock, it is "
            "gone for good and nobody there harvests again. What you harvest is yours. Harvests are not shown unless a rule "
            "says so."
        )

    def describe(self, view: View, agent: int) -> str:
        """The own village's stock and the region's, in words."""
        seen = {name: int(leaf[agent]) for name, leaf in view.seen.items()}
        if seen["stock"] == 0:
            return "The stock of your village is gone. There is nothing to harvest."
        fair, n = seen["sustainable"], seen["seats"]
        return (
            f"The stock of your village is {seen['stock']} of at most {seen['capacity']} units, and {n} share it; that of all "
            f"villages together is {seen['region']} of at most {seen['region_capacity']}. If you together take at most "
            f"{seen['own']} ({seen['own'] / n:.3g} each), your village's stock grows back as long as the river is full; if "
            f"every village takes no more than {fair} of such a stock ({fair / n:.3g} each), the region's does. Last month you "
            f"received {int(view.payoff[agent])} units; you own {int(view.purse[agent])}."
        )


def monthly_factor(share: float, growth: float = 2.0, spill: float = 0.5) -> float:
    """What the region's stock is multiplied by in a month, in real units, while none of it is full: 1 - x spill (g - 1) / g.

    Args:
        share: x, of the seats that take their village's share; the others take the region's.
        growth: g, above 1.
        spill: at least 0.
    """
    return 1.0 - share * spill * (growth - 1.0) / growth


def threshold(ticks: int, floor: float, growth: float = 2.0, spill: float = 0.5) -> float:
    """The share of local optimisers above which the region is dead within some months, in real units, 0 to 1; 1: never.

    The root x of (1 - u) (1 - x spill (g - 1) / g)^(ticks - 1) = floor, u = x (g - 1) / g + (1 - x) (g - 1) / (g + spill), by
    bisection: the left side falls in x.

    Args:
        ticks: months.
        floor: stock left, as a share of the capacity, below which it is lost, 0 to 1.
        growth: g, above 1.
        spill: at least 0.
    """
    own, regional = (growth - 1.0) / growth, (growth - 1.0) / (growth + spill)

    def lasts(share: float) -> bool:
        kept = 1.0 - share * own - (1.0 - share) * regional
        factor = max(monthly_factor(share, growth, spill), 1e-300)
        return math.log(kept) + (ticks - 1) * math.log(factor) >= math.log(max(floor, 1e-300))

    if lasts(1.0):
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if lasts(middle) else (low, middle)
    return low


def split_by_village(demand: Units, stock: Int32[Array, "v"], key: Key) -> Units:
    """What each seat gets: its demand while its village's stock suffices, else that stock in proportion to demand.

    A village's stock is rounded to whole units by systematic sampling, with one draw a village: it is used up exactly, nobody
    gets more than its demand, and every seat's expectation is its exact share.

    Args:
        demand: [a] whole units, at least 0; seat i is of village i mod v.
        stock: [v] whole units, at least 0.
        key: two words a village are drawn from it.

    Returns:
        [a] whole units.

    Source: W. Madow, Annals of Mathematical Statistics 20 (1949).
    """
    villages = stock.shape[0]
    with jax.enable_x64(True):
        wanted = _rows(demand, villages).sum(0, dtype=jnp.int64)
        short = (wanted > stock.astype(jnp.int64)).any()
    return seldom(short, _shared, _demanded, (demand, stock, wanted, key))


def _demanded(given: tuple[Units, Int32[Array, "v"], Int64[Array, "v"], Key]) -> Units:
    return given[0]


def _shared(given: tuple[Units, Int32[Array, "v"], Int64[Array, "v"], Key]) -> Units:
    """What each seat gets where some village wants more than it has."""
    demand, stock, wanted, key = given
    villages = stock.shape[0]
    with jax.enable_x64(True):
        parts = jnp.maximum(wanted, 1)
        rows = _rows(demand, villages).astype(jnp.int64)
        exact = rows * jnp.minimum(stock.astype(jnp.int64), wanted)
        fraction = exact % parts
        words = key.bits((2, villages)).astype(jnp.uint64)
        start = (((words[0] << jnp.uint64(31)) ^ words[1]) % parts.astype(jnp.uint64)).astype(jnp.int64)

        def around(left: Int64[Array, "..."], right: Int64[Array, "..."]) -> Int64[Array, "..."]:
            # A plain running sum could pass 64 bits: up to the seats of a village times what they want.
            whole = left + right
            return jnp.where(whole >= parts, whole - parts, whole)

        place = around(jax.lax.associative_scan(around, fraction), start)
        got = (exact // parts + (place < fraction)).astype(jnp.int32)
        return got.reshape(-1)[: demand.shape[0]]


def _rows(values: Units, villages: int) -> Int32[Array, "m v"]:
    """Whole numbers of seats with a column for each village, 0 where it has no further seat."""
    rest = -values.shape[0] % villages
    return jnp.pad(values, (0, rest)).reshape(-1, villages)


def _village(n: int, villages: int) -> NDArray[np.int32]:
    """The village of each seat, [a]."""
    return (np.arange(n) % villages).astype(np.int32)


def _millionths(value: Float[Array, ""]) -> Int64[Array, ""]:
    """A parameter in whole millionths, so that 1.1 is 11 / 10 and not its nearest binary fraction. In 64-bit mode only."""
    return jnp.round(value.astype(jnp.float64) * 1e6).astype(jnp.int64)
