"""Intervals against scipy's own distributions and by simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from commonweal.lab.intervals import Interval, mean_interval, spread_interval

values = st.lists(st.floats(-50, 50), min_size=2, max_size=30)


@given(values)
def test_the_mean_is_students(rows):
    found = mean_interval(rows)
    if np.ptp(rows) < 1e-6:
        return
    low, high = stats.t.interval(0.95, len(rows) - 1, np.mean(rows), stats.sem(rows))
    assert (found.value, found.low, found.high, found.n) == pytest.approx((np.mean(rows), low, high, len(rows)))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_within_a_range_the_interval_stays_in_it_and_has_width(rows):
    found = mean_interval(rows, 0.0, 1.0)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.high > found.low


def test_items_that_all_agree():
    # Wilson 1927: 0 of n has the upper limit z^2 / (n + z^2).
    z = stats.norm.ppf(0.975)
    assert mean_interval([0.0] * 12, 0, 1).high == pytest.approx(z * z / (12 + z * z))
    assert mean_interval([1.0] * 12, 0, 1).low == pytest.approx(12 / (12 + z * z))
    assert mean_interval([2.5, 2.5]) == Interval(2.5, 2.5, 2.5, 2)
    assert mean_interval([2.5]) == Interval(2.5, None, None, 1)
    assert mean_interval([]) == Interval(None, None, None, 0)


@given(st.lists(st.lists(st.floats(-5, 5), min_size=1, max_size=6), min_size=1, max_size=6))
def test_the_spread_is_the_pooled_standard_deviation(groups):
    found, freedom = spread_interval(groups), sum(len(group) - 1 for group in groups)
    assert found.n == freedom
    if freedom:
        total = sum((len(group) - 1) * np.var(group, ddof=1) for group in groups if len(group) > 1)
        assert found.value == pytest.approx(math.sqrt(total / freedom), abs=1e-9)
        ends = np.sqrt(total / stats.chi2.ppf([0.975, 0.025], freedom))
        assert (found.low, found.high) == pytest.approx(tuple(ends), abs=1e-9)


def test_groups_that_agree_have_a_spread_of_exactly_nothing():
    assert spread_interval([[0.1 + 0.2] * 3, [1 / 3] * 5]) == Interval(0.0, 0.0, 0.0, 6)
    assert spread_interval([[1.0], [2.0]]).value is None


def test_the_spread_covers_as_often_as_it_says():
    draws = np.random.default_rng(5).normal(0, 2.0, (2000, 8, 3))
    found = [spread_interval(groups.tolist()) for groups in draws]
    share = np.mean([one.low <= 2.0 <= one.high for one in found])
    assert share == pytest.approx(0.95, abs=3.5 * math.sqrt(0.95 * 0.05 / 2000))


def test_signs_and_json():
    assert Interval(1.0, 0.5, 1.5, 3).above_zero
    assert Interval(-1.0, -1.5, -0.5, 3).below_zero
    assert not Interval(None, None, None, 0).above_zero
    assert Interval(1.0, 0.5, 1.5, 3).facts("x") == {"x": 1.0, "low": 0.5, "high": 1.5, "n": 3}
