"""Known answers: scipy.stats.bootstrap, draw for draw, and coverage by simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from commonweal.core.errors import StudyError
from commonweal.statistics.bootstrap import bootstrap_difference, bootstrap_statistic, mean
from commonweal.statistics.inference import Contrast, estimate_difference, estimate_mean, oppose

STATISTICS = {
    "mean": mean,
    "median": lambda x: np.median(x, axis=-1),
    "standard deviation": lambda x: x.std(axis=-1, ddof=1),
    "trimmed mean": lambda x: np.sort(x, axis=-1)[..., 2:-2].mean(axis=-1),
}


def scipys(data, statistic, draws, seed, paired=False):
    made = stats.bootstrap(
        data, statistic, n_resamples=draws, method="BCa", paired=paired, rng=np.random.default_rng(seed), axis=-1
    )
    return made.confidence_interval.low, made.confidence_interval.high


@pytest.mark.parametrize("name", STATISTICS)
def test_one_sample_is_scipys(name):
    rng = np.random.default_rng(3)
    for seed, n in enumerate(rng.integers(8, 40, 4)):
        values = rng.lognormal(size=n)
        found = bootstrap_statistic(values, STATISTICS[name], draws=500, seed=seed, expanded=False)
        theirs = scipys((values,), lambda x, axis: STATISTICS[name](x), 500, seed)
        assert (found.low, found.high) == pytest.approx(theirs, abs=1e-12)
        assert found.value == STATISTICS[name](values)


@pytest.mark.parametrize("name", ["mean", "median"])
def test_two_arms_and_pairs_are_scipys(name):
    rng, statistic = np.random.default_rng(4), STATISTICS[name]

    def difference(x, y, axis):
        return statistic(x) - statistic(y)

    for seed in range(3):
        one, nil = rng.lognormal(size=14), rng.normal(size=9)
        found = bootstrap_difference(oppose(one, nil), statistic, draws=500, seed=seed, expanded=False)
        assert (found.low, found.high) == pytest.approx(scipys((one, nil), difference, 500, seed), abs=1e-12)
        nil = one + rng.normal(size=14)
        found = bootstrap_difference(oppose(one, nil, paired=True), statistic, draws=500, seed=seed, expanded=False)
        assert (found.low, found.high) == pytest.approx(scipys((one, nil), difference, 500, seed, paired=True), abs=1e-12)
        assert "pairs" in found.method


def test_clusters_of_one_size_are_scipys_over_their_means():
    # The mean of clusters of one size is the mean of their means, whichever are drawn.
    rng = np.random.default_rng(5)
    values = rng.normal(size=(9, 4)) + 2 * rng.normal(size=(9, 1))
    found = bootstrap_statistic(values.ravel(), draws=800, seed=1, clusters=np.repeat(np.arange(9), 4), expanded=False)
    theirs = scipys((values.mean(axis=1),), np.mean, 800, 1)
    assert (found.low, found.high) == pytest.approx(theirs, abs=1e-12)
    assert found.method.endswith("9 clusters")


def test_pairs_are_clusters_of_two():
    rng = np.random.default_rng(6)
    shared = 5 * rng.normal(size=12)
    one, nil, labels = shared + rng.normal(size=12), shared + rng.normal(size=12), np.arange(12)
    pairs = bootstrap_difference(oppose(one, nil, paired=True), draws=400)
    clusters = bootstrap_difference(oppose(one, nil), draws=400, clusters=(labels, labels))
    apart = bootstrap_difference(oppose(one, nil), draws=400, clusters=(labels, labels + 12))
    assert (pairs.low, pairs.high) == pytest.approx((clusters.low, clusters.high))
    assert apart.high - apart.low > 3 * (pairs.high - pairs.low)


def test_clusters_of_unequal_sizes_are_drawn_whole():
    # One cluster of 6 trials at 1, and four of one trial at 0: a draw is k of 5 clusters at 1, so 6k / (6k + 5 - k).
    values, labels = np.array([1.0] * 6 + [0.0] * 4), np.array([0] * 6 + [1, 2, 3, 4])
    sizes: set[float] = set()

    def spy(rows):
        sizes.add(round(float(rows.mean(axis=-1)), 9))
        return rows.mean(axis=-1)

    bootstrap_statistic(values, spy, draws=300, clusters=labels)
    # The sample itself and the jackknife, beside draws.
    assert sizes <= {round(6 * k / (5 + 5 * k), 9) for k in range(6)} | {round(6 / 9, 9), 0.0}
    assert len(sizes) >= 4


def test_blocks_are_drawn_apart_and_count_the_same():
    rng = np.random.default_rng(7)
    block, small = np.repeat([0, 1], [30, 10]), np.repeat([0, 1], [10, 30])
    one, nil = 100.0 * block + 1 + rng.normal(size=40), 100.0 * small + rng.normal(size=40)
    arms = Contrast(one, nil, block, small, False)
    found, welch = bootstrap_difference(arms, draws=2_000), estimate_difference(arms)
    assert found.value == pytest.approx(welch.value)
    assert (found.low, found.high) == pytest.approx((welch.low, welch.high), abs=0.08)


@given(st.lists(st.floats(-100, 100), min_size=5, max_size=15), st.floats(-10, 10), st.floats(0.1, 10))
def test_the_interval_moves_and_stretches_with_the_values(values, shift, scale):
    if np.ptp(values) < 1e-3:
        return
    one = bootstrap_statistic(values, draws=199)
    other = bootstrap_statistic(shift + scale * np.array(values), draws=199)
    assert other.value == pytest.approx(shift + scale * one.value, abs=1e-6)
    if one.bounded and other.bounded:
        assert min(values) <= one.low <= one.high <= max(values)
        assert (other.low, other.high) == pytest.approx((shift + scale * one.low, shift + scale * one.high), abs=1e-6)


def test_what_gives_no_interval_says_why():
    assert bootstrap_statistic([]).method == "no trials"
    assert bootstrap_difference(oppose([], [1.0])).method == "no trials"
    assert "only one trial" in bootstrap_statistic([1.0]).method
    assert "do not vary" in bootstrap_statistic([1.0] * 5).method
    lone = bootstrap_difference(oppose([1.0, 2.0, 4.0], [1.0, 2.0, 3.0]), clusters=([0, 0, 0], [1, 2, 3]))
    assert not lone.bounded
    assert "only one cluster" in lone.method
    assert lone.value == pytest.approx(1 / 3)
    with pytest.raises(StudyError, match="2 cluster labels for 3 trials"):
        bootstrap_statistic([1.0, 2.0, 3.0], clusters=[1, 2])
    with pytest.raises(StudyError, match="expected one a trial"):
        bootstrap_difference(oppose([1.0, 2.0], [3.0]), clusters=([1], [2]))


def test_the_same_seed_gives_the_same_interval():
    values = np.random.default_rng(8).normal(size=20)
    assert bootstrap_statistic(values, seed=1) == bootstrap_statistic(values, seed=1) != bootstrap_statistic(values, seed=2)


@pytest.mark.parametrize(("n", "draw", "low", "high"), [(10, "normal", 0.93, 0.97), (40, "lognormal", 0.86, 0.93)])
def test_coverage_of_the_difference_in_means(n, draw, low, high):
    # 2,000 repetitions: standard error .005. Nominal for normal trials; what skew costs is the docstring's figure.
    rng, hits = np.random.default_rng(9), 0
    for _ in range(2_000):
        found = bootstrap_difference(oppose(*getattr(rng, draw)(size=(2, n))), draws=299)
        hits += found.low <= 0 <= found.high
    assert low <= hits / 2_000 <= high


def test_without_expansion_ten_trials_cover_too_seldom():
    rng, hits = np.random.default_rng(10), {True: 0, False: 0}
    for _ in range(1_000):
        values = rng.normal(size=10)
        for expanded in hits:
            found = bootstrap_statistic(values, draws=299, expanded=expanded)
            hits[expanded] += found.low <= 0 <= found.high
    assert hits[False] / 1_000 < 0.93 < hits[True] / 1_000


def test_expanded_it_agrees_with_student_on_many_normal_trials():
    values = np.random.default_rng(12).normal(size=400)
    found, student = bootstrap_statistic(values), estimate_mean(values)
    assert (found.low, found.high) == pytest.approx((student.low, student.high), abs=0.01)
