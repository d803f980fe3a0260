"""Known answers: oracles F, statsmodels' power of the t test, and studies simulated apart from the module."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestIndPower, TTestPower

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import estimate_difference, oppose
from commonweal.statistics.power import (
    Comparison,
    approximate_power,
    detectable_effect,
    power_at,
    power_of_counts,
    trials_needed,
)
from commonweal.statistics.rejection import reject_by_counts
from commonweal.statistics.variation import Assumed, Pilot, Share


def pooled_z(ones, nils, n=100):
    share = (ones + nils) / (2 * n)
    se = np.sqrt(share * (1 - share) * 2 / n)
    return np.abs(ones - nils) / n > stats.norm.ppf(0.975) * np.where(se > 0, se, np.inf)


def fisher(ones, nils, n=100):
    a, b = ones.astype(int), nils.astype(int)
    table = stats.hypergeom.pmf(np.arange(n + 1), 2 * n, np.arange(2 * n + 1)[:, None], n)
    own = table[a + b, a]
    p = (table[a + b] * (table[a + b] <= own[:, None] * (1 + 1e-7))).sum(axis=1)
    return p <= 0.05


def test_power_of_two_shares_is_that_of_the_oracle():
    assert approximate_power(100, 0.14, Share(0.01)) == pytest.approx(0.959788, abs=1e-6)
    assert approximate_power(100, 0.06, Share(0.04)) == pytest.approx(0.382387, abs=1e-6)
    assert power_of_counts(pooled_z, 100, 0.15, 0.01) == pytest.approx(0.986374, abs=1e-6)
    assert power_of_counts(pooled_z, 100, 0.10, 0.04) == pytest.approx(0.386829, abs=1e-6)
    approximate = next(n for n in range(200, 400) if approximate_power(n, 0.06, Share(0.04)) >= 0.8)
    assert approximate == 283


def test_power_of_fishers_test_is_that_of_the_oracle():
    small = stats.fisher_exact([[9, 91], [1, 99]]).pvalue <= 0.05  # the table's own check, against scipy
    assert fisher(np.array([9.0]), np.array([1.0]))[0] == small
    assert power_of_counts(fisher, 100, 0.15, 0.01) == pytest.approx(0.973350, abs=1e-6)
    assert power_of_counts(fisher, 100, 0.10, 0.04) == pytest.approx(0.290224, abs=1e-6)


@pytest.mark.parametrize(("control", "effect", "n"), [(0.01, 0.14, 100), (0.04, 0.06, 100), (0.5, 0.3, 20), (0.0, 0.2, 15)])
def test_the_simulated_power_of_our_interval_is_the_exact_one(control, effect, n):
    def ours(ones, nils):
        return reject_by_counts(ones[:, None], nils[:, None], n, 0.95)

    found = power_at(n, effect, Share(control))
    exact = power_of_counts(ours, n, control + effect, control)
    assert found.value == pytest.approx(exact, abs=4 * found.error)
    assert 0.001 < found.error < 0.006
    assert found.trials == 2 * n


def test_power_of_means_is_that_of_statsmodels():
    # Equal variances and sizes: Welch's t loses next to nothing against Student's, whose power is exact.
    rng = np.random.default_rng(41)
    for effect, n in zip(rng.uniform(0.2, 0.9, 5), rng.integers(8, 60, 5), strict=True):
        theirs = TTestIndPower().power(effect, n, 0.05)
        assert approximate_power(int(n), effect, Assumed(1.0)) == pytest.approx(theirs, abs=1e-9)
        assert power_at(int(n), -2 * effect, Assumed(2.0)).value == pytest.approx(theirs, abs=0.02)
        paired = TTestPower().power(effect / np.sqrt(2 * 0.8), n, 0.05)
        assert approximate_power(int(n), effect, Assumed(1.0, 0.2)) == pytest.approx(paired, abs=1e-9)
        assert power_at(int(n), effect, Assumed(1.0, 0.2)).value == pytest.approx(paired, abs=0.02)


def test_trials_needed_are_those_of_statsmodels():
    for effect in (0.2, 0.5, 1.0):
        theirs = TTestIndPower().solve_power(effect_size=effect, alpha=0.05, power=0.8)
        assert trials_needed(effect, Assumed(1.0)).n == pytest.approx(np.ceil(theirs), rel=0.03, abs=1)
    # Pairs of correlation .75 need a quarter of the trials of two arms that are drawn apart.
    apart, pairs = trials_needed(0.2, Assumed(1.0)), trials_needed(0.2, Assumed(1.0, 0.75))
    assert pairs.n / apart.n == pytest.approx(0.25, abs=0.02)
    blocked = trials_needed(0.2, Assumed(1.0), comparison=Comparison(blocks=8))
    assert blocked.trials == pytest.approx(apart.trials, rel=0.05)
    # 4 against 10 %: between 270 and 283 by the exact z test and the approximation (oracles F).
    assert 265 <= trials_needed(0.06, Share(0.04)).n <= 290


def test_studies_simulated_trial_by_trial_reject_as_often_as_predicted():
    rng = np.random.default_rng(42)
    pilot = Pilot(tuple(rng.gamma(2.0, 1.0, 40)))
    predicted = power_at(25, 0.8, pilot)
    hits = 0
    for _ in range(1000):
        one, nil = (rng.choice(pilot.control, 25) for _ in range(2))
        found = estimate_difference(oppose(one + 0.8, nil))
        hits += found.low > 0 or found.high < 0
    assert hits / 1000 == pytest.approx(predicted.value, abs=4 * np.sqrt(0.25 / 1000))
    assert "pilot of 40 trials" in predicted.method


def test_no_effect_is_found_at_the_tests_level():
    for variation in (Assumed(1.0), Assumed(1.0, 0.5), Pilot((0.1, 0.4, 0.2, 0.9, 0.6, 0.3))):
        assert power_at(20, 0.0, variation).value == pytest.approx(0.05, abs=0.015)
        assert power_at(8, 0.0, variation, Comparison(test="permutation"), draws=2000).value == pytest.approx(0.05, abs=0.02)
    assert power_at(30, 0.0, Share(0.5, 0.4)).value <= 0.065
    assert power_at(10, 0.0, Assumed(1.0), Comparison(blocks=3, level=0.9)).value == pytest.approx(0.1, abs=0.02)


def test_the_permutation_test_has_the_power_of_t_for_normal_outcomes():
    t = power_at(12, 1.2, Assumed(1.0)).value
    permuted = power_at(12, 1.2, Assumed(1.0), Comparison(test="permutation"), draws=3000)
    assert permuted.value == pytest.approx(t, abs=0.03)
    # Three against three: the least p-value is 2/20, so no effect can be significant at .05.
    assert power_at(3, 50.0, Assumed(1.0), Comparison(test="permutation"), draws=500).value == 0.0


def test_the_detectable_effect_and_the_trials_needed_are_each_others_inverse():
    found = detectable_effect(64, Assumed(1.0))
    assert found.effect == pytest.approx(0.4991, rel=0.03)  # statsmodels: solve_power(nobs1=64, alpha=.05, power=.8)
    assert found.value == pytest.approx(0.8, abs=0.02)
    assert trials_needed(found.effect, Assumed(1.0)).n == pytest.approx(64, abs=4)
    share = detectable_effect(100, Share(0.04))
    assert power_at(100, share.effect, Share(0.04)).value == pytest.approx(0.8, abs=0.03)
    assert detectable_effect(100, Share(1.0)).effect < 0
    pilot = Pilot((0.2, 0.5, 0.9, 0.3, 0.6))
    assert power_at(40, detectable_effect(40, pilot).effect, pilot).value == pytest.approx(0.8, abs=0.02)


def test_the_same_seed_gives_the_same_answer():
    assert trials_needed(0.3, Assumed(1.0), seed=3) == trials_needed(0.3, Assumed(1.0), seed=3)
    assert power_at(20, 0.3, Share(0.2), seed=1) != power_at(20, 0.3, Share(0.2), seed=2)


def test_impossible_questions_are_refused():
    with pytest.raises(StudyError, match="effect=0"):
        trials_needed(0.0, Assumed(1.0))
    with pytest.raises(StudyError, match="reach 0"):
        trials_needed(0.01, Assumed(1.0), most=200)
    with pytest.raises(StudyError, match="n=0"):
        power_at(0, 0.1, Assumed(1.0))
    with pytest.raises(StudyError, match="at least 1 block"):
        power_at(5, 0.1, Assumed(1.0), Comparison(blocks=0))
    with pytest.raises(StudyError, match="no share"):
        detectable_effect(2, Share(0.5))
    with pytest.raises(StudyError, match="find no effect"):
        detectable_effect(3, Assumed(1.0), comparison=Comparison(test="permutation"))
    assert approximate_power(1, 1.0, Assumed(1.0)) == 0.0
