"""A commonwealth: an economy of chance in which wealth, and influence bought with it or voted, tilt every trade.

The dilemma: what one spends on influence tilts the trades of all, and power that can be bought goes where the wealth is.

Trade is the extended yard-sale model. In each of `meetings` trades a tick a seat meets another at random, and

    stake  = floor(stake min(w_i, w_j))
    lean   = advantage (w_i - w_j) / m + sway n (y_i - y_j)      cut off at -1 and 1
    i wins the stake with probability (1 + lean) / 2, else j does

with wealth w (the purse), its mean m = endowment, and shares y of influence. For the trades of a tick the seats are dealt at
random into two rows that pass each other, so that every trade has a uniformly random partner and no pair meets twice (of an
odd number one seat is idle). With b = meetings * stake, a seat much richer than the others gains per tick what the
continuum model calls

    zeta = b advantage                 the wealth-attained advantage,
    zeta = b (advantage + sway)        where influence is bought, each seat spending a like share of its purse:

shares of influence are then shares of wealth, and influence is one more advantage of wealth. Under a tax on wealth at rate
chi a tick, paid out equally, an oligarch is left with the share max(0, 1 - chi / zeta) of all wealth (large n). That needs
coins that are not yet certain: (advantage + sway) n times the oligarch's share at most 1.

Influence is a contest: y_i = x_i / sum(x), x_i being what is spent on seat i by itself and by those that back it (all have
1 / n where nothing is spent). What a seat spends goes to the others in equal parts, so that it is lost to the seat alone.
With `franchise` f votes count too: y_i = (1 - f) x_i / sum(x) + f votes_i / n, a seat voting for whom it backs. A `prize` is
paid by all alike and paid out by influence: without trade the contest is Tullock's, and n equal seats that maximise their
income spend (n - 1) prize / n^2 each, less what rounding moves.

Wealth is conserved: purses and the chest, which holds fewer units than there are seats, have one sum. The tax is a rule
(wealth_tax) and no parameter here, so that it can be voted on, switched and bound like any other; what is taken as tax on
income (tax) is another thing. Nobody trades in the first tick: influence is contested first.

The norm scale of `spend` is min(1, allowance / spent), the allowance being a share of mean wealth that every seat of mean
wealth can spend alike. Which seat is backed and whether one trades have none. Units: ledger units; a tick is a year.

Source: B. Boghosian, A. Devitt-Lee, M. Johnson, J. Li, J. Marcq and H. Wang, "Oligarchy as a phase transition: the effect of
wealth-attained advantage in a Fokker-Planck description of asset exchange", Physica A 476 (2017); G. Tullock, "Efficient rent
seeking" (1980), shares read as in S. Skaperdas, Economic Theory 7 (1996). Influence that tilts the coin is ours.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int32, UInt32

from commonweal.core.arrays import Flags, Index, Units, flag, real, whole
from commonweal.core.branches import apart
from commonweal.core.errors import StudyError
from commonweal.core.facts import ONE_SHARE
from commonweal.core.menu import Acts, Menu
from commonweal.core.named import Named
from commonweal.core.numbers import share_of, total
from commonweal.core.parts import World
from commonweal.core.questions import Amount, Choice, Scale
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Observation, Outcome, Start, View

MYSELF = -1
"""The answer to `back` that backs no other seat."""
_EVEN = 1 << 29
"""A lean of 1: coins are drawn from 0 to 2 _EVEN - 1."""
_MOST = 2**31 - 1


class CommonwealthState(eqx.Module):
    """What lies between two years."""

    influence: Index
    """Shares of the last contest, [a] in units of 2^-24."""
    chest: Int32[Array, ""]
    """What could not be divided yet, fewer units than there are seats."""
    open: Bool[Array, ""]
    """Whether there is trade: not in the first year."""


class CommonwealthFacts(eqx.Module):
    """What happened in one year."""

    influence: Index
    """Shares of the contest, [a] in units of 2^-24."""
    spent: Units
    """What each seat spent on influence."""
    richest: Int32[Array, ""]
    """What the richest seat owned after the trades, ledger units."""


class Commonwealth(World):
    """The extended yard-sale economy with a contest for influence.

    Raises:
        StudyError: a number is out of range, or there are fewer than two seats.

    Source: Boghosian et al., Physica A 476 (2017); Tullock (1980).
    """

    tick_name: ClassVar[str] = "year"

    endowment: Int32[Array, ""] = eqx.field(converter=whole, default=100_000)
    """Mean wealth, ledger units a seat, at least 1; less where all wealth would not fit one purse (2^31 - 1 units)."""
    first_share: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Share of all wealth that the first seat is born with, 0 to 1; 0: it is born like all others."""
    stake: Float[Array, ""] = eqx.field(converter=real, default=0.1)
    """What is at stake in a trade, as a share of the poorer one's wealth, 0 (no trade) to 1."""
    advantage: Float[Array, ""] = eqx.field(converter=real, default=0.003)
    """How far the coin leans to the richer one, per mean wealth of difference, at least 0."""
    sway: Float[Array, ""] = eqx.field(converter=real, default=0.003)
    """How far the coin leans to the more influential one, per mean influence (1 / n) of difference, at least 0."""
    franchise: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Weight of votes in influence, 0 (it is bought) to 1 (it is voted)."""
    allowance: Float[Array, ""] = eqx.field(converter=real, default=0.01)
    """What the norm lets a seat spend on influence in a year, as a share of mean wealth, 0 to 1."""
    most: Float[Array, ""] = eqx.field(converter=real, default=0.1)
    """What a seat can spend at most in a year, as a share of its purse, 0 to 1."""
    prize: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """What is paid by all alike and out by influence in a year, ledger units in all, at least 0."""
    optional: Bool[Array, ""] = eqx.field(converter=flag, default=False)
    """Whether a seat may abstain from a year's trade."""
    meetings: int = eqx.field(static=True, default=16)
    """Trades a year, at least 1; of n seats no more than n / 2 are with different partners."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.meetings < 1:
            raise StudyError(f"a commonwealth with meetings = {self.meetings}; expected at least 1")
        shares = ("first_share", "stake", "franchise", "allowance", "most")
        ranges = [(name, 0, 1) for name in shares] + [("advantage", 0, 1e6), ("sway", 0, 1e6), ("prize", 0, _MOST)]
        for name, low, high in (*ranges, ("endowment", 1, _MOST)):
            value = getattr(self, name)
            if not isinstance(value, jax.core.Tracer) and not low <= value.item() <= high:
                raise StudyError(f"a commonwealth with {name} = {value.item():g}; expected a number from {low} to {high:g}")

    def mean_wealth(self, n: int) -> Int32[Array, ""]:
        """Ledger units a seat, where there are n."""
        return jnp.minimum(self.endowment, _MOST // n)

    @property
    def contested(self) -> Bool[Array, ""]:
        """Whether influence is worth anything."""
        return (self.sway > 0) | (self.prize > 0)

    def reset(self, key: Key, seats: Seats) -> Start:
        """Purses alike but for the first seat's, equal influence, and no trade yet."""
        n = seats.n
        if n < 2:
            raise StudyError(f"a commonwealth of {n} seats; expected at least 2: who would trade?")
        mean = self.mean_wealth(n)
        first = share_of(mean * n, self.first_share)
        rest = (mean * n - first) // (n - 1)
        favoured = self.first_share > 0
        purse = jnp.where(favoured, jnp.full(n, rest).at[0].set(first), jnp.full(n, mean))
        chest = jnp.where(favoured, mean * n - first - rest * (n - 1), 0)
        return Start(CommonwealthState(jnp.full(n, ONE_SHARE // n, jnp.int32), chest, jnp.zeros((), bool)), purse)

    def observe(self, state: CommonwealthState, seats: Seats, purse: Units) -> Observation:
        """Own influence; mean and greatest wealth; whether there is trade; how many seats there are."""
        n = seats.n
        return Observation(
            Named.of(
                ("influence", state.influence),
                ("mean", jnp.full(n, self.mean_wealth(n))),
                ("richest", jnp.full(n, purse.max())),
                ("open", jnp.full(n, state.open)),
                ("seats", jnp.full(n, n, jnp.int32)),
            )
        )

    def menu(self, state: CommonwealthState, seats: Seats, purse: Units) -> Menu:
        """What to spend on influence, whom to back, and, where that is left open, whether to trade."""
        n = seats.n
        high = jnp.maximum(share_of(purse, self.most), 0)
        fair = self.allowance * self.mean_wealth(n).astype(jnp.float32)
        bought = self.contested & (self.franchise < 1)
        spend = Amount(jnp.full(n, bought), jnp.zeros(n, jnp.int32), high, Scale(fair), unit="units of wealth for influence")
        nobody, last = jnp.full(n, MYSELF, jnp.int32), jnp.full(n, n - 1, jnp.int32)
        back = Amount(jnp.full(n, self.contested), nobody, last, unit="(the number of the seat to back, -1: yourself)")
        trade = Choice(jnp.full(n, self.optional & state.open), ("trade", "abstain"))
        return Named.of(("spend", spend), ("back", back), ("trade", trade))

    def step(self, state: CommonwealthState, seats: Seats, acts: Acts, purse: Units, key: Key) -> Outcome:
        """The contest, then the trades of a year."""
        n = seats.n
        # Money that another rule has taken since cannot be spent.
        spent = jnp.clip(acts["spend"], 0, jnp.maximum(purse, 0))
        # What rules made of the acts is computed once, or the compiler follows it into every address of the contest.
        spent, back = apart((spent, acts["back"]), _always(key))
        influence = self.contest(spent, back)
        levy = jnp.minimum(self.prize // n, jnp.maximum(purse, 0) - spent)
        with jax.enable_x64(True):
            whole_spent, pot = total(spent), total(levy)
            paid = ((whole_spent - spent) // (n - 1)).astype(jnp.int32)
            won = ((pot * influence.astype(jnp.int64)) >> 24).astype(jnp.int32)
            left = state.chest.astype(jnp.int64) + whole_spent - total(paid) + pot - total(won)
            each, rest = (left // n).astype(jnp.int32), (left % n).astype(jnp.int32)
        settled = purse - spent + paid - levy + won + each
        # Who was not asked cannot abstain, however the options stand.
        there = state.open & ((acts["trade"] == 0) | ~self.optional)
        traded = self.trade(settled, influence, there, key)
        facts = CommonwealthFacts(influence, spent, traded.max())
        return Outcome(CommonwealthState(influence, rest, jnp.ones((), bool)), traded - purse, facts)

    def contest(self, spent: Units, back: Index) -> Index:
        """Shares of influence, [a] in units of 2^-24, rounded down.

        Args:
            spent: [a] ledger units, at least 0.
            back: [a] the seat that each one's money and vote are for, -1: its own.
        """
        n = spent.shape[0]
        whom = jnp.where(back < 0, jnp.arange(n, dtype=jnp.int32), back)
        with jax.enable_x64(True):
            for_seat = jnp.zeros(n, jnp.int64).at[whom].add(spent.astype(jnp.int64))
            votes = jnp.zeros(n, jnp.int64).at[whom].add(1)
            whole_spent = for_seat.sum()
            bought = (for_seat << 24) // jnp.maximum(whole_spent, 1)
            bought = jnp.where(whole_spent > 0, bought, ONE_SHARE // n)
            weight = jnp.round(self.franchise.astype(jnp.float64) * 65536).astype(jnp.int64)
            return ((bought * (65536 - weight) + (votes << 24) // n * weight) >> 16).astype(jnp.int32)

    def trade(self, purse: Units, influence: Index, there: Flags, key: Key) -> Units:
        """Purses after the trades of a year.

        Args:
            purse: [a] ledger units; who owes stakes nothing.
            influence: [a] shares in units of 2^-24.
            there: [a] who trades.
            key: deals the seats and tosses the coins.
        """
        n = purse.shape[0]
        half = n // 2
        order = apart(_order(key.child("order").bits(n)), _always(key))
        by_wealth = self.advantage / self.mean_wealth(n).astype(jnp.float32)
        by_influence = self.sway * jnp.float32(n / ONE_SHARE)
        dealt = [leaf[order] for leaf in (purse, influence, there)]
        (near, far), (near_y, far_y), (near_in, far_in) = ((leaf[:half], leaf[half : 2 * half]) for leaf in dealt)
        coins, numbers = key.child("coin"), jnp.arange(self.meetings, dtype=jnp.int32)
        coin = jax.vmap(lambda number: (coins.child(number).bits(half) >> 2).astype(jnp.int32))(numbers)
        # The row that moves on lies still in a longer line, and a window moves back over it: a row that was turned round at
        # each meeting would be copied, and its trades reckoned twice and one by one. Before its first place comes its last.
        places = (np.arange(self.meetings + half) - self.meetings) % half
        coin, line, line_y, line_in = apart((coin, *(row[places] for row in (far, far_y, far_in))), _always(key))

        def meet(rows: tuple[Units, Units], now: tuple[Int32[Array, ""], Index]) -> tuple[tuple[Units, Units], None]:
            (one, line), (number, coin) = rows, now
            at = self.meetings - number
            two, two_y, two_in = (jax.lax.dynamic_slice_in_dim(row, at, half) for row in (line, line_y, line_in))
            poorer = jnp.minimum(one, two)
            stake = jnp.clip(jnp.floor(poorer.astype(jnp.float32) * self.stake).astype(jnp.int32), 0, jnp.maximum(poorer, 0))
            # Each part is whole before they are added: a fused product and sum would round differently from engine to engine.
            lean = _fixed((one - two).astype(jnp.float32) * by_wealth)
            lean = lean + _fixed((near_y - two_y).astype(jnp.float32) * by_influence)
            gain = jnp.where(coin < _EVEN + jnp.clip(lean, -_EVEN, _EVEN), stake, -stake)
            gain = jnp.where(near_in & two_in, gain, 0)
            two = two - gain
            line = jax.lax.dynamic_update_slice_in_dim(line, two, at, 0)
            return (one + gain, jax.lax.dynamic_update_slice_in_dim(line, two[-1:], at - 1, 0)), None

        (near, line), _ = jax.lax.scan(meet, (near, line), (numbers, coin))
        after = jnp.concatenate([near, jnp.roll(line[:half], -self.meetings), dealt[0][2 * half :]])
        return jnp.zeros_like(purse).at[order].set(after, unique_indices=True)

    def rules(self) -> str:
        """The situation in words."""
        words = (
            f"You and others trade each year. In a trade two of you stake {float(self.stake):.4g} of what the poorer one owns, "
            "and a coin decides who gets the stake; the coin leans to the richer one and to the more influential one. What you "
            "spend on influence goes to the others in equal parts; your part of what all spend is your part of the influence."
        )
        if float(self.franchise) > 0:
            words += f" Votes count for {float(self.franchise):.4g} of all influence: you vote for the seat that you back."
        if int(self.prize) > 0:
            words += f" Each year {int(self.prize)} units are taken from all of you alike and paid out by influence."
        return words

    def describe(self, view: View, agent: int) -> str:
        """Own wealth and influence, in words."""
        seen = view.seen
        n, share = int(seen["seats"][agent]), int(seen["influence"][agent]) / ONE_SHARE
        words = (
            f"You are one of {n}. You own {int(view.purse[agent])} units; the mean is {int(seen['mean'][agent])} and the "
            f"richest one owns {int(seen['richest'][agent])}. You have {share:.3g} of the influence; an equal "
            f"part is {1 / n:.3g}."
        )
        return words if bool(seen["open"][agent]) else f"{words} Nobody trades this year."


def _always(key: Key) -> Bool[Array, ""]:
    """A condition that holds, in a way that the compiler cannot know."""
    return (key.first | 1) > 0


def _order(words: UInt32[Array, "a"]) -> Index:
    """The order that sorts words, ties by number, as `Key.order` has it.

    Numbers of 64 bits that hold word and number are sorted with a comparison of the machine's, four times as fast as pairs.
    """
    with jax.enable_x64(True):
        numbered = (words.astype(jnp.uint64) << jnp.uint64(32)) | jnp.arange(words.shape[0], dtype=jnp.uint64)
        return (jax.lax.sort(numbered, is_stable=False) & jnp.uint64(0xFFFFFFFF)).astype(jnp.int32)


def _fixed(lean: Float[Array, "k"]) -> Int32[Array, "k"]:
    """A lean, cut off at -1 and 1, in units of 2^-29."""
    return (jnp.clip(lean, -1.0, 1.0) * _EVEN).astype(jnp.int32)
