"""Profit gain: by hand on the lines of competition and of a cartel, and in a market of a cartel."""

import numpy as np
import pytest

from commonweal.analysis.exact.bertrand import LogitDemand, find_monopoly, find_nash
from commonweal.core.errors import StudyError
from commonweal.metrics.profit_gain import ProfitGain
from commonweal.testing import check_metric


def readings(made, seats):
    return {"made": np.asarray(made, np.int64), "seats": np.asarray(seats, np.int64)}


def test_the_default_lines_are_those_of_the_market():
    # Calvano et al. (2020): .2229 and .3375 a round, here in thousandths.
    demand = LogitDemand()
    assert ProfitGain().nash == pytest.approx(1000 * demand.profit(find_nash(demand))[0], abs=1e-4)
    assert ProfitGain().monopoly == pytest.approx(1000 * demand.profit(find_monopoly(demand))[0], abs=1e-4)


def test_competition_is_zero_and_a_cartel_one():
    metric = ProfitGain(nash=200, monopoly=300, share=0.5)
    assert metric.value(readings([0, 0, 400, 400], [2] * 4)) == 0.0
    assert metric.value(readings([0, 0, 600, 600], [2] * 4)) == 1.0
    assert metric.value(readings([0, 0, 300, 400], [2] * 4)) == pytest.approx(-0.25)
    assert metric.value(readings([0, 0], [0, 0])) == -2.0


def test_at_random_it_is_the_mean_of_the_last_ticks():
    rng = np.random.default_rng(2)
    for _ in range(20):
        nash, ticks, seats = rng.uniform(50, 100), int(rng.integers(1, 300)), int(rng.integers(1, 9))
        made, share = rng.integers(0, 1000, ticks), rng.uniform(0.05, 1)
        last = made[-max(1, round(share * ticks)) :]
        truth = (last.mean() / seats - nash) / 40
        assert ProfitGain(nash, nash + 40, share).value(readings(made, [seats] * ticks)) == pytest.approx(truth)


def test_only_seats_that_are_asked_count(month, measure):
    tick = month([10, 20, 30, 40, 50], asked=[True, True, False, False, False])
    assert measure(ProfitGain(nash=10, monopoly=20), tick) == pytest.approx(0.5)


@pytest.mark.slow
def test_it_keeps_the_laws_and_refuses_lines_that_measure_nothing():
    check_metric(ProfitGain())
    for wrong in ({"nash": 400.0}, {"share": 0.0}, {"share": 1.5}):
        with pytest.raises(StudyError, match="expected"):
            ProfitGain(**wrong)
