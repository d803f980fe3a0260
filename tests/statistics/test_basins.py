import math

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.special import gammaln
from sklearn.mixture import GaussianMixture

from commonweal.core.errors import StudyError
from commonweal.statistics.basins import find_bistability, find_early_warning, find_loop, measure_dip

# Quality of 63 statistics departments; Hartigan & Hartigan 1985: the dip is 1 / 16.8.
FACULTY = [30, 33, 35, 36, 37, 37, 39, 39, 39, 39, 39, 40, 40, 40, 40, 41, 42, 43, 43, 43, 44, 44, 45, 45, 46]
FACULTY += [47, 47, 48, 48, 48, 49, 50, 50, 51, 52, 52, 53, 53, 53, 53, 53, 54, 54, 57, 57, 59, 60, 60, 60, 61]
FACULTY += [61, 61, 61, 62, 62, 62, 62, 63, 66, 70, 72, 72, 72]
FOLD = 2 / (3 * math.sqrt(3))


def curie_weiss(spins, temperature):
    """Magnetisations and their exact probabilities at no field."""
    k = np.arange(spins + 1)
    m = (2 * k - spins) / spins
    weight = gammaln(spins + 1) - gammaln(k + 1) - gammaln(spins - k + 1) + spins * m**2 / (2 * temperature)
    weight = np.exp(weight - weight.max())
    return m, weight / weight.sum()


def nearest_unimodal(sample):
    """The dip by linear programs: for each place of the mode, the nearest distribution convex before and concave after it."""
    u, count = np.unique(sample, return_counts=True)
    above = np.cumsum(count) / count.sum()
    below, k, h = above - count / count.sum(), len(u), np.diff(u)
    found = []
    for mode in range(k):
        rows, limits = [], []

        def ask(terms, limit, rows=rows, limits=limits):
            row = np.zeros(k + 2)
            for place, factor in terms:
                row[place] += factor
            rows.append(row)
            limits.append(limit)

        # Heights at the values; the mode may have a jump, whose foot is column k; the distance is column k + 1.
        foot = [k if i == mode else i for i in range(k)]
        for i in range(k):
            for place, height in ((i, above[i]), (foot[i], below[i])):
                ask([(place, 1), (k + 1, -1)], height)
                ask([(place, -1), (k + 1, -1)], -height)
        ask([(k, 1), (mode, -1)], 0)
        ask([(k - 1, 1)], 1)
        for i in range(k - 1):
            ask([(i, 1), (foot[i + 1], -1)], 0)
        for i in range(mode - 1):
            ask([(i + 1, 1 / h[i] + 1 / h[i + 1]), (i, -1 / h[i]), (foot[i + 2], -1 / h[i + 1])], 0)
        for i in range(mode, k - 2):
            ask([(i + 1, -1 / h[i] - 1 / h[i + 1]), (i, 1 / h[i]), (i + 2, 1 / h[i + 1])], 0)
        found.append(linprog(np.eye(k + 2)[k + 1], A_ub=np.array(rows), b_ub=limits, bounds=[(0, None)] * (k + 2)).fun)
    return min(found)


def test_the_dip_of_hartigans_example():
    assert measure_dip(FACULTY) == pytest.approx(1 / 16.8, abs=1e-7)


@pytest.mark.parametrize("seed", range(9))
def test_the_dip_is_the_distance_to_the_nearest_distribution_with_one_mode(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 20))
    kinds = (rng.random(n), rng.normal(size=n) + 4 * (rng.random(n) < 0.5), rng.integers(0, 6, n).astype(float))
    sample = kinds[seed % 3]
    assert measure_dip(sample) == pytest.approx(nearest_unimodal(sample), abs=1e-6)
    assert measure_dip(7 - 3 * sample) == pytest.approx(measure_dip(sample), abs=1e-6)


def test_the_largest_and_smallest_dips():
    assert measure_dip([0.0] * 50 + [1.0] * 50) == pytest.approx(0.25, abs=1e-6)
    assert measure_dip([3.0, 3.0, 3.0, 3.0]) == 1 / 8
    assert measure_dip(np.arange(40)) == pytest.approx(1 / 80, abs=1e-6)


def test_a_magnet_has_two_basins_when_it_is_cold():
    # Below the critical temperature 1 the exact distribution at 100 spins has modes at +-m with m = tanh(m / T).
    rng = np.random.default_rng(2)
    m, weight = curie_weiss(100, 0.7)
    cold = find_bistability(rng.choice(m, 48, p=weight), draws=299)
    assert cold.found
    mode = abs(m[weight.argmax()])
    assert mode == pytest.approx(0.83, abs=0.03)  # tanh(.8286 / .7) = .8286
    assert (-cold.low, cold.high) == pytest.approx((mode, mode), abs=0.08)
    assert cold.share_high == pytest.approx(0.5, abs=0.25)
    m, weight = curie_weiss(100, 1.5)
    warm = [find_bistability(rng.choice(m, 48, p=weight), draws=99) for _ in range(10)]
    assert sum(one.found for one in warm) <= 1


def test_the_mixture_is_scikit_learns():
    # The same likelihood, centres and shares as another implementation's mixture with one covariance for both.
    rng = np.random.default_rng(4)
    sample = np.where(rng.random(200) < 0.3, rng.normal(4, 1, 200), rng.normal(0, 1, 200))
    ours = find_bistability(sample, draws=19)
    theirs = GaussianMixture(2, covariance_type="tied", tol=1e-10, max_iter=2000, n_init=3, random_state=0).fit(sample[:, None])
    order = np.argsort(theirs.means_[:, 0])
    assert (ours.low, ours.high) == pytest.approx(theirs.means_[order, 0], abs=1e-3)
    assert ours.share_high == pytest.approx(theirs.weights_[order][1], abs=1e-3)
    assert ours.spread == pytest.approx(math.sqrt(theirs.covariances_[0, 0]), abs=1e-3)


@pytest.mark.parametrize("draw", ["normal", "exponential", "uniform"])
def test_one_basin_is_not_taken_for_two(draw):
    # The mixture alone is misled by a skewed or flat outcome; with the dip beside it the verdict holds its level.
    rng = np.random.default_rng(7)
    found = [find_bistability(getattr(rng, draw)(size=16), draws=99) for _ in range(20)]
    assert np.mean([one.found for one in found]) <= 0.15
    if draw == "exponential":
        assert np.mean([one.mixture_p <= 0.05 for one in found]) > 0.3


def test_p_values_of_both_tests_hold_their_level():
    # 2,000 null samples each: ranks among other null samples, as the tests do it, reject 5 % at 5 %.
    from commonweal.statistics.basins import _mix, _null_dips

    rng = np.random.default_rng(1)
    samples = rng.standard_normal((2999, 12))
    samples = (samples - samples.mean(axis=1, keepdims=True)) / samples.std(axis=1, keepdims=True)
    gains = _mix(samples).gain
    assert (gains >= -1e-6).all()  # a mixture never fits worse than one normal
    limit = np.sort(gains[:999])[949]
    assert (gains[999:] > limit).mean() == pytest.approx(0.05, abs=0.02)
    # One null of 999 draws puts the level at .05 +- .007, so several.
    limits = [np.sort(_null_dips(12, 999, seed))[949] for seed in range(1, 4)]
    dips = np.array([measure_dip(sample) for sample in rng.random((2000, 12))])
    assert np.mean([(dips > limit).mean() for limit in limits]) == pytest.approx(0.05, abs=0.015)


def test_trials_that_agree_are_one_basin():
    found = find_bistability([0.3] * 12)
    assert (found.found, found.modes, found.low, found.n) == (False, 1, pytest.approx(0.3), 12)


def test_a_flip_is_no_distribution():
    with pytest.raises(StudyError, match="order parameter"):
        find_bistability([0, 1] * 10)
    with pytest.raises(StudyError, match="3 trials"):
        find_bistability([0.1, 0.2, 0.3])


def sweep(fields, trials, rng, noise=0.0):
    """x' = x + .1 (h + x - x^3), relaxed at each field in turn from where it was; it folds at h = +-2 / (3 sqrt 3)."""
    x = np.full(trials, -1.0 if fields[0] < fields[-1] else 1.0)
    found = []
    for field in fields:
        for _ in range(300):
            x = x + 0.1 * (field + x - x**3) + noise * rng.standard_normal(trials)
        found.append(x)
    return np.stack(found, axis=1)


def test_a_loop_is_as_wide_as_its_folds_are_apart():
    fields = np.linspace(-0.8, 0.8, 161)
    rng = np.random.default_rng(0)
    rising, falling = sweep(fields, 6, rng, 1e-4), sweep(fields[::-1], 6, rng, 1e-4)[:, ::-1]
    loop = find_loop(fields, rising, falling, 0.0)
    assert loop.found
    assert loop.stayed == 0
    # A sweep flips in the first step of .01 beyond the fold.
    assert loop.up.value == pytest.approx(FOLD, abs=0.011)
    assert loop.down.value == pytest.approx(-FOLD, abs=0.011)
    assert loop.width.value == pytest.approx(2 * FOLD, abs=0.022)
    # The area between the branches: 2 int_-F^F x(h) dh over the outer root, with h = x^3 - x.
    roots = np.array([max(np.roots([1, 0, -1, -field]).real) for field in np.linspace(-FOLD, FOLD, 2001)])
    area = 2 * np.trapezoid(roots, np.linspace(-FOLD, FOLD, 2001))
    assert abs(loop.area.value) == pytest.approx(area, abs=0.05)
    # The other way round: a reading that falls as settings rise.
    mirrored = find_loop(fields, -rising, -falling, 0.0)
    assert mirrored.width.value == pytest.approx(loop.width.value)
    assert abs(mirrored.area.value) == pytest.approx(abs(loop.area.value))


def test_the_width_of_no_loop_covers_nothing_and_that_of_a_loop_itself():
    # 2,000 studies of 8 sweeps each way that flip at a place of their own: the interval covers the planted width 95 %.
    rng = np.random.default_rng(5)
    axis = np.linspace(0, 1, 21)
    for width in (0.0, 0.3):
        held = []
        for at in rng.normal(0.5, 0.04, (1000, 2, 8)):
            rising = axis - (at[0][:, None] + width / 2)
            falling = axis - (at[1][:, None] - width / 2)
            loop = find_loop(axis, rising, falling, 0.0)
            held.append(loop.width.low <= width <= loop.width.high)
        assert np.mean(held) == pytest.approx(0.95, abs=0.02)


def test_sweeps_that_never_flip_are_said():
    axis = np.linspace(0, 1, 11)
    rising = np.stack([axis - 0.55, axis - 0.65, axis * 0 - 1])
    falling = np.stack([axis - 0.25, axis - 0.35, axis - 0.3])
    loop = find_loop(axis, rising, falling, 0.0)
    assert (loop.stayed, loop.up.value, loop.down.value) == (1, pytest.approx(0.6), pytest.approx(0.3))
    paired = find_loop(axis, rising, falling, 0.0, paired=True)
    assert (paired.stayed, paired.width.value) == (2, pytest.approx(0.3))
    with pytest.raises(StudyError, match="widen the range"):
        find_loop(axis, rising[2:], falling, 0.0)
    with pytest.raises(StudyError, match="rising order"):
        find_loop(axis[::-1], rising, falling, 0.0)


def fish(harvest, trials, rng, noise):
    """x' = x + r x (1 - x) - h with noise, r = .8: two fixed points that meet at h = r / 4 = .2."""
    x, found = np.full(trials, 1.0), []
    for h in harvest:
        x = x + 0.8 * x * (1 - x) - h + noise * rng.standard_normal(trials)
        found.append(x)
    return np.stack(found, axis=1)


def test_a_stock_slows_down_before_its_fold():
    rng = np.random.default_rng(1)
    near = find_early_warning(fish(np.linspace(0.0, 0.195, 400), 12, rng, 0.01))
    assert near.found
    assert near.autocorrelation.value > 0.5
    # At a harvest that stays, fluctuations are autoregressive with the map's slope 1 - r sqrt(1 - 4 h / r).
    for h in (0.05, 0.15):
        still = find_early_warning(fish(np.full(2200, h), 4, rng, 0.002)[:, 200:], trend=0.2)
        assert still.autocorrelations.mean() == pytest.approx(1 - 0.8 * math.sqrt(1 - 4 * h / 0.8), abs=0.03)
        slope = 1 - 0.8 * math.sqrt(1 - 4 * h / 0.8)
        assert still.variances.mean() == pytest.approx(0.002**2 / (1 - slope**2), rel=0.08)


def test_a_stationary_reading_gives_no_warning():
    # 2,000 studies of 5 trials of an autoregression that never changes: each sign's interval misses 0 in at most 5 %.
    rng = np.random.default_rng(6)
    noise = rng.standard_normal((2000, 5, 48))
    series = np.zeros_like(noise)
    for tick in range(1, 48):
        series[:, :, tick] = 0.5 * series[:, :, tick - 1] + noise[:, :, tick]
    found = [find_early_warning(readings) for readings in series]
    above = [(one.variance.low > 0, one.autocorrelation.low > 0) for one in found]
    assert np.mean(above, axis=0) == pytest.approx([0.025, 0.025], abs=0.015)
    assert np.mean([one.found for one in found]) < 0.02


def test_too_few_readings_are_refused():
    with pytest.raises(StudyError, match="longer or more trials"):
        find_early_warning(np.zeros((1, 100)))
    with pytest.raises(StudyError, match="longer or more trials"):
        find_early_warning(np.zeros((4, 30)))
