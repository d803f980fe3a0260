"""Known answers: statsmodels' ttost_ind and ttost_paired, Newcombe's own limits, verdicts by hand, error rates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import ttost_ind, ttost_paired

from commonweal.core.errors import StudyError
from commonweal.statistics.clusters import estimate_clustered_difference
from commonweal.statistics.equivalence import assess_equivalence, compare_arms
from commonweal.statistics.inference import Bounds, Estimate, estimate_difference, estimate_proportion_difference, oppose


@given(st.integers(3, 30), st.integers(3, 30), st.floats(0.1, 2.0), st.integers(0, 10_000))
def test_welch_is_statsmodels(n, m, smallest, seed):
    rng = np.random.default_rng(seed)
    one, nil = rng.normal(0.3, 2, n), rng.normal(0, 1, m)
    found = compare_arms(oppose(one, nil), smallest)
    theirs = ttost_ind(one, nil, -smallest, smallest, usevar="unequal")[0]
    assert found.p == pytest.approx(theirs, rel=1e-4, abs=1e-11)
    assert found.p_effect == pytest.approx(stats.ttest_ind(one, nil, equal_var=False).pvalue, rel=1e-4, abs=1e-11)
    limits = stats.ttest_ind(one, nil, equal_var=False).confidence_interval(0.9)
    assert (found.estimate.low, found.estimate.high) == pytest.approx((limits.low, limits.high))
    assert (found.p < 0.05) == (-smallest < found.estimate.low and found.estimate.high < smallest)


@given(st.integers(3, 30), st.floats(0.1, 2.0), st.integers(0, 10_000))
def test_pairs_are_statsmodels(n, smallest, seed):
    rng = np.random.default_rng(seed)
    one, nil = rng.normal(0.3, 1, (2, n))
    theirs = ttost_paired(one, nil, -smallest, smallest)[0]
    assert compare_arms(oppose(one, nil, paired=True), smallest).p == pytest.approx(theirs, rel=1e-4, abs=1e-11)


@given(st.integers(0, 25), st.integers(0, 25), st.floats(0.05, 0.9))
def test_proportions_go_with_newcombes_interval(k, j, smallest):
    arms = oppose([1.0] * k + [0.0] * (25 - k), [1.0] * j + [0.0] * (25 - j))
    found = compare_arms(arms, smallest)
    assert found.estimate == estimate_proportion_difference(arms, 0.9)
    inside = -smallest < found.estimate.low and found.estimate.high < smallest
    assert (found.p < 0.05) == inside or found.p == pytest.approx(0.05)
    if 1e-9 < found.p < 0.4:
        at = estimate_proportion_difference(arms, 1 - 2 * found.p)
        assert max(-at.low, at.high) == pytest.approx(smallest, abs=1e-6)


@pytest.mark.parametrize(
    ("middle", "half", "verdict"),
    [
        (0.0, 0.2, "equivalent"),
        (0.3, 0.2, "effect, but smaller than matters"),
        (2.0, 0.2, "effect"),
        (0.9, 0.2, "effect"),
        (0.0, 3.0, "undecided"),
        (-0.9, 0.5, "effect"),
        (0.5, 0.8, "undecided"),
    ],
)
def test_verdicts_by_hand(middle, half, verdict):
    """A normal estimate with a 95 % half width, against 1."""

    def interval(level):
        own = half * stats.norm.ppf(0.5 + level / 2) / stats.norm.ppf(0.975)
        return Estimate(middle, middle - own, middle + own, level, "by hand", 1)

    found = assess_equivalence(interval, 1.0)
    assert found.verdict == verdict
    error = half / stats.norm.ppf(0.975)
    assert found.p == pytest.approx(max(stats.norm.sf((middle + 1) / error), stats.norm.cdf((middle - 1) / error)), abs=1e-9)


def test_any_interval_will_do():
    rng = np.random.default_rng(1)
    one, nil, labels = rng.normal(size=40), rng.normal(size=40), np.repeat(np.arange(8), 5)
    arms = oppose(one, nil)
    found = assess_equivalence(lambda at: estimate_clustered_difference(arms, (labels, labels + 8), level=at).estimate, 3.0)
    plain = estimate_clustered_difference(arms, (labels, labels + 8))
    assert found.p_effect == pytest.approx(plain.p)
    assert found.verdict == "equivalent"


def test_without_an_interval_nothing_is_decided():
    found = compare_arms(oppose([1.5, 1.5], [1.5, 1.5]), 1.0)
    assert (found.verdict, np.isnan(found.p)) == ("undecided", True)
    bounded = compare_arms(oppose([0.5] * 60, [0.5] * 60), 0.2, bounds=Bounds(0, 1))
    assert bounded.verdict == "equivalent"


def test_what_is_no_smallest_effect_is_refused():
    for smallest, alpha in ((0.0, 0.05), (-1.0, 0.05), (float("inf"), 0.05), (1.0, 0.5)):
        with pytest.raises(StudyError, match="too small to matter"):
            compare_arms(oppose([1.0, 2.0], [1.0, 3.0]), smallest, alpha)


def test_an_effect_at_the_edge_is_seldom_called_equivalent():
    # True effect = the smallest of interest: at most 5 %, by the 90 % interval alone (the same verdict, without the root).
    rng, studies = np.random.default_rng(2), 2_000
    for n in (10, 40):
        limits = [estimate_difference(oppose(rng.normal(1.5, 1, n), rng.normal(0, 1, n)), 0.9) for _ in range(studies)]
        called = np.mean([own.low > -1.5 and own.high < 1.5 for own in limits])
        assert called <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / studies)
        assert called >= 0.03
    limits = [
        estimate_proportion_difference(oppose((rng.random(40) < 0.8) * 1.0, (rng.random(40) < 0.4) * 1.0), 0.9)
        for _ in range(studies)
    ]
    assert np.mean([own.low > -0.4 and own.high < 0.4 for own in limits]) <= 0.065
