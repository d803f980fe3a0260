import numpy as np
import pytest
from scipy import stats

from commonweal.statistics.inference import Contrast, oppose
from commonweal.statistics.permutation import permute_arms

# Darwin's maize, differences in eighths of an inch; Fisher 1935, section 21: 863 of 32,768 sums are 314 or more.
DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]


def test_fishers_own_example():
    found = permute_arms(oppose(DARWIN, [0] * 15, paired=True))
    assert found.p == pytest.approx(2 * 863 / 32768)
    assert found.deals == 32768
    assert found.method.startswith("exact")


def test_three_against_three_by_hand():
    found = permute_arms(oppose([4, 5, 6], [1, 2, 3]))
    assert (found.p, found.deals, found.difference) == (2 / 20, 20, 3.0)


def test_matches_scipy_exact_and_monte_carlo():
    rng = np.random.default_rng(5)
    one, nil = rng.normal(0.8, 1, 7), rng.normal(0, 1, 8)

    def difference(x, y, axis):
        return x.mean(axis=axis) - y.mean(axis=axis)

    theirs = stats.permutation_test((one, nil), difference, n_resamples=np.inf)
    # Two-sided, scipy doubles the smaller tail and we count both: the two differ a little unless arms are of one size.
    assert permute_arms(oppose(one, nil)).p == pytest.approx(theirs.pvalue, abs=1e-3)
    theirs = stats.permutation_test((one, nil[:7]), difference, n_resamples=np.inf)
    assert permute_arms(oppose(one, nil[:7])).p == pytest.approx(theirs.pvalue)
    one, nil = rng.normal(0.5, 1, 30), rng.normal(0, 1, 30)
    found = permute_arms(oppose(one, nil))
    assert found.method.startswith("Monte Carlo")
    assert found.p == pytest.approx(stats.ttest_ind(one, nil).pvalue, abs=0.02)
    assert found == permute_arms(oppose(one, nil))  # seeded


def test_labels_stay_within_their_block():
    # Two blocks of (1 treatment, 1 control): four deals, and the block's own level never enters.
    blocks = np.array([0, 1])
    found = permute_arms(Contrast(np.array([1.0, 101.0]), np.array([0.0, 100.0]), blocks, blocks, False))
    assert (found.p, found.deals) == (2 / 4, 4)
    assert found.method.endswith("labels within blocks")


def test_pairs_that_agree_give_p_one():
    assert permute_arms(oppose([1.0] * 9, [1.0] * 9, paired=True)).p == 1.0
    assert np.isnan(permute_arms(oppose([], [1.0])).p)


def test_monte_carlo_of_pairs_agrees_with_the_exact_binomial():
    # With +-1 differences the sign test is binomial: 30 of 40 positive, two-sided.
    differences = np.array([1.0] * 30 + [-1.0] * 10)
    found = permute_arms(oppose(differences, np.zeros(40), paired=True))
    assert found.p == pytest.approx(stats.binomtest(30, 40).pvalue, abs=0.001)


def test_false_positive_rate_is_nominal():
    # Exact test on skewed data, 2,000 repetitions: .05 with a standard error of .005.
    rng = np.random.default_rng(8)
    hits = [permute_arms(oppose(*rng.exponential(size=(2, 5)))).p <= 0.05 for _ in range(2000)]
    assert np.mean(hits) == pytest.approx(12 / 252, abs=0.015)  # the largest attainable level under .05
    hits = [permute_arms(oppose(*rng.exponential(size=(2, 10)), paired=True)).p <= 0.05 for _ in range(2000)]
    assert np.mean(hits) == pytest.approx(0.05, abs=0.015)


def test_false_positive_rate_of_monte_carlo_is_nominal():
    rng = np.random.default_rng(9)
    block = np.repeat([0, 1], 10)
    hits = []
    for _ in range(500):
        one, nil = rng.exponential(size=(2, 20)) + 5 * block
        hits.append(permute_arms(Contrast(one, nil, block, block, False), draws=199).p <= 0.05)
    assert np.mean(hits) == pytest.approx(0.05, abs=0.03)
