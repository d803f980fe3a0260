"""Known answers: Newcombe 1998 (both papers), Student's sleep data, scipy, and coverage by simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from commonweal.statistics.inference import (
    Bounds,
    Contrast,
    Estimate,
    combine,
    estimate_difference,
    estimate_mean,
    estimate_proportion,
    estimate_proportion_difference,
    estimate_spread,
    is_binary,
    oppose,
)

SLEEP_A = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]  # Student 1908, extra hours of sleep
SLEEP_B = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def ones(k, n):
    return [1.0] * k + [0.0] * (n - k)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_matches_newcombe_1998a_table_1(k, n, low, high):
    found = estimate_proportion(ones(k, n))
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)
    theirs = stats.binomtest(k, n).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@pytest.mark.parametrize(
    ("a", "m", "b", "n", "low", "high"),
    [
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (5, 56, 0, 29, -0.0381, 0.1926),
        (10, 10, 0, 20, 0.6791, 1.0),
        (10, 10, 0, 10, 0.6075, 1.0),
    ],
)
def test_difference_of_proportions_matches_newcombe_1998b_table_2(a, m, b, n, low, high):
    found = estimate_proportion_difference(oppose(ones(a, m), ones(b, n)))
    assert found.value == pytest.approx(a / m - b / n)
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)


def test_t_intervals_match_student_and_scipy():
    found = estimate_difference(oppose(SLEEP_A, SLEEP_B))
    assert (found.low, found.high) == pytest.approx((-3.3654832, 0.2054832), abs=1e-7)  # R, t.test(extra ~ group)
    found = estimate_difference(oppose(SLEEP_A, SLEEP_B, paired=True))
    assert (found.low, found.high) == pytest.approx((-2.4598858, -0.7001142), abs=1e-7)  # R, paired
    assert found.n == 10
    found, theirs = estimate_mean(SLEEP_A), stats.ttest_1samp(SLEEP_A, 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_a_pair_of_proportions_without_correlation_is_the_unpaired_interval():
    # Every combination equally often: the pairs' correlation is 0 exactly, so Newcombe's phi leaves the formula.
    one, nil = [1.0, 1.0, 0.0, 0.0] * 5, [1.0, 0.0, 1.0, 0.0] * 5
    alone = estimate_proportion_difference(oppose(one, nil))
    pair = estimate_proportion_difference(oppose(one, nil, paired=True))
    assert (pair.low, pair.high) == pytest.approx((alone.low, alone.high), abs=1e-12)


def test_a_pair_of_proportions_by_hand():
    # e=14 both, f=3, g=1, h=2 of n=20. phi: eh - fg = 25, less n/2 = 15; over sqrt(17*3*15*5) = 61.846584 -> .242536.
    one, nil = ones(14, 14) + ones(3, 3) + [0.0] + [0.0] * 2, ones(14, 14) + [0.0] * 3 + [1.0] + [0.0] * 2
    found = estimate_proportion_difference(oppose(one, nil, paired=True))
    first, second, phi = estimate_proportion(one), estimate_proportion(nil), 15 / np.sqrt(17 * 3 * 15 * 5)
    down, over = first.value - first.low, second.high - second.value
    assert found.low == pytest.approx(0.1 - np.sqrt(down**2 - 2 * phi * down * over + over**2), abs=1e-12)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_where_all_trials_agree_the_interval_has_width(share):
    both = Contrast(np.full(20, 1.0), np.full(20, share), np.repeat([0, 1], 10), np.repeat([0, 1], 10), True)
    found = estimate_proportion_difference(both)
    assert found.value == 1 - share
    assert found.high - found.low > 0.1
    # One arm alone: Wilson's limit for 20 of 20, and the same from the mean of a bounded metric.
    z = stats.norm.ppf(0.975)
    assert estimate_proportion([1.0] * 20).low == pytest.approx(20 / (20 + z * z))
    assert estimate_mean([1.0] * 20, bounds=Bounds(0, 1)).low == pytest.approx(20 / (20 + z * z))


def test_no_variation_without_bounds_gives_no_interval_and_says_so():
    found = estimate_mean([3.0] * 5)
    assert not found.bounded
    assert found.method.startswith("no interval")
    assert not estimate_difference(oppose([3.0] * 5, [2.0] * 5)).bounded
    assert estimate_difference(oppose([3.0] * 5, [2.0] * 5), bounds=Bounds(0, 10)).low < 1.0
    paired = estimate_difference(oppose([0.2, 0.7], [0.2, 0.7], paired=True), bounds=Bounds(0, 1))
    z = stats.norm.ppf(0.975)
    assert (paired.low, paired.high) == pytest.approx((-z * z / (2 + z * z), z * z / (2 + z * z)))
    assert not estimate_difference(oppose([3.0], [])).bounded


def test_one_block_of_one_pair_each_is_an_ordinary_paired_interval():
    blocks = np.arange(10)
    found = estimate_difference(Contrast(np.array(SLEEP_A), np.array(SLEEP_B), blocks, blocks, True))
    assert (found.low, found.high) == pytest.approx((-2.4598858, -0.7001142), abs=1e-7)


def test_blocks_take_the_variance_between_them_out():
    rng = np.random.default_rng(1)
    block = np.repeat(np.arange(10), 8)
    base = 10.0 * block
    one, nil = base + 1 + rng.normal(size=80), base + rng.normal(size=80)
    blocked = estimate_difference(Contrast(one, nil, block, block, False))
    pooled = estimate_difference(oppose(one, nil))
    assert blocked.high - blocked.low < (pooled.high - pooled.low) / 10
    assert blocked.low < 1 < blocked.high


def covered(found: Estimate, truth):
    return found.low <= truth <= found.high


def coverage(make, truth, repetitions=2000):
    rng = np.random.default_rng(20)
    return sum(covered(make(rng), truth) for _ in range(repetitions)) / repetitions


def test_coverage_of_welch_and_t_by_simulation():
    # 2,000 repetitions: standard error .005, so .935 to .965 is three of them (oracles F: 93 to 97 %).
    welch = coverage(lambda r: estimate_difference(oppose(r.normal(1, 3, 7), r.normal(0, 1, 12))), 1.0)
    mean = coverage(lambda r: estimate_mean(r.normal(2, 1, 5)), 2.0)
    assert 0.935 <= welch <= 0.965
    assert 0.935 <= mean <= 0.965


def test_coverage_of_a_blocked_paired_interval_by_simulation():
    block = np.repeat(np.arange(4), 5)
    effect = np.array([0.0, 1.0, 2.0, 3.0])[block]  # the effect differs between cells: their mean, 1.5, is estimated

    def make(rng):
        shared = rng.normal(0, 5, 20)
        one, nil = shared + effect + rng.normal(size=20), shared + rng.normal(size=20)
        return estimate_difference(Contrast(one, nil, block, block, True))

    assert 0.935 <= coverage(make, 1.5) <= 0.965


def test_coverage_of_blocked_pairs_of_proportions_by_simulation():
    block = np.repeat(np.arange(6), 10)
    low, high = np.array([0.0, 0.1, 0.3, 0.6, 0.9, 1.0])[block], np.array([0.1, 0.4, 0.8, 0.9, 1.0, 1.0])[block]
    truth = float(np.mean(high - low))

    def make(rng):
        draws = rng.random(60)  # common random numbers: the same draw decides in both arms
        return estimate_proportion_difference(Contrast((draws < high) * 1.0, (draws < low) * 1.0, block, block, True))

    assert 0.935 <= coverage(make, truth) <= 0.995  # conservative: cells that never vary still add width


def test_coverage_of_unpaired_proportions_by_simulation():
    assert (
        0.93
        <= coverage(
            lambda r: estimate_proportion_difference(oppose(r.binomial(1, 0.9, 20) * 1.0, r.binomial(1, 0.5, 20) * 1.0)), 0.4
        )
        <= 0.975
    )


def test_an_agent_level_test_is_wrong_and_the_trial_level_one_is_not():
    # Oracles F: 5 societies an arm, 100 agents each, ICC .05: agent-level false positives .4217 by formula, ours .05.
    rng, repetitions = np.random.default_rng(3), 4000
    society = rng.normal(0, np.sqrt(0.05), (repetitions, 2, 5, 1))
    agents = society + rng.normal(0, np.sqrt(0.95), (repetitions, 2, 5, 100))
    flat = agents.reshape(repetitions, 2, 500)
    t = (flat[:, 0].mean(1) - flat[:, 1].mean(1)) / np.sqrt((flat[:, 0].var(1, ddof=1) + flat[:, 1].var(1, ddof=1)) / 500)
    assert np.mean(np.abs(t) > stats.t.ppf(0.975, 998)) == pytest.approx(0.4217, abs=0.03)
    means = agents.mean(axis=3)
    ours = np.mean([not covered(estimate_difference(oppose(one, nil)), 0.0) for one, nil in means])
    assert ours == pytest.approx(0.05, abs=0.012)


@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=40), st.lists(st.sampled_from([0.0, 1.0]), min_size=1))
def test_limits_stay_in_range_and_flip_with_the_arms(one, nil):
    found, flipped = (estimate_proportion_difference(oppose(*arms)) for arms in ((one, nil), (nil, one)))
    assert -1 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1
    assert (found.low, found.high) == pytest.approx((-flipped.high, -flipped.low))


def test_binary_and_combine():
    assert is_binary([0, 1, 1])
    assert not is_binary([0, 0.5])
    assert not is_binary([])
    first, second = Estimate(1, 0, 4, 0.95, "", 1), Estimate(0, -3, 4, 0.95, "", 1)
    assert combine(first, second) == pytest.approx((1 - np.hypot(1, 4), 1 + np.hypot(3, 3)))
    assert combine(first, second, 1.0) == pytest.approx((1 - 3, 1 + 0))


def test_machines_without_chance_may_agree_for_certain():
    assert estimate_mean([2.5, 2.5], certain=True).facts() == {"value": 2.5, "low": 2.5, "high": 2.5, "n": 2}
    assert not estimate_mean([2.5], certain=True).bounded  # one says nothing of another
    assert estimate_mean([0.5] * 4, bounds=Bounds(0, 1), certain=True).high > 0.5  # within a range, as ever
    assert not estimate_mean([2.5, 2.5], bounds=Bounds(0, float("inf"))).bounded
    assert estimate_mean([1.0, 9.0], bounds=Bounds(0, float("inf"))).low == 0.0


@given(st.lists(st.lists(st.floats(-5, 5), min_size=1, max_size=6), min_size=1, max_size=6))
def test_the_spread_is_the_pooled_standard_deviation(groups):
    found, freedom = estimate_spread(groups), sum(len(group) - 1 for group in groups)
    assert found.n == freedom
    if freedom:
        total = sum((len(group) - 1) * np.var(group, ddof=1) for group in groups if len(group) > 1)
        assert found.value == pytest.approx(np.sqrt(total / freedom), abs=1e-9)
        ends = np.sqrt(total / stats.chi2.ppf([0.975, 0.025], freedom))
        assert (found.low, found.high) == pytest.approx(tuple(ends), abs=1e-9)


def test_groups_that_agree_have_a_spread_of_exactly_nothing():
    assert estimate_spread([[0.1 + 0.2] * 3, [1 / 3] * 5]).facts() == {"value": 0.0, "low": 0.0, "high": 0.0, "n": 6}
    assert estimate_spread([[1.0], [2.0]]).facts() == {"value": None, "low": None, "high": None, "n": 0}


def test_the_spread_covers_as_often_as_it_says():
    found = [estimate_spread(list(groups)) for groups in np.random.default_rng(5).normal(0, 2.0, (2000, 8, 3))]
    assert np.mean([covered(one, 2.0) for one in found]) == pytest.approx(0.95, abs=0.017)


def test_signs_and_json():
    assert Estimate(1.0, 0.5, 1.5, 0.95, "", 3).above_zero
    assert Estimate(-1.0, -1.5, -0.5, 0.95, "", 3).below_zero
    assert not Estimate(1.0, float("nan"), float("nan"), 0.95, "", 1).above_zero
    assert Estimate(1.0, 0.5, 1.5, 0.95, "", 3).facts("x") == {"x": 1.0, "low": 0.5, "high": 1.5, "n": 3}


@pytest.mark.parametrize(("n", "low", "high"), [(10, 0.81, 0.87), (40, 0.87, 0.92)])
def test_what_skew_costs_is_what_the_docstring_says(n, low, high):
    # A lognormal's mean: Student's interval at few trials; the difference of two such arms holds.
    truth = float(np.exp(0.5))
    assert low <= coverage(lambda r: estimate_mean(r.lognormal(size=n)), truth) <= high
    assert coverage(lambda r: estimate_difference(oppose(*r.lognormal(size=(2, n)))), 0.0) >= 0.93
