"""Known answers: GovSim's reference code counts the month of the collapse, so all-take-all gives 1, never 0."""

import numpy as np
import pytest

from commonweal.metrics.months import MonthsSurvived


def test_all_taken_at_once_lasts_one_month(month, measure):
    dead = month([0] * 5, 0, collapsed=True, asked=[False] * 5)
    assert measure(MonthsSurvived(), month([20] * 5, 0, collapsed=True), *[dead] * 11) == 1.0


def test_a_stock_that_never_collapses_lasts_as_long_as_the_trial(month, measure):
    assert measure(MonthsSurvived(), *[month([10] * 5)] * 12) == 12.0


@pytest.mark.parametrize("first", range(12))
def test_the_month_of_the_collapse_counts(first):
    assert MonthsSurvived().value({"collapsed": (np.arange(12) >= first).astype(np.int64)}) == first + 1
