"""Villages against the commons they are made of, exact fractions, one month by hand, and the closed form of the region."""

from fractions import Fraction

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.facts import HasStock
from commonweal.core.named import Named
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.compiled import run, run_batch
from commonweal.engine.phases import offer
from commonweal.engine.trial import begin
from commonweal.minds.scripted import Scripted
from commonweal.testing import Wild, check_world
from commonweal.worlds.commons import Commons, CommonsState, split
from commonweal.worlds.villages import Villages, VillagesState, monthly_factor, split_by_village, threshold


def seats(n):
    return Seats(jnp.zeros(n, jnp.int32))


def step(world, state, demand, seed=0):
    return world.step(state, seats(len(demand)), Named.of(("harvest", jnp.asarray(demand, jnp.int32))), None, Key.root(seed))


@pytest.mark.slow
@pytest.mark.parametrize("world", [Villages(), Villages(1, spill=0.0), Villages(2, 900.0, growth=3.0, spill=0.4)])
def test_laws(world):
    check_world(world)


def test_one_village_without_spill_is_the_commons_month_for_month():
    """The commons is the independent implementation: stocks, splits and draws are the same at random parameters."""
    n = 7
    rng = np.random.default_rng(0)

    @jax.jit
    def both(parameters, stock, demand, seed):
        capacity, collapse, growth = parameters
        old = Commons(capacity, collapse, growth)
        new = Villages(1, capacity, collapse, growth, 0.0)
        one = step(old, CommonsState(stock, stock == 0), demand, seed)
        two = step(new, VillagesState(stock[None], (stock == 0)[None]), demand, seed)
        menus = [
            world.menu(state, seats(n), None)["harvest"]
            for world, state in ((old, CommonsState(stock, stock == 0)), (new, VillagesState(stock[None], (stock == 0)[None])))
        ]
        return one, two, menus

    dead = 0
    for seed in range(60):
        given = (rng.uniform(1, 400), rng.uniform(0, 40), rng.choice([1.1, 1.3, 1.75, 2.0, 3.0]))
        stock = int(Commons(*given).capacity(n)) if seed % 2 else int(rng.integers(0, int(given[0] * n) + 1))
        demand = rng.integers(0, max(1, 2 * stock // n) + 1, n)
        one, two, menus = both(tuple(jnp.float32(x) for x in given), jnp.int32(stock), jnp.asarray(demand, jnp.int32), seed)
        assert np.array_equal(one.payoff, two.payoff)
        assert (int(one.state.stock), bool(one.state.collapsed)) == (int(two.state.stock[0]), bool(two.state.collapsed[0]))
        for name in ("stock", "left", "capacity", "sustainable", "collapsed"):
            assert int(getattr(one.facts, name)) == int(getattr(two.facts, name)), name
        old, new = menus
        assert np.array_equal(old.high, new.high)
        assert np.array_equal(old.asked, new.asked)
        assert np.array_equal(np.broadcast_to(old.scale.fair, n), new.scale.fair)
        dead += bool(one.facts.collapsed)
    assert 0 < dead < 60


@pytest.mark.slow
def test_a_trial_of_one_village_is_a_trial_of_the_commons():
    minds = Named.of(("wild", Wild()), ("civil", Scripted()))
    worlds = (Commons(50.0, growth=1.75), Villages(1, 50.0, growth=1.75, spill=0.0))
    societies = [Society(world, minds, Seating(9, Named.of(("civil", jnp.float32(0.8))))) for world in worlds]
    one, two = (run(society, 3, 8, record=("acts", "payoff", "purse")) for society in societies)
    assert all(np.array_equal(one.traces[name], two.traces[name]) for name in one.traces)
    assert all(np.array_equal(two.readings[name], series) for name, series in one.readings.items())


def test_a_month_by_hand():
    """Two villages of two, 20 units each, g = 2, spill = 1: one takes what keeps its own stock, the other the region's share.

    f = 20 / 3 -> 6 and own = 10. Together 16 are harvested, and each village lacks 8 units of growth: 10 + (10 - 8) = 12 and
    14 + (14 - 8) = 20. With both at 10 each village lacks 10 of 10 and stays at 10; with both at 6 it is at min(20, 28 - 6).
    """
    world = Villages(2, 10.0, 1.0, 2.0, 1.0)
    start = world.reset(Key.root(0), seats(4)).state
    assert start.stock.tolist() == [20, 20]
    assert (world.sustainable(start.stock).tolist(), world.own(start.stock).tolist()) == ([6, 6], [10, 10])
    for demand, after in (([5, 3, 5, 3], [12, 20]), ([5, 5, 5, 5], [10, 10]), ([3, 3, 3, 3], [20, 20])):
        outcome = step(world, start, demand)
        assert outcome.state.stock.tolist() == after
        assert outcome.payoff.tolist() == demand
    outcome = step(world, start, [20, 3, 20, 3])
    assert outcome.payoff.tolist() == [10, 3, 10, 3]
    assert outcome.facts.lefts.tolist() == [0, 14]
    assert (outcome.state.collapsed.tolist(), int(outcome.facts.alive)) == ([True, False], 1)
    assert not bool(outcome.facts.collapsed)
    assert outcome.state.stock.tolist() == [0, 15]
    assert isinstance(outcome.facts, HasStock)
    menu = world.menu(outcome.state, seats(4), None)["harvest"]
    assert menu.asked.tolist() == [False, True, False, True]


def test_growth_and_shares_follow_exact_fractions():
    """Against fractions, with unequal villages: seats 0 to 10 in 3 villages are 4, 4 and 3."""
    n, villages = 11, 3
    rng = np.random.default_rng(1)
    sizes = [4, 4, 3]
    grow = jax.jit(lambda world, harvest, left: (world.regrown(harvest, left, n), world.sustainable(left), world.capacity(n)))
    for _ in range(60):
        growth, spill = Fraction(int(rng.integers(1000, 4000)), 1000), Fraction(int(rng.integers(0, 1001)), 1000)
        top = int(10 ** rng.uniform(1, 7))
        world = Villages(villages, float(top), 0.0, float(growth), float(spill))
        left = rng.integers(0, 2 * top, villages)
        harvest = rng.integers(0, 2 * top, villages)
        after, fair, capacity = grow(world, jnp.asarray(harvest, jnp.int32), jnp.asarray(left, jnp.int32))
        for v, size in enumerate(sizes):
            loss = Fraction(spill * int(harvest.sum()) * size, n)
            gain = max(Fraction(0), (growth - 1) * int(left[v]) - loss)
            assert int(capacity[v]) == top * size
            # A millionth of a unit is cut off before the whole units are taken.
            assert abs(int(after[v]) - min(top * size, int(left[v]) + gain)) <= 1 + Fraction(1, 10**6)
            assert int(fair[v]) == (growth - 1) * int(left[v]) // (growth + spill)


@pytest.mark.parametrize("villages", [1, 3])
def test_a_split_uses_up_the_stock_and_gives_nobody_more_than_its_demand(villages):
    n = 11
    rng = np.random.default_rng(2)
    quick = jax.jit(lambda demand, stock, seed: split_by_village(demand, stock, Key.root(seed)))
    for seed in range(100):
        top = 40 if seed % 2 else 2**31 - 1
        demand, stock = rng.integers(0, top, n), rng.integers(0, top, villages)
        got = np.asarray(quick(jnp.asarray(demand, jnp.int32), jnp.asarray(stock, jnp.int32), seed), np.int64)
        for v in range(villages):
            wanted, mine = int(demand[v::villages].sum()), got[v::villages]
            assert mine.sum() == min(int(stock[v]), wanted)
            for asked, units in zip(demand[v::villages].tolist(), mine.tolist(), strict=True):
                exact = Fraction(asked * min(int(stock[v]), wanted), max(wanted, 1))
                assert 0 <= units <= asked
                assert abs(units - exact) < 1
        if villages == 1:
            same = split(jnp.asarray(demand, jnp.int32), jnp.int32(stock[0]), Key.root(seed))
            assert np.array_equal(got, same)


def test_who_bears_the_cost_of_a_harvest():
    """Against the difference that one more unit makes to every village's next stock, far from floors and ceilings."""
    n, size = 24, 10**6
    rng = np.random.default_rng(3)
    for villages in (1, 2, 3, 4):
        world = Villages(villages, 4e7, 0.0, float(rng.uniform(1.5, 4)), float(rng.uniform(0, 1)))
        stock = np.full(villages, 100 * size)
        harvest = rng.integers(1, 5, villages) * size
        more = harvest + np.eye(villages, dtype=np.int64)[0] * size
        before, after = (
            np.asarray(world.regrown(jnp.asarray(taken, jnp.int32), jnp.asarray(stock - taken, jnp.int32), n), np.int64)
            for taken in (harvest, more)
        )
        cost = (before - after) / (before - after).sum()
        assert world.borne(villages) == pytest.approx(cost[0], abs=1e-5)
        assert world.borne(1) == pytest.approx(1.0)
        assert world.borne(2 * villages) == pytest.approx(cost[0] / 2, abs=1e-5)
        if villages == 4:
            assert world.borne(2) == pytest.approx(cost[0] + cost[2], abs=1e-5)


def local_optimisers(villages, n, growth, spill):
    """Some seats take what would keep their own village's stock, the others what keeps the region's."""
    world = Villages(villages, 5e5, 2.5e4, growth, spill)
    minds = Named.of(("regional", Scripted()), ("local", Scripted(level=growth / (growth + spill))))
    # In blocks, so that every village has as many of them.
    return Society(world, minds, Seating(n, Named.of(("local", jnp.float32(0))), shuffled=False))


@pytest.mark.slow
def test_the_region_dies_of_villages_that_keep_their_own_rule():
    """The stock shrinks by x spill (g - 1) / g a month, and the region is dead by month 30 above the share in closed form."""
    months, n, growth, spill = 30, 400, 2.0, 0.75
    floor, edge = 0.05, threshold(months, 0.05, growth, spill)
    assert 0.2 < edge < 0.3
    local, regional = 0.5, 1 / 2.75
    kept = 1 - edge * local - (1 - edge) * regional
    assert kept * monthly_factor(edge, growth, spill) ** (months - 1) == pytest.approx(floor, rel=1e-9)
    near = np.floor(100 * edge) / 100
    shares = np.asarray([0.0, 0.1, 0.2, near, near + 0.01, 0.5, 1.0], np.float32)
    logs = run_batch(
        local_optimisers(4, n, growth, spill), ((lens.share("local"), shares),), tuple(range(7)), months, Named.of()
    )
    for share, log in zip(np.floor(shares * n + 0.5) / n, logs, strict=True):
        stock = log.readings["world.stock"]
        alive = stock > 0
        expected = stock[0] * monthly_factor(float(share), growth, spill) ** np.arange(months)
        assert np.abs(stock[alive] / expected[alive] - 1).max() < 1e-3, share
    assert [bool(log.readings["world.collapsed"][-1]) for log in logs] == [False] * 4 + [True] * 3
    assert logs[0].readings["world.stock"][-1] == pytest.approx(n * 5e5, rel=1e-4)


def test_thresholds_at_their_ends():
    assert threshold(12, 0.05, 2.0, 0.0) == 1.0
    assert monthly_factor(1.0, 2.0, 1.0) == 0.5
    assert threshold(10_000, 0.05, 2.0, 1.0) == pytest.approx(0.0, abs=1e-3)
    rng = np.random.default_rng(4)
    for growth, spill in rng.uniform((1.2, 0.1), (4.0, 1.0), (20, 2)):
        own, regional = (growth - 1) / growth, (growth - 1) / (growth + spill)
        share = rng.uniform()
        u = share * own + (1 - share) * regional
        assert monthly_factor(share, growth, spill) == pytest.approx(growth - (growth + spill) * u)


def test_what_makes_no_sense_is_refused():
    for wrong in ({"villages": 0}, {"spill": 1.5}, {"growth": 0.9}, {"capacity_per_seat": -1.0}):
        with pytest.raises(StudyError, match="expected"):
            Villages(**wrong)
    with pytest.raises(StudyError, match="3 villages were given 2 seats"):
        Villages(3).reset(Key.root(0), seats(2))


def test_a_seat_reads_its_village_and_the_region():
    society = Society(Villages(2), Named.of(("civil", Scripted())), Seating(6))
    state = begin(society, 0).state
    words = Villages(2).describe(offer(society, state), 3)
    assert "The stock of your village is 60 of at most 60 units, and 3 share it" in words
    assert "at most 30 (10 each)" in words
    assert "no more than 24 of such a stock (8 each)" in words
    assert "costs the region 0.5 units" in Villages().rules()
    assert "river" not in Villages(spill=0.0).rules()
    dead = eqx.tree_at(lambda s: s.world.stock, state, jnp.zeros(2, jnp.int32))
    assert Villages(2).describe(offer(society, dead), 3).startswith("The stock of your village is gone")
