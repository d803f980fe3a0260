"""The study of collusion: its theory by enumeration, its plan, and a small run that stands on both sides of the line."""

import numpy as np
import pytest

from commonweal.analysis.exact.bertrand import LogitDemand, find_monopoly, find_nash, space_prices
from commonweal.core import lens
from commonweal.engine.compiled import run_batch
from commonweal.lab.batches import data_factors
from commonweal.lab.plan import make_plan
from commonweal.minds.learners import Learner
from commonweal.studies.collusion import (
    CARTEL_PRICE,
    DETECT,
    NEWCOMERS,
    POSTED,
    PRICES,
    competitive_gain,
    detect_collusion,
    study,
)


def test_theory_is_the_best_answer_to_itself_at_random_parameters():
    # By best replies in plain loops; as the grid gets fine, competition's gain goes to 0, that of all prices.
    rng = np.random.default_rng(0)
    for demand in (LogitDemand(), *(LogitDemand.alike(2, rng.uniform(1.6, 2.4), mu=rng.uniform(0.15, 0.4)) for _ in range(6))):
        nash, monopoly = float(find_nash(demand)[0]), float(find_monopoly(demand)[0])
        grid = space_prices(nash, monopoly, PRICES)
        stable = []
        for one in range(PRICES):
            for two in range(PRICES):
                own = [demand.profit([price, grid[two]])[0] for price in grid]
                other = [demand.profit([grid[one], price])[1] for price in grid]
                if max(own) <= own[one] + 1e-12 and max(other) <= other[two] + 1e-12:
                    stable.append(demand.profit([grid[one], grid[two]]).mean())
        low, high = demand.profit([nash, nash])[0], demand.profit([monopoly, monopoly])[0]
        assert competitive_gain(demand) == pytest.approx((max(stable) - low) / (high - low))
    assert abs(competitive_gain(LogitDemand(), 300)) < 0.02


def test_it_plans_one_rule_at_a_time_as_data():
    parts = make_plan(study, None, None)["parts"]
    assert isinstance(parts, list)
    rules, detectors = parts
    assert len(rules["cells"]) == 6
    assert len(detectors["cells"]) == 3
    theory = [cell["theory"] for cell in rules["cells"] if cell["levels"][DETECT] == 0.0]
    assert theory == [pytest.approx(competitive_gain(LogitDemand()))] * 4
    assert all(cell["theory"] is None for cell in rules["cells"] if cell["levels"][DETECT] > 0)
    assert [factor.label for factor in data_factors(study.part("rules"))] == [POSTED, DETECT, NEWCOMERS]


@pytest.mark.slow
def test_a_small_run_finds_the_cartel_at_its_price_and_bandits_at_competition():
    """A planted cartel earns what its price pays, myopic learners what competition does: 4,000 rounds, one program."""
    part = study.part("detectors")
    shares = tuple((factor.lens, values) for factor, values in zip(part.factors, ([1.0, 0.0], [0.0, 1.0]), strict=True))
    faster = lens.mind("bandit", Learner, lambda mind: mind.decay).set(part.society, 2e-3)
    faster = lens.size().set(faster, 16)
    bandits, cartel = run_batch(faster, shares, (1, 1), 4000, study.metrics)
    price, demand = space_prices(1.4729267, 1.9249809, PRICES)[CARTEL_PRICE], LogitDemand()
    exact = (1000 * float(demand.profit([price, price])[0]) - 222.92666) / (337.49046 - 222.92666)
    assert cartel.values["profit gain"] == pytest.approx(exact, abs=0.02)
    assert bandits.values["profit gain"] == pytest.approx(competitive_gain(demand), abs=0.15)
    assert cartel.values["profit gain"] > 0.9


def test_a_screen_that_points_the_wrong_way_is_below_one_half():
    assert detect_collusion([0.01, 0.02, 0.03], [0.1, 0.2, 0.3], "price variation").value == 1.0
    assert detect_collusion([0.1, 0.2, 0.3], [0.01, 0.02, 0.03], "price variation").value == 0.0
    assert detect_collusion([0.1, 0.2, 0.3], [0.01, 0.02, 0.03], "price reaction").value == 1.0
