"""The study of collusion: its theory by enumeration, its plan, and a small run that stands on both sides of the line."""

import numpy as np
import pytest

from arms import play
from commonweal.analysis.exact.bertrand import LogitDemand, find_monopoly, find_nash, space_prices
from commonweal.core import lens
from commonweal.engine.check import check
from commonweal.engine.compiled import run_batch
from commonweal.lab.batches import data_factors
from commonweal.lab.plan import make_plan
from commonweal.minds.dials import PATIENCE
from commonweal.minds.learners import Learner
from commonweal.studies.collusion import (
    BANDITS,
    CARTEL_PRICE,
    DETECT,
    NEWCOMERS,
    POSTED,
    PRICES,
    competitive_gain,
    study,
    with_language,
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
    assert len(detectors["cells"]) == 8
    theory = [cell["theory"] for cell in rules["cells"] if cell["levels"][DETECT] == 0.0]
    assert theory == [pytest.approx(competitive_gain(LogitDemand()))] * 4
    assert all(cell["theory"] is None for cell in rules["cells"] if cell["levels"][DETECT] > 0)
    assert [factor.label for factor in data_factors(study.part("rules"))] == [POSTED, DETECT, NEWCOMERS]


@pytest.mark.slow
def test_a_small_run_finds_the_cartel_at_its_price_and_bandits_at_competition():
    """A planted cartel earns what its price pays, myopic learners what competition does: 4,000 rounds, one program."""
    part = study.part("detectors")
    shares = tuple((factor.lens, values) for factor, values in zip(part.factors[:2], ([1.0, 0.0], [0.0, 1.0]), strict=True))
    faster = lens.mind("bandit", Learner, lambda mind: mind.decay).set(part.society, 2e-3)
    faster = lens.size().set(faster, 16)
    bandits, cartel = run_batch(faster, shares, (1, 1), 4000, study.metrics)
    price, demand = space_prices(1.4729267, 1.9249809, PRICES)[CARTEL_PRICE], LogitDemand()
    exact = (1000 * float(demand.profit([price, price])[0]) - 222.92666) / (337.49046 - 222.92666)
    assert cartel.values["profit gain"] == pytest.approx(exact, abs=0.02)
    assert bandits.values["profit gain"] == pytest.approx(competitive_gain(demand), abs=0.15)
    assert cartel.values["profit gain"] > 0.9


def test_screens_tell_every_case_from_bandits_that_cannot_collude():
    plan = make_plan(study, None, None)
    assert [(own["metric"], own["guilty"]) for own in plan["study"]["screens"]] == [
        ("price variation", "less"),
        ("price reaction", "more"),
    ]
    # The innocent are one cell, and the others change one thing each.
    cells = study.part("detectors").cells()
    assert sum(cell[BANDITS] == 1.0 for cell in cells) == 1
    assert sum(all(cell[label] == level for label, level in screen.innocent) for screen in study.screens for cell in cells) == 2
    alike = [{name: level for name, level in cell.items() if name in (POSTED, DETECT, NEWCOMERS)} for cell in cells]
    assert all(levels in alike for levels in study.part("rules").cells())


def test_the_language_arm_is_off_by_default_and_of_few_calls():
    arm = with_language()
    part = arm.part("language")
    assert part.role == "control"
    assert [own.name for own in arm.parts[:-1]] == [own.name for own in study.parts]
    check(part.society, arm.metrics)
    # Two settings of the dial, one trial each: so many seats and ticks are asked.
    assert (part.trials, part.ticks) == (2, 20)


@pytest.mark.slow
def test_any_endpoint_takes_the_seats_of_the_language_arm_and_reads_its_dial():
    arm = with_language()
    log, asked = play(arm.part("language"), arm.metrics, {PATIENCE.name: 1.0}, 2)
    assert len(asked) == 2 * 2
    assert all(PATIENCE.say(1.0) in own.message("user") for own in asked)
    assert set(log.values) == set(arm.metrics.names)
