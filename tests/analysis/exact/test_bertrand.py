"""Logit Bertrand: the published prices, first-order conditions, and the best of a fine grid, at random parameters too."""

import numpy as np
import pytest

from commonweal.analysis.exact.bertrand import LogitDemand, find_grid_equilibria, find_monopoly, find_nash, space_prices
from commonweal.core.errors import StudyError


def random_demand(rng, firms):
    cost = rng.uniform(0.5, 1.5, firms)
    return LogitDemand(tuple(cost + rng.uniform(0.2, 1.5, firms)), tuple(cost), rng.uniform(0.1, 0.6), rng.uniform(-0.5, 0.5))


def test_published_prices_and_profits():
    # Calvano et al. (2020), section II: a = 2, c = 1, mu = 1/4, a_0 = 0, two firms: Nash 1.4729, monopoly 1.9250.
    demand = LogitDemand()
    nash, monopoly = find_nash(demand), find_monopoly(demand)
    assert nash == pytest.approx([1.4729, 1.4729], abs=5e-5)
    assert monopoly == pytest.approx([1.9250, 1.9250], abs=5e-5)
    assert demand.profit(nash) == pytest.approx([0.2229, 0.2229], abs=5e-5)
    assert demand.profit(monopoly) == pytest.approx([0.3375, 0.3375], abs=5e-5)


@pytest.mark.parametrize("firms", [1, 2, 3, 5])
def test_first_order_conditions_hold_at_random_parameters(firms):
    # Derivatives by central differences, of the profit itself: independent of the conditions that were solved.
    rng = np.random.default_rng(firms)
    for _ in range(20):
        demand = random_demand(rng, firms)
        nash, monopoly = find_nash(demand), find_monopoly(demand)
        steps = 1e-6 * np.eye(firms)
        own = [(demand.profit(nash + e)[i] - demand.profit(nash - e)[i]) / 2e-6 for i, e in enumerate(steps)]
        joint = [(demand.profit(monopoly + e).sum() - demand.profit(monopoly - e).sum()) / 2e-6 for e in steps]
        assert own == pytest.approx([0.0] * firms, abs=1e-7)
        assert joint == pytest.approx([0.0] * firms, abs=1e-7)
        assert (monopoly >= nash - 1e-9).all()
        if firms == 1:
            assert nash == pytest.approx(monopoly)


def test_no_price_of_a_fine_grid_is_better():
    rng = np.random.default_rng(5)
    for _ in range(10):
        demand = random_demand(rng, 2)
        nash, monopoly = find_nash(demand), find_monopoly(demand)
        fine = np.linspace(0.5, 6.0, 4001)
        for firm in range(2):
            tried = np.tile(nash, (fine.size, 1))
            tried[:, firm] = fine
            assert demand.profit(tried)[:, firm].max() <= demand.profit(nash)[firm] + 1e-12
        grid = np.stack(np.meshgrid(fine[::10], fine[::10]), -1)
        assert demand.profit(grid).sum(-1).max() <= demand.profit(monopoly).sum() + 1e-12


def test_a_fine_grid_has_its_equilibrium_at_the_nash_price():
    demand = LogitDemand()
    nash, monopoly = float(find_nash(demand)[0]), float(find_monopoly(demand)[0])
    fine = space_prices(nash, monopoly, 400)
    found = find_grid_equilibria(demand, fine)
    assert found
    step = fine[1] - fine[0]
    assert all(abs(fine[at] - nash) <= 2 * step for pair in found for at in pair)


def test_the_grid_of_fifteen_prices():
    grid = space_prices(1.4729, 1.9250)
    assert grid.size == 15
    assert grid[[0, -1]] == pytest.approx([1.4729 - 0.04521, 1.9250 + 0.04521])
    # By hand: with a step of .03875 both firms best respond to each other near 1.4729.
    assert all(abs(grid[at] - 1.4729) < 0.05 for pair in find_grid_equilibria(LogitDemand(), grid) for at in pair)


def test_a_firm_alone_sells_by_the_logistic_curve():
    demand = LogitDemand.alike(1, quality=0.7, cost=0.2, mu=0.3, outside=0.1)
    assert demand.sold([0.9]) == pytest.approx([1 / (1 + np.exp((0.1 - 0.7 + 0.9) / 0.3))])


@pytest.mark.parametrize(
    "make",
    [lambda: LogitDemand(()), lambda: LogitDemand(mu=0.0), lambda: space_prices(2.0, 1.0), lambda: space_prices(1.0, 2.0, 1)],
)
def test_what_is_no_market_is_refused(make):
    with pytest.raises(StudyError, match="expected"):
        make()
