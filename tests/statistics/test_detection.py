"""Areas under ROC curves against scikit-learn, scipy's U, a published variance formula, and by simulation."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu, norm
from sklearn.metrics import roc_auc_score, roc_curve

from commonweal.core.errors import StudyError
from commonweal.statistics.detection import estimate_auc, find_roc


def draw(rng, m, n, apart=1.0, digits=1):
    return np.round(rng.normal(apart, 1, m), digits), np.round(rng.normal(0, 1, n), digits)


def test_areas_and_curves_are_those_of_scikit_learn_and_of_mann_whitney():
    rng = np.random.default_rng(0)
    for _ in range(30):
        guilty, innocent = draw(rng, *rng.integers(2, 40, 2), rng.uniform(-1, 2))
        truth = np.repeat([1, 0], [guilty.size, innocent.size])
        scores = np.concatenate([guilty, innocent])
        area = estimate_auc(guilty, innocent).value
        assert area == pytest.approx(roc_auc_score(truth, scores))
        assert area == pytest.approx(mannwhitneyu(guilty, innocent).statistic / (guilty.size * innocent.size))
        curve, (alarms, found, at) = find_roc(guilty, innocent), roc_curve(truth, scores, drop_intermediate=False)
        assert curve.alarms == pytest.approx(alarms)
        assert curve.found == pytest.approx(found)
        assert curve.threshold[1:] == pytest.approx(at[1:])
        assert np.trapezoid(curve.found, curve.alarms) == pytest.approx(area)


def test_delong_s_variance_by_its_definition():
    # DeLong et al. (1988), equations (4) to (6), by loops: structural components V10 and V01.
    rng = np.random.default_rng(1)
    guilty, innocent = draw(rng, 12, 17)
    wins = (guilty[:, None] > innocent) + 0.5 * (guilty[:, None] == innocent)
    error = np.sqrt(wins.mean(1).var(ddof=1) / 12 + wins.mean(0).var(ddof=1) / 17)
    found, area = estimate_auc(guilty, innocent), wins.mean()
    reach = norm.ppf(0.975) * error / (area * (1 - area))
    logit = np.log(area / (1 - area))
    assert (found.low, found.high) == pytest.approx(tuple(1 / (1 + np.exp(-logit - sign * reach)) for sign in (-1, 1)))


@pytest.mark.parametrize(("apart", "m", "n"), [(0.0, 20, 20), (1.0, 15, 30), (2.0, 20, 20)])
def test_intervals_cover_the_true_area(apart, m, n):
    # The area of two normals is Phi(apart / sqrt 2). 2,000 draws: nominal 95 %, at least 92 % wanted.
    rng, truth = np.random.default_rng(7), norm.cdf(apart / np.sqrt(2))
    found = [estimate_auc(*draw(rng, m, n, apart, 8)) for _ in range(2000)]
    assert np.mean([own.low <= truth <= own.high for own in found]) > 0.92


def test_the_bound_of_scores_that_part_wholly_holds():
    # Where the true area is at the bound, whole parting happens with probability at most 1 - level: by simulation.
    found = estimate_auc(np.arange(10.0) + 50, np.arange(30.0))
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.05 ** (1 / 10))
    rng, apart = np.random.default_rng(3), np.sqrt(2) * norm.ppf(found.low)
    parted = [(guilty.min() > innocent.max()) for guilty, innocent in (draw(rng, 10, 30, apart, 8) for _ in range(3000))]
    assert np.mean(parted) <= 0.05
    assert estimate_auc([1.0, 2.0], [3.0, 4.0]).value == 0.0


def test_power_at_a_rate_of_false_alarms():
    # By hand: at most one of four innocent trials may be accused, so the threshold is above 3.
    roc = find_roc([5.0, 4.0, 3.0, 1.0], [6.0, 3.0, 2.0, 0.0])
    assert roc.power(0.25) == 0.5
    assert roc.power(0.0) == 0.0
    assert roc.power(1.0) == 1.0


def test_no_scores_are_refused():
    for guilty, innocent in (([], [1.0]), ([1.0], []), ([np.nan], [1.0])):
        with pytest.raises(StudyError, match="expected"):
            estimate_auc(guilty, innocent)
    assert not estimate_auc([1.0], [0.0, 2.0]).bounded
