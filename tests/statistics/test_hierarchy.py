"""Known answers: the BCG trials as metafor has them, statsmodels' combine_effects, balanced designs, coverage."""

import sys

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

from commonweal.core.errors import StudyError
from commonweal.statistics.hierarchy import fit_hierarchy, summarise_families

# Colditz et al. 1994: tuberculosis with and without, vaccinated and not; log risk ratios.
BCG = np.array(
    [
        [4, 119, 11, 128],
        [6, 300, 29, 274],
        [3, 228, 11, 209],
        [62, 13536, 248, 12619],
        [33, 5036, 47, 5761],
        [180, 1361, 372, 1079],
        [8, 2537, 10, 619],
        [505, 87886, 499, 87892],
        [29, 7470, 45, 7232],
        [17, 1699, 65, 1600],
        [186, 50448, 141, 27197],
        [5, 2493, 3, 2338],
        [27, 16886, 29, 17825],
    ],
    dtype=float,
).T
A, B, C, D = BCG
EFFECT, VARIANCE = np.log(A / (A + B) * (C + D) / C), 1 / A - 1 / (A + B) + 1 / C - 1 / (C + D)


def test_the_bcg_trials_as_published():
    # Viechtbauer 2010, Journal of Statistical Software 36(3): REML tau^2 .3132, mean -.7145, I^2 92.22 %, Q 152.2330.
    found = summarise_families(EFFECT, np.sqrt(VARIANCE))
    assert found.spread**2 == pytest.approx(0.3132, abs=5e-5)
    assert found.mean.value == pytest.approx(-0.7145, abs=5e-5)
    assert found.share == pytest.approx(0.9222, abs=5e-5)
    assert found.p_same == pytest.approx(stats.chi2.sf(152.2330, 12), rel=1e-4)
    # Plain standard error .1798; prediction interval t(11) sqrt(.3132 + .1798^2).
    half = stats.t.ppf(0.975, 11) * np.sqrt(0.3132 + 0.1798**2)
    assert (found.new.low, found.new.high) == pytest.approx((-0.7145 - half, -0.7145 + half), abs=2e-4)


def test_dersimonian_and_laird_are_statsmodels():
    theirs = combine_effects(EFFECT, VARIANCE, method_re="dl")
    found = summarise_families(EFFECT, np.sqrt(VARIANCE), between="DL")
    assert found.spread**2 == pytest.approx(theirs.tau2)
    assert found.mean.value == pytest.approx(theirs.mean_effect_re)
    assert found.error == pytest.approx(theirs.sd_eff_w_re_hksj)
    half = stats.t.ppf(0.975, 12) * theirs.sd_eff_w_re_hksj
    assert (found.mean.low, found.mean.high) == pytest.approx((found.mean.value - half, found.mean.value + half))


def test_equal_errors_have_a_closed_form():
    # tau^2 = s^2 - se^2 for both, and the mean's interval is Student's where s > se.
    y = np.array([1.0, 3.0, 4.5, 0.0, 2.0])
    for between in ("REML", "DL"):
        found = summarise_families(y, np.full(5, 0.7), between=between)
        assert found.spread**2 == pytest.approx(y.var(ddof=1) - 0.49, rel=1e-6)
        limits = stats.ttest_1samp(y, 0).confidence_interval()
        assert (found.mean.low, found.mean.high) == pytest.approx((limits.low, limits.high), rel=1e-6)
    same = summarise_families([1.0, 1.0, 1.0], [0.5] * 3)
    assert (same.spread, same.share, same.p_same) == (0.0, 0.0, 1.0)
    assert same.error == pytest.approx(0.5 / np.sqrt(3))


def test_few_families():
    assert not summarise_families([], []).mean.bounded
    alone = summarise_families([2.0], [0.5])
    assert (alone.mean.value, alone.error, alone.mean.bounded) == (2.0, 0.5, False)
    two = summarise_families([2.0, 3.0], [0.5, 0.5])
    assert two.mean.bounded
    assert not two.new.bounded
    assert "expected at least 3" in two.new.method
    for errors in ([0.5], [0.5, 0.0], [0.5, float("nan")]):
        with pytest.raises(StudyError, match="standard errors"):
            summarise_families([2.0, 3.0], errors)


@pytest.mark.parametrize(("k", "low_new"), [(5, 0.88), (20, 0.88)])
def test_coverage(k, low_new):
    # tau = mean error = 1: the mean's interval holds; the prediction interval falls short, as its docstring says.
    rng, studies, mean, new = np.random.default_rng(1), 2_000, 0, 0
    for _ in range(studies):
        error = rng.uniform(0.5, 1.5, k)
        found = summarise_families(rng.normal(size=k) + error * rng.normal(size=k), error, between="DL")
        mean += found.mean.low <= 0 <= found.mean.high
        new += found.new.low <= rng.normal() <= found.new.high
    assert 0.935 <= mean / studies <= 0.99
    assert low_new <= new / studies <= 0.97


def balanced(seed=2, families=8, m=6):
    rng = np.random.default_rng(seed)
    family = np.repeat(np.arange(families), 2 * m)
    arm = np.tile(np.repeat([0, 1], m), families)
    y = 2 * rng.normal(size=families)[family] + arm * (1 + rng.normal(size=families)[family]) + rng.normal(size=family.size)
    return y, arm, family


def test_balanced_slopes_are_a_paired_t_over_families():
    # In a balanced design the mixed model's effect and error are those of the families' own differences.
    y, arm, family = balanced()
    means = y.reshape(8, 2, 6).mean(axis=2)
    theirs = stats.ttest_rel(means[:, 1], means[:, 0])
    found = fit_hierarchy(y, arm, {"model": family}, slopes=["model"])
    assert found.converged
    assert found.freedom == 7
    limits = theirs.confidence_interval()
    assert (found.effect.low, found.effect.high) == pytest.approx((limits.low, limits.high), rel=5e-3)
    within = y.reshape(8, 2, 6).var(axis=2, ddof=1).mean()
    assert found.within**2 == pytest.approx(within, rel=1e-2)
    differences = (means[:, 1] - means[:, 0]).var(ddof=1)
    assert found.spread["arm by model"] ** 2 == pytest.approx(differences - 2 * within / 6, rel=2e-2)


def test_whole_families_in_one_arm_are_a_t_over_family_means():
    rng = np.random.default_rng(3)
    family = np.repeat(np.arange(10), 5)
    arm, y = (family < 5) * 1, rng.normal(size=10)[family] + rng.normal(size=50)
    means = y.reshape(10, 5).mean(axis=1)
    theirs = stats.ttest_ind(means[:5], means[5:]).confidence_interval()
    found = fit_hierarchy(y, arm, {"model": family})
    assert found.freedom == 8
    assert (found.effect.low, found.effect.high) == pytest.approx((theirs.low, theirs.high), rel=5e-3)


def test_crossed_groups_and_units():
    y, arm, family = balanced(4)
    cell = np.tile(np.arange(6), 16)
    one, other = (fit_hierarchy(scale * y + 7, arm, {"model": family, "cell": cell}) for scale in (1.0, 1000.0))
    assert set(one.spread) == {"model", "cell"}
    assert other.effect.value == pytest.approx(1000 * one.effect.value, rel=1e-3)
    assert other.error == pytest.approx(1000 * one.error, rel=1e-2)
    assert one.freedom == 94


def test_what_cannot_be_fitted_is_refused(monkeypatch):
    y, arm, family = balanced()
    for groups, slopes, message in (
        ({"model": family[1:]}, (), "one label of each kind"),
        ({"model": family * 0}, (), "one level"),
        ({}, (), "at least one"),
        ({"model": family}, ("world",), "expected some of the groups: model"),
    ):
        with pytest.raises(StudyError, match=message):
            fit_hierarchy(y, arm, groups, slopes)
    with pytest.raises(StudyError, match="both of them"):
        fit_hierarchy(y, arm * 0, {"model": family})
    monkeypatch.setitem(sys.modules, "statsmodels.regression.mixed_linear_model", None)
    with pytest.raises(StudyError, match=r"install commonweal\[statistics\]"):
        fit_hierarchy(y, arm, {"model": family})
