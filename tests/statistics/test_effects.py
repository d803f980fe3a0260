"""Known answers: Hedges' g by its definition and scipy's noncentral t; every method named, the same value in all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.meta_analysis import effectsize_smd

from commonweal.core.errors import StudyError
from commonweal.statistics.bootstrap import bootstrap_difference
from commonweal.statistics.clusters import estimate_clustered_difference
from commonweal.statistics.effects import measure_effect, standardise
from commonweal.statistics.inference import Bounds, Contrast, estimate_difference, estimate_proportion_difference, oppose
from commonweal.statistics.permutation import permute_arms


@given(st.integers(4, 40), st.integers(4, 40), st.floats(-2, 2), st.integers(0, 10_000))
def test_hedges_g_is_statsmodels_and_its_interval_is_scipys(n, m, shift, seed):
    rng = np.random.default_rng(seed)
    one, nil = rng.normal(shift, 1, n), rng.normal(0, 1, m)
    found = standardise(oppose(one, nil))
    theirs, _ = effectsize_smd(one.mean(), one.std(ddof=1), n, nil.mean(), nil.std(ddof=1), m)
    assert found.value == pytest.approx(theirs, rel=2e-3)  # theirs is Hedges' approximation 1 - 3 / (4 f - 1)
    exact = stats.ttest_ind(one, nil).statistic
    correction = found.value / (exact * np.sqrt(1 / n + 1 / m))
    for limit, share in ((found.low, 0.975), (found.high, 0.025)):
        ncp = limit / correction / np.sqrt(1 / n + 1 / m)
        assert stats.nct.cdf(exact, n + m - 2, ncp) == pytest.approx(share, abs=1e-5)


def test_pairs_are_standardised_by_their_differences():
    rng = np.random.default_rng(1)
    one, nil = rng.normal(1, 1, 12), rng.normal(size=12)
    found, own = standardise(oppose(one, nil, paired=True)), one - nil
    assert found.value == pytest.approx(own.mean() / own.std(ddof=1) * (1 - 3 / (4 * 11 - 1)), rel=2e-3)
    with pytest.raises(StudyError, match="expected pairs"):
        standardise(Contrast(one, nil[:3], np.zeros(12, np.int64), np.zeros(3, np.int64), True))


def test_blocks_are_taken_out_of_the_standard_deviation():
    rng, block = np.random.default_rng(2), np.repeat(np.arange(5), 20)
    arms = Contrast(50.0 * block + 1 + rng.normal(size=100), 50.0 * block + rng.normal(size=100), block, block, False)
    found = standardise(arms)
    assert found.low < 1 < found.high
    assert found.high - found.low < 0.7


def test_the_interval_of_g_covers():
    rng, hits = np.random.default_rng(3), 0
    for _ in range(2_000):
        found = standardise(oppose(rng.normal(0.8, 1, 8), rng.normal(0, 1, 12)))
        hits += found.low <= 0.8 <= found.high
    assert hits / 2_000 == pytest.approx(0.95, abs=0.015)


def test_without_spread_there_is_no_g():
    assert "no standard deviation" in standardise(oppose([1.0, 1.0], [2.0, 2.0])).method
    assert standardise(oppose([], [1.0])).method == "no trials"


def test_every_method_says_the_same_difference():
    rng = np.random.default_rng(4)
    arms = oppose(rng.normal(1, 1, 15), rng.normal(0, 1, 12))
    found = measure_effect(arms)
    assert found.difference == estimate_difference(arms)
    assert found.permutation == permute_arms(arms)
    assert found.beside == (bootstrap_difference(arms),)
    assert found.beside[0].value == pytest.approx(found.difference.value) == pytest.approx(found.permutation.difference)
    assert found.agree == (found.difference.above_zero == found.beside[0].above_zero)
    shares = oppose((rng.random(20) < 0.7) * 1.0, (rng.random(20) < 0.4) * 1.0)
    found = measure_effect(shares, Bounds(0, 1))
    assert found.difference == estimate_proportion_difference(shares)
    assert found.beside[0] == estimate_difference(shares)
    assert measure_effect(shares, Bounds(-1, 1)).difference.method.startswith("Welch")


def test_with_clusters_only_what_knows_of_them_stands():
    rng, labels = np.random.default_rng(5), np.repeat(np.arange(6), 5)
    arms = oppose(rng.normal(size=30), rng.normal(size=30))
    found = measure_effect(arms, clusters=(labels, labels + 6))
    assert found.difference == estimate_clustered_difference(arms, (labels, labels + 6)).estimate
    assert found.permutation is None
    assert [own.method.split(",")[0] for own in found.beside] == ["BCa bootstrap of clusters"]
