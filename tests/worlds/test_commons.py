"""The commons against GovSim's arithmetic, a closed form of its collapse, and exact fractions."""

from fractions import Fraction

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.parts import Mind
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import Decision
from commonweal.engine.compiled import run, run_batch
from commonweal.engine.phases import offer
from commonweal.engine.trial import begin
from commonweal.metrics.efficiency import Efficiency
from commonweal.metrics.equality import Equality
from commonweal.metrics.gain import Gain
from commonweal.metrics.months import MonthsSurvived
from commonweal.metrics.over_use import OverUse
from commonweal.metrics.survival import Survival
from commonweal.metrics.welfare import Welfare
from commonweal.minds.scripted import Scripted
from commonweal.worlds.commons import Commons, split

METRICS = Named.of(
    ("survival", Survival()),
    ("months", MonthsSurvived()),
    ("gain", Gain()),
    ("welfare", Welfare()),
    ("efficiency", Efficiency()),
    ("equality", Equality()),
    ("over_use", OverUse()),
)


class Takes(Mind):
    """Demands a fixed number of units, and a seat's part of a fixed share of the stock, never more than there is."""

    first: jax.Array = eqx.field(converter=jnp.int32, default=0)
    later: jax.Array = eqx.field(converter=jnp.int32, default=0)
    share: jax.Array = eqx.field(converter=jnp.float32, default=0.0)

    def init(self, key, seats):
        return ()

    def act(self, memory, view, key):
        high = view.menu["harvest"].high
        part = jnp.floor(self.share * high.astype(jnp.float32) / view.seen["seats"].astype(jnp.float32))
        units = jnp.where(view.tick == 0, self.first, self.later) + part.astype(jnp.int32)
        return Decision(Named.of(("harvest", jnp.minimum(units, high))), memory)


def takers(n=5, world=None):
    return Society(world or Commons(), Named.of(("takes", Takes())), Seating(n))


# First month, later months -> survival, months, gain, efficiency, equality, over-use. Source: GovSim's formulas by hand.
GOVSIM = [
    ((10, 10), (1, 12, 120, 1.0, 1.0, 0.0)),
    ((100, 100), (0, 1, 20, 1 / 6, 1.0, 1.0)),
    ((20, 20), (0, 1, 20, 1 / 6, 1.0, 1.0)),
    ((11, 11), (0, 4, 39, 0.325, 1.0, 1.0)),
    ((12, 12), (0, 3, 32, 0.266667, 1.0, 1.0)),
    ((19, 0), (1, 12, 19, 95 / 600, 1.0, 1 / 12)),
]


@pytest.fixture(scope="module")
def govsim():
    first, later = (np.asarray([taken[which] for taken, _ in GOVSIM], np.int32) for which in (0, 1))
    vary = ((lens.mind("takes", Takes, lambda m: m.first), first), (lens.mind("takes", Takes, lambda m: m.later), later))
    return run_batch(takers(), vary, tuple(range(len(GOVSIM))), 12, METRICS)


@pytest.mark.parametrize("row", range(len(GOVSIM)))
def test_govsim(govsim, row):
    values, known = govsim[row].values, GOVSIM[row][1]
    names = ("survival", "months", "gain", "efficiency", "equality", "over_use")
    assert [values[name] for name in names] == pytest.approx(list(known), abs=5e-7)
    assert values["welfare"] == values["gain"]


def test_the_stock_month_by_month(govsim):
    assert govsim[0].readings["world.left"].tolist() == [50] * 12
    assert govsim[3].readings["world.stock"].tolist() == [100, 90, 70, 30, *[0] * 8]
    assert govsim[5].readings["world.stock"].tolist() == [100, 10, 20, 40, 80, *[100] * 7]
    assert govsim[3].readings["asked.harvest"].tolist() == [5] * 4 + [0] * 8
    assert [(event.tick, event.kind) for event in govsim[3].events] == [(3, "collapse")]


@pytest.mark.parametrize("n", [100, 1000])
def test_the_fair_share_is_sustained_at_any_size(n):
    values = run(Society(Commons(), Named.of(("civil", Scripted())), Seating(n)), 0, 12, METRICS).values
    assert values == {
        "survival": 1, "months": 12, "gain": 120, "welfare": 120, "efficiency": 1, "equality": 1, "over_use": 0,
    }  # fmt: skip


def test_govsims_own_split_spreads_more():
    """GovSim hands out unit by unit at random: E[equality] is .899 to .901 where all demand the pool; ours gives 1."""
    got = np.random.default_rng(0).multinomial(100, [0.2] * 5, size=20_000)
    apart = np.abs(got[:, :, None] - got[:, None, :]).sum((1, 2))
    assert 0.899 <= (1 - apart / (2 * 5 * 100)).mean() <= 0.901


def test_collapse_in_closed_form():
    """A share u of the stock each month leaves K 2^(t-1) (1-u)^t: dead in the first month where that is below K / 20.

    So the stock lives for ever iff u <= 1/2, and is dead by month 12 iff u > 1 - (5 / 204800)^(1/12) = .587298.
    """
    months = 200
    edge = 1 - (5 / 204800) ** (1 / 12)
    assert edge == pytest.approx(0.587298, abs=5e-7)
    drawn = np.random.default_rng(1).uniform(0.4, 0.7, 58)
    shares = np.asarray([*drawn, 0.3, 0.5, 0.508, edge - 2e-4, edge + 2e-4, 0.95], np.float32)
    # Large seats, so that whole units do not matter: 2,000,000 units each.
    society = takers(world=Commons(capacity_per_seat=2e6, collapse_per_seat=1e5))
    vary = ((lens.mind("takes", Takes, lambda m: m.share), shares),)
    logs = run_batch(society, vary, tuple(range(len(shares))), months, METRICS)
    at = np.arange(1, months + 1)
    for u, log in zip(shares.astype(np.float64), logs, strict=True):
        left = np.log(2) * (at - 1) + at * np.log(1 - u) if u > 0.5 else np.zeros(months)
        if np.abs(left - np.log(0.05)).min() < 1e-3:
            continue  # too near to call in whole units
        dead = left < np.log(0.05)
        assert log.values["months"] == (np.argmax(dead) + 1 if dead.any() else months), u
        assert log.values["survival"] == (0.0 if dead.any() else 1.0), u
        assert (log.values["months"] < 12 or bool(dead[11])) == (u > edge), u


DEMANDS = st.lists(st.one_of(st.integers(0, 40), st.integers(0, 2**31 - 1)), min_size=7, max_size=7)
quick_split = jax.jit(lambda demand, stock, seed: split(demand, stock, Key.root(seed)))


@given(DEMANDS, st.one_of(st.integers(0, 200), st.integers(0, 2**31 - 1)), st.integers(0, 2**31 - 1))
def test_a_split_gives_the_stock_and_nobody_more_than_its_demand(demand, stock, seed):
    got = np.asarray(quick_split(jnp.asarray(demand, jnp.int32), jnp.int32(stock), jnp.int32(seed))).tolist()
    wanted = sum(demand)
    assert sum(got) == min(stock, wanted)
    for mine, asked in zip(got, demand, strict=True):
        exact = Fraction(asked) if wanted <= stock else Fraction(asked * stock, wanted)
        assert 0 <= mine <= asked
        assert abs(mine - exact) < 1


@given(st.lists(st.integers(0, 60), min_size=7, max_size=7), st.integers(1, 100))
def test_a_split_is_proportional_in_expectation(demand, stock):
    trials, wanted = 4096, max(1, sum(demand))
    got = np.asarray(many_splits(jnp.asarray(demand, jnp.int32), jnp.int32(stock), jnp.arange(trials)))
    exact = np.asarray(demand) * min(1.0, stock / wanted)
    spread = np.sqrt(0.25 / trials)  # a rounding's standard deviation is at most 1/2
    assert np.abs(got.mean(0) - exact).max() <= 5.5 * spread


many_splits = jax.jit(jax.vmap(lambda demand, stock, seed: split(demand, stock, Key.root(seed)), (None, None, 0)))


def test_a_split_over_many_seats_does_not_overflow():
    n = 200_000
    whole = jax.jit(split)(jnp.full(n, 2**31 - 1, jnp.int32), jnp.int32(20 * n), Key.root(0))
    assert (np.asarray(whole) == 20).all()
    uneven = jnp.asarray(np.random.default_rng(0).integers(2**30, 2**31 - 1, n), jnp.int32)
    assert int(np.asarray(jax.jit(split)(uneven, jnp.int32(20 * n + 7), Key.root(0)), np.int64).sum()) == 20 * n + 7


@pytest.mark.parametrize("growth", ["1.1", "1.3", "1.75", "2", "2.999", "3"])
def test_whole_units_follow_decimal_parameters(growth):
    """Against exact fractions: a growth of 1.1 is 11 / 10, not its nearest binary fraction."""
    world, factor = Commons(growth=float(growth)), Fraction(growth)
    stock = np.arange(0, 400)
    take = np.asarray(world.sustainable(jnp.asarray(stock, jnp.int32)))
    grown = np.asarray(world.regrown(jnp.asarray(stock, jnp.int32), 15))
    for h, x, more in zip(stock.tolist(), take.tolist(), grown.tolist(), strict=True):
        assert factor * (h - x) >= h
        assert x == h or factor * (h - x - 1) < h
        assert more == min(300, int(factor * h))


def test_the_floor_and_the_capacity_are_exact():
    world = Commons(capacity_per_seat=20.1, collapse_per_seat=0.5)
    assert int(world.capacity(10)) == 201
    assert int(world.capacity(10_000_000)) == 201_000_000
    assert [bool(world.lost(jnp.int32(left), 5)) for left in (2, 3)] == [True, False]


def test_a_seat_reads_the_stock_and_its_own_gains():
    state = begin(takers(), 0).state
    words = Commons().describe(offer(takers(), state), 3)
    assert "The stock is 100 of at most 100 units, and 5 share it" in words
    assert "at most 50 (10 each)" in words
    assert "factor of 2," in Commons().rules()
    dead = eqx.tree_at(lambda s: s.world.stock, state, jnp.int32(0))
    assert Commons().describe(offer(takers(), dead), 3).startswith("The resource is gone")
