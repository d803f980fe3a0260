"""A market in which firms set prices round by round, with logit demand: where prices can collude, and buyers pay for it.

The dilemma: a high price serves the firm's rivals, a low one takes their buyers, and all earn most where nobody takes any.

    p_k = lowest + k (highest - lowest) / (prices - 1),  k = 0, ..., prices - 1
    q_i = exp((quality - p_i) / mu) / (sum_j exp((quality - p_j) / mu) + exp(outside / mu)),  j over the firms of i's market
    payoff_i = (p_i - cost) q_i

Seats 0 to f - 1 are the firms of one market, the next f seats those of another, and so on: one society can hold many markets,
and firms of different markets never meet. Seats that are left over have no market: they are asked nothing and earn nothing.

Each seat sees its own last price, and what its rivals last posted: a round's prices are posted with probability `posted`,
market by market (1: an open market; 0: prices are secret, and each firm learns of its rivals by its own profit alone).

The norm scale of `price` is that of the buyers, whom a market is for and who hold no seat: what a firm takes from them is its
markup, the fair one is that of competition, and as with a shared resource the level is min(1, (fair - cost) / (p - cost)). It
is not the firms' welfare: a price at level 1 is what a cartel would punish. So audits and disclosures here are the buyers' own.

Units: 1,000 ledger units a token; a market of size 1. A payoff is reckoned in 64 bits and rounded to whole units, so that last
bits of the exponential do not reach the ledger. By default the numbers are those of the source, for two firms: a = 2, c = 1,
mu = 1/4, a_0 = 0 and 15 prices from a tenth of the gap below the Nash price 1.4729 to a tenth above the monopoly price 1.9250
(`analysis/exact/bertrand.py` finds them for other numbers).

Source: E. Calvano, G. Calzolari, V. Denicolo and S. Pastorello, "Artificial intelligence, algorithmic pricing, and collusion",
American Economic Review 110 (2020); rounds in which prices are not posted, and the norm scale, are ours.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Float64, Int32

from commonweal.core.arrays import Index, Units, real
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu
from commonweal.core.named import Named
from commonweal.core.parts import World
from commonweal.core.questions import Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Observation, Outcome, Start, View


class MarketState(eqx.Module):
    """The last prices, by their number from 0; -1: none."""

    last: Index
    """What each seat asked last round."""
    before: Index
    """What it asked the round before."""
    posted: Index
    """What was last posted of each seat's price."""


class MarketFacts(eqx.Module):
    """The prices of one round and of the two before it, thousandths of a token; 0: none."""

    price: Units
    """What each seat asks now."""
    last: Units
    """What it asked a round ago."""
    before: Units
    """What it asked two rounds ago."""
    firms: int = eqx.field(static=True)
    """Firms in a market: seats 0 to firms - 1 are one, and so on."""


class Market(World):
    """Price competition in markets of `firms` seats each.

    Raises:
        StudyError: there are fewer than two firms or prices, prices do not rise from above the cost, or a number is out of
            range.

    Source: Calvano et al. (2020).
    """

    units_per_token: ClassVar[int] = 1000

    firms: int = eqx.field(static=True, default=2)
    """Firms in a market, at least 2."""
    prices: int = eqx.field(static=True, default=15)
    """How many prices a firm may choose from, at least 2."""
    lowest: Float[Array, ""] = eqx.field(converter=real, default=1.4277212)
    """The lowest price, tokens, above the cost."""
    highest: Float[Array, ""] = eqx.field(converter=real, default=1.9701863)
    """The highest price, tokens, above the lowest."""
    fair: Float[Array, ""] = eqx.field(converter=real, default=1.4729267)
    """The price that the norm asks for, tokens, at least the lowest; by default that of competition."""
    quality: Float[Array, ""] = eqx.field(converter=real, default=2.0)
    """a, what a good is worth to buyers on average, tokens."""
    cost: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """c, what a good costs to make, tokens."""
    mu: Float[Array, ""] = eqx.field(converter=real, default=0.25)
    """How unlike the firms' goods are to buyers, tokens, above 0."""
    outside: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """a_0, what buyers have instead is worth, tokens."""
    posted: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that a round's prices are posted, 0 (secret) to 1 (open)."""

    def __check_init__(self) -> None:
        """Refuse a market that is none."""
        if self.firms < 2 or self.prices < 2:
            raise StudyError(f"a market of {self.firms} firms and {self.prices} prices; expected at least 2 of each")
        numbers = (self.lowest, self.highest, self.fair, self.quality, self.cost, self.mu, self.outside, self.posted)
        if any(isinstance(value, jax.core.Tracer) for value in numbers):
            return
        lowest, highest, fair, _, cost, mu, _, posted = (float(value) for value in numbers)
        if not (cost < lowest < highest and fair >= lowest and mu > 0 and 0 <= posted <= 1):
            raise StudyError(
                f"a market with cost {cost:g}, prices from {lowest:g} to {highest:g}, fair price {fair:g}, mu {mu:g} and "
                f"posting with probability {posted:g}; expected cost < lowest < highest, a fair price of at least the lowest, "
                "mu above 0 and a probability"
            )

    def grid(self) -> Float64[Array, "k"]:
        """The prices, tokens, lowest first, in 64 bits: use it in 64-bit mode."""
        with jax.enable_x64(True):
            low, high = self.lowest.astype(jnp.float64), self.highest.astype(jnp.float64)
            return low + (high - low) * jnp.arange(self.prices, dtype=jnp.float64) / (self.prices - 1)

    def profits(self, asked: Int32[Array, "m f"]) -> Int32[Array, "m f"]:
        """What each firm earns, ledger units, where the firms of each market ask these prices, by number."""
        with jax.enable_x64(True):
            price, mu = self.grid()[asked], self.mu.astype(jnp.float64)
            weight = jnp.exp((self.quality.astype(jnp.float64) - price) / mu)
            whole = weight.sum(1, keepdims=True) + jnp.exp(self.outside.astype(jnp.float64) / mu)
            earned = (price - self.cost.astype(jnp.float64)) * weight / whole
            return jnp.round(earned * self.units_per_token).astype(jnp.int32)

    def reset(self, key: Key, seats: Seats) -> Start:
        """Nobody has asked a price, and purses are empty."""
        none = jnp.full(seats.n, -1, jnp.int32)
        return Start(MarketState(none, none, none), jnp.zeros(seats.n, jnp.int32))

    def observe(self, state: MarketState, seats: Seats, purse: Units) -> Observation:
        """Own last price, and what each rival last posted, by number: those that follow in the market first; -1: none."""
        place, first = _places(seats.n, self.firms)
        rival = first[:, None] + (place[:, None] + jnp.arange(1, self.firms)) % self.firms
        there = self._placed(seats.n)
        rivals = jnp.where(there[:, None], state.posted[jnp.minimum(rival, seats.n - 1)], -1)
        return Observation(Named.of(("own", state.last), ("rivals", rivals), ("placed", there)))

    def menu(self, state: MarketState, seats: Seats, purse: Units) -> Menu:
        """One of the prices, the lowest first; only seats of a market are asked."""
        with jax.enable_x64(True):
            cost = self.cost.astype(jnp.float64)
            serves = jnp.minimum(1.0, (self.fair.astype(jnp.float64) - cost) / (self.grid() - cost)).astype(jnp.float32)
        options = tuple(f"price {number + 1} of {self.prices}" for number in range(self.prices))
        return Named.of(("price", Choice(self._placed(seats.n), options, serves)))

    def step(self, state: MarketState, seats: Seats, acts: Acts, purse: Units, key: Key) -> Outcome:
        """Buyers choose; each market's prices are posted or not."""
        n, firms = seats.n, self.firms
        there, markets = self._placed(n), n // firms
        asked = jnp.where(there, acts["price"], -1)
        inside = asked[: markets * firms].reshape(markets, firms)
        earned = jnp.zeros(n, jnp.int32).at[: markets * firms].set(self.profits(inside).reshape(-1))
        open_ = (
            jnp.zeros(n, bool).at[: markets * firms].set(jnp.repeat(key.child("posted").chance(self.posted, markets), firms))
        )
        prices = (self._units(asked), self._units(state.last), self._units(state.before))
        facts = MarketFacts(*prices, firms=firms)
        return Outcome(MarketState(asked, state.last, jnp.where(open_, asked, state.posted)), earned, facts)

    def _units(self, asked: Index) -> Units:
        """Prices by number as thousandths of a token; 0 for none."""
        with jax.enable_x64(True):
            price = jnp.round(self.grid() * self.units_per_token).astype(jnp.int32)[jnp.maximum(asked, 0)]
        return jnp.where(asked < 0, 0, price)

    def _placed(self, n: int) -> Bool[Array, "a"]:
        """Which seats are in a market."""
        return jnp.arange(n) < n // self.firms * self.firms

    def rules(self) -> str:
        """The situation in words."""
        posted = float(self.posted)
        shown = (
            "Everybody sees the prices of the last round."
            if posted == 1.0
            else "Prices are secret: you learn of your rivals by your own profit alone."
            if posted == 0.0
            else f"With probability {posted:.4g} a round's prices are posted for all firms of the market to see."
        )
        return (
            f"You are a firm in a market of {self.firms} firms. Each round every firm chooses its price, at the same time: "
            f"price number k of {self.prices} is {float(self.lowest):.4f} + (k - 1) x {self._gap():.4f}. A good costs you "
            f"{float(self.cost):.4g} to make. Buyers compare your price with those of the other firms and with buying nothing: "
            "the lower yours, the more you sell. What you receive is your profit, in thousandths of the unit of prices. "
            + shown
        )

    def _gap(self) -> float:
        """From one price to the next, tokens."""
        return (float(self.highest) - float(self.lowest)) / (self.prices - 1)

    def describe(self, view: View, agent: int) -> str:
        """The last round, in words."""
        if not bool(view.seen["placed"][agent]):
            return "You have no market: there is nothing to do."
        own, purse = int(view.seen["own"][agent]), int(view.purse[agent])
        if own < 0:
            return f"Nobody has set a price yet; you own {purse}."
        rivals = [int(price) for price in view.seen["rivals"][agent]]
        shown = ", ".join(f"{price + 1}" for price in rivals if price >= 0)
        words = f"Last round you chose price {own + 1} and received {int(view.payoff[agent])}; you own {purse}."
        return f"{words} Your rivals last posted price {shown}." if shown else f"{words} Your rivals have posted no price."


def _places(n: int, firms: int) -> tuple[Index, Index]:
    """Each seat's place in its market, from 0, and the market's first seat."""
    seat = jnp.arange(n, dtype=jnp.int32)
    return seat % firms, seat // firms * firms
