"""The market against the formula in plain numpy, its published numbers, and the laws of every world."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.analysis.exact.bertrand import LogitDemand, find_monopoly, find_nash, space_prices
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.compiled import run
from commonweal.testing import Wild, check_world
from commonweal.worlds.market import Market


def society(world, n=4):
    return Society(world, Named.of(("any", Wild())), Seating(n))


@pytest.mark.slow
def test_it_keeps_the_laws():
    check_world(Market(posted=0.5))


def test_the_defaults_are_the_published_ones():
    demand = LogitDemand()
    nash, monopoly = find_nash(demand)[0], find_monopoly(demand)[0]
    with jax.enable_x64(True):
        assert np.asarray(Market().grid()) == pytest.approx(space_prices(nash, monopoly), abs=2e-7)
    assert float(Market().fair) == pytest.approx(nash, abs=1e-6)


@pytest.mark.parametrize("firms", [2, 3])
def test_profits_are_those_of_logit_demand(firms):
    # By the exact module's own formula, at random parameters; to the nearest unit of 1/1000.
    rng = np.random.default_rng(firms)
    for _ in range(5):
        quality, mu, outside = rng.uniform(1.5, 2.5), rng.uniform(0.2, 0.5), rng.uniform(-0.3, 0.3)
        low, high = np.sort(rng.uniform(1.05, 2.5, 2))
        world = Market(firms, 7, low, high, fair=high, quality=quality, mu=mu, outside=outside)
        asked = rng.integers(0, 7, (40, firms))
        demand = LogitDemand.alike(firms, quality, 1.0, mu, outside)
        truth = 1000 * demand.profit(np.linspace(low, high, 7)[asked])
        assert np.abs(np.asarray(world.profits(jnp.asarray(asked, jnp.int32))) - truth).max() < 0.5 + 1e-3


@pytest.mark.slow
def test_firms_of_one_market_meet_and_no_others():
    # Seats 0 1 are a market, 2 3 another; seat 4 is left over. Payoffs are those of the pairs, by the formula.
    log = run(society(Market(), 5), 3, 6, record=("acts", "payoff"))
    acts, payoff = log.traces["act.price"], log.traces["payoff"]
    grid = space_prices(1.4729267, 1.9249809)
    for first in (0, 2):
        truth = 1000 * LogitDemand().profit(grid[acts[:, first : first + 2]])
        assert np.abs(payoff[:, first : first + 2] - truth).max() < 0.5 + 1e-3
    assert (payoff[:, 4] == 0).all()
    assert not log.traces["answered.price"][:, 4].any()
    assert log.traces["answered.price"][:, :4].all()


def test_the_norm_is_the_buyers():
    # By definition: min(1, fair markup / markup). Nash asks for level 1; monopoly takes .9250 / .4729 times as much.
    world, seats = Market(), Seats(jnp.zeros(2, jnp.int32))
    start = world.reset(Key.root(0), seats)
    question = world.menu(start.state, seats, start.endowment)["price"]
    markup = space_prices(1.4729267, 1.9249809) - 1
    truth = np.minimum(1, 0.4729267 / markup)
    assert np.asarray(question.serves) == pytest.approx(truth, abs=1e-6)
    assert float(question.level(jnp.asarray([13, 13]))[0]) == pytest.approx(0.4729 / 0.9314, abs=1e-3)


@pytest.mark.parametrize("posted", [0.0, 0.3, 1.0])
def test_what_is_posted_is_seen_by_rivals_alone(posted):
    # The world by hand: rivals show the price of the last posted round, own price is always known.
    world, seats, rng = Market(firms=3, posted=posted), Seats(jnp.zeros(6, jnp.int32)), np.random.default_rng(0)
    state, purse, seen = world.reset(Key.root(0), seats).state, jnp.zeros(6, jnp.int32), np.full(6, -1)
    step = jax.jit(lambda state, act, key: world.step(state, seats, Named.of(("price", act)), purse, key))
    rounds, shown = 200, 0
    for at in range(rounds):
        act = rng.integers(0, 15, 6).astype(np.int32)
        outcome = step(state, jnp.asarray(act), Key.root(at))
        facts, units = outcome.facts, np.append(np.round(1000 * space_prices(1.4729267, 1.9249809)), 0)
        for found, numbers in ((facts.price, act), (facts.last, state.last), (facts.before, state.before)):
            assert found.tolist() == units[np.asarray(numbers)].tolist()
        state = outcome.state
        now = np.asarray(state.posted)
        for market in (slice(0, 3), slice(3, 6)):
            fresh = (now[market] == act[market]).all() and not (seen[market] == act[market]).all()
            assert fresh or (now[market] == seen[market]).all()
            shown += fresh
        seen = now
        observed = world.observe(state, seats, purse).seen
        assert observed["own"].tolist() == act.tolist()
        assert observed["rivals"].tolist() == seen[[[1, 2], [2, 0], [0, 1], [4, 5], [5, 3], [3, 4]]].tolist()
    assert shown / (2 * rounds) == pytest.approx(posted, abs=4 * np.sqrt(0.25 / (2 * rounds)))


def test_words():
    world = Market(posted=0.0)
    assert "secret" in world.rules()
    assert "1.4277" in Market().rules()
    assert "probability 0.5" in Market(posted=0.5).rules()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Market(firms=1),
        lambda: Market(prices=1),
        lambda: Market(lowest=0.9),
        lambda: Market(lowest=1.95, highest=1.9),
        lambda: Market(fair=1.2),
        lambda: Market(mu=0.0),
        lambda: Market(posted=1.5),
    ],
)
def test_what_is_no_market_is_refused(make):
    with pytest.raises(StudyError, match="expected"):
        make()
