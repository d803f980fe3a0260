"""Known answers: pooling by hand, the likelihood ratio by direct maximisation, its limit and coverage by simulation."""

import numpy as np
import pytest
from scipy import optimize
from scipy.special import expit

from commonweal.core.errors import StudyError
from commonweal.statistics.isotonic import QUANTILES, fit_monotone
from commonweal.statistics.thresholds import Scan

UNIT = Scan(0.0, 1.0)


def draw(rng, threshold, x, slope=20.0):
    return (rng.random(np.shape(x)) < expit(slope * (x - threshold))) * 1.0


def test_pooling_by_hand():
    # Means 0, 1/2, 1/4 (two trials, two, four), 1: the violators pool to (1 + 1) / 6.
    x = [0.0, 0.0, 0.2, 0.2, 0.4, 0.4, 0.4, 0.4, 0.8]
    y = [0, 0, 0, 1, 0, 0, 0, 1, 1]
    found = fit_monotone(x, y, UNIT)
    assert found.places.tolist() == [0.0, 0.2, 0.4, 0.8]
    assert found.means == pytest.approx([0, 1 / 3, 1 / 3, 1])
    assert found.rising
    assert found.threshold.value == pytest.approx(0.6)
    mirrored = fit_monotone(1 - np.array(x), y, UNIT)
    assert not mirrored.rising
    assert mirrored.places.tolist() == sorted(1 - np.unique(x))
    assert mirrored.means == pytest.approx([1, 1 / 3, 1 / 3, 0])
    assert mirrored.threshold.value == pytest.approx(0.4)
    assert (mirrored.threshold.low, mirrored.threshold.high) == pytest.approx(
        (1 - found.threshold.high, 1 - found.threshold.low)
    )


@pytest.mark.parametrize("level", [0.5, 0.3])
def test_the_interval_is_where_the_likelihood_ratio_is_under_its_quantile(level):
    # The best curve below the level before a split and above it after, by a general optimiser over five places.
    rng = np.random.default_rng(61)
    x = np.repeat([0.1, 0.3, 0.5, 0.7, 0.9], 8)
    y = draw(rng, 0.5, x, 6.0)
    ones = y.reshape(5, 8).sum(axis=1)

    def best(split):
        bounds = [(1e-9, level if i < split else 1 - 1e-9) if i < split else (level, 1 - 1e-9) for i in range(5)]

        def loss(p):
            return -(ones * np.log(p) + (8 - ones) * np.log1p(-p)).sum()

        rising = {"type": "ineq", "fun": np.diff}
        start = np.array([low + (high - low) * (0.2 + 0.15 * i) for i, (low, high) in enumerate(bounds)])
        return -optimize.minimize(loss, np.sort(start), bounds=bounds, constraints=rising, method="SLSQP").fun

    heights = np.array([best(split) for split in range(6)])
    inside = (2 * (heights.max() - heights) <= QUANTILES[0.95]).nonzero()[0]
    limits = [-np.inf, 0.1, 0.3, 0.5, 0.7, 0.9, np.inf]
    found = fit_monotone(x, y, Scan(0.0, 1.0, level)).threshold
    assert (found.low, found.high) == (limits[inside[0]], limits[inside[-1] + 1])


@pytest.mark.parametrize("kind", ["0 or 1", "noise"])
def test_coverage_by_simulation(kind):
    # The interval reaches to the places around the threshold, so it errs on the wide side (2,000 repetitions, .005).
    rng, x, covered = np.random.default_rng(62), np.repeat((np.arange(24) + 0.5) / 24, 2), 0
    scan = Scan(0.0, 1.0, rising=True)
    for threshold in rng.uniform(0.25, 0.75, 2000):
        curve = expit(8 * (x - threshold))
        y = curve + rng.normal(0, 0.25, 48) if kind == "noise" else (rng.random(48) < curve) * 1.0
        found = fit_monotone(x, y, scan).threshold
        covered += found.low <= threshold <= found.high
    assert 0.93 <= covered / 2000 <= 0.985


def test_the_quantiles_are_those_of_the_limit():
    # Banerjee & Wellner 2001: the integral of squared slopes of Brownian motion + z^2, less those held to 0 at 0.
    rng, step, half = np.random.default_rng(63), 0.02, 100
    z = (np.arange(-half, half) + 0.5) * step
    found = []
    for noise in rng.standard_normal((4000, 2 * half)) / np.sqrt(step):
        y = 2 * z + noise
        free = optimize.isotonic_regression(y).x
        before = np.minimum(optimize.isotonic_regression(y[:half]).x, 0)
        after = np.maximum(optimize.isotonic_regression(y[half:]).x, 0)
        found.append(step * (free @ free - before @ before - after @ after))
    for confidence, quantile in QUANTILES.items():
        share = np.mean(np.array(found) <= quantile)
        assert share == pytest.approx(confidence, abs=4 * np.sqrt(confidence * (1 - confidence) / 4000) + 0.003)


def test_trials_that_do_not_cross():
    x = np.linspace(0, 1, 20)
    found = fit_monotone(x, np.zeros(20), Scan(0.0, 1.0, rising=True))
    assert np.isnan(found.threshold.value)
    assert found.threshold.high == np.inf
    assert "does not cross" in found.threshold.method
    split = fit_monotone(x, (x > 0.5) * 1.0, UNIT)
    assert split.threshold.value == pytest.approx(0.5)
    assert split.threshold.low < 0.48 < 0.52 < split.threshold.high


def test_wrong_questions_are_refused():
    with pytest.raises(StudyError, match="2 places and 1 outcomes"):
        fit_monotone([0.1, 0.2], [1.0], UNIT)
    with pytest.raises(StudyError, match=r"confidence 0\.8"):
        fit_monotone([0.1, 0.2], [0.0, 1.0], UNIT, 0.8)
