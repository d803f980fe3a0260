"""Shares of variance against closed forms and SALib, with planted noise of known share; coverage by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from SALib.analyze import morris as salib_morris
from SALib.analyze import sobol as salib_sobol
from SALib.sample import morris as salib_paths

from commonweal.core.errors import StudyError
from commonweal.statistics.sensitivity import (
    draw_morris,
    draw_saltelli,
    estimate_effects,
    estimate_shares,
)

FIRST, TOTAL = (0.3139, 0.4424, 0.0), (0.5576, 0.4424, 0.2437)
VARIANCE = 49 / 8 + 0.1 * np.pi**4 / 5 + 0.01 * np.pi**8 / 18 + 1 / 2
"""Ishigami and Homma 1990 with a = 7, b = 0.1: a^2/8 + b pi^4/5 + b^2 pi^8/18 + 1/2."""


def ishigami(points):
    x = np.pi * (2 * points - 1)
    return np.sin(x[..., 0]) + 7 * np.sin(x[..., 1]) ** 2 + 0.1 * x[..., 2] ** 4 * np.sin(x[..., 0])


def sobol_g(points, a):
    return ((np.abs(4 * points - 2) + a) / (1 + a)).prod(axis=-1)


def problem(d):
    return {"num_vars": d, "names": [f"x{i}" for i in range(d)], "bounds": [[0, 1]] * d}


def test_the_sample_is_a_and_b_and_what_is_between():
    points = draw_saltelli(16, 3, seed=4).reshape(16, 5, 3)
    a, b = points[:, 0], points[:, -1]
    for i in range(3):
        assert np.array_equal(points[:, i + 1, i], b[:, i])
        assert np.array_equal(np.delete(points[:, i + 1], i, 1), np.delete(a, i, 1))
    assert np.array_equal(draw_saltelli(5, 3, seed=4), points[:5].reshape(-1, 3))


def test_ishigami_has_its_analytic_indices():
    n = 8192
    found = estimate_shares(ishigami(draw_saltelli(n, 3)).reshape(n, 5, 1), draws=20)
    assert [row.first.value for row in found.factors] == pytest.approx(FIRST, abs=0.01)
    assert [row.total.value for row in found.factors] == pytest.approx(TOTAL, abs=0.005)
    assert found.variance == pytest.approx(VARIANCE, rel=0.01)
    assert np.isnan(found.seed.value)
    assert "noise counts as interaction" in found.seed.method


def test_sobols_g_has_its_analytic_indices():
    # Saltelli and Sobol 1995: V_i = 1 / 3 (1 + a_i)^2, V = prod (1 + V_i) - 1, T_i = V_i prod_(j != i) (1 + V_j) / V.
    a, n = np.random.default_rng(7).uniform(0, 9, 4), 8192
    own = 1 / 3 / (1 + a) ** 2
    whole = (1 + own).prod() - 1
    found = estimate_shares(sobol_g(draw_saltelli(n, 4, seed=1), a).reshape(n, 6, 1), draws=20)
    assert [row.first.value for row in found.factors] == pytest.approx(own / whole, abs=0.03)
    assert [row.total.value for row in found.factors] == pytest.approx(own * (1 + whole) / (1 + own) / whole, abs=0.03)


def test_totals_are_salibs_and_firsts_close_to_its_other_estimator():
    n, seed = 8192, 3
    outcomes = ishigami(draw_saltelli(n, 3, seed))
    ours = estimate_shares(outcomes.reshape(n, 5, 1), draws=100)
    theirs = salib_sobol.analyze(problem(3), outcomes, calc_second_order=False, num_resamples=100, seed=seed)
    # SALib divides by the variance with n, we by the one with n - 1; its first-order estimator is one of our two.
    assert [row.total.value for row in ours.factors] == pytest.approx(theirs["ST"] * (1 - 1 / (2 * n)), rel=1e-9)
    assert [row.first.value for row in ours.factors] == pytest.approx(theirs["S1"], abs=0.02)
    widths = [(row.total.high - row.total.low) / 2 for row in ours.factors]
    assert widths == pytest.approx(theirs["ST_conf"], rel=0.35)


@pytest.mark.parametrize("shared", [False, True], ids=["own seeds", "shared seeds"])
@pytest.mark.parametrize("share", [0.2, 0.6])
def test_planted_noise_gets_its_share_and_takes_none_of_the_factors(share, shared):
    n, m, rng = 8192, 3, np.random.default_rng(11)
    means = ishigami(draw_saltelli(n, 3, seed=2)).reshape(n, 5, 1)
    noise = rng.normal(0, np.sqrt(VARIANCE * share / (1 - share)), (n, 1 if shared else 5, m))
    found = estimate_shares(means + noise, draws=20)
    assert found.seed.value == pytest.approx(share, abs=0.02)
    left = 1 - found.seed.value
    assert [row.first.value / left for row in found.factors] == pytest.approx(FIRST, abs=0.06)
    assert [row.total.value / left for row in found.factors] == pytest.approx(TOTAL, abs=0.06)
    # Without the correction an inert interaction appears: with its own seeds each point adds its noise to every total.
    plain = estimate_shares((means + noise).mean(axis=2, keepdims=True), draws=20)
    if not shared and share == 0.6:
        assert plain.factors[2].total.value > TOTAL[2] + 0.1


def test_intervals_cover_the_shares():
    # 2,000 studies of y = 2 x1 + x2 + noise: Var = 4/12 + 1/12 + s^2, with s^2 = 5/12 a seed's share of one half. Points are
    # independent draws here; from a Sobol sequence the true errors are smaller and the intervals wider than need be.
    studies, n, m, rng = 2_000, 64, 2, np.random.default_rng(5)
    known = np.array([0.4, 0.1, 0.4, 0.1, 0.5])
    a, b = rng.uniform(size=(2, studies, n, 2))
    points = np.stack([a, np.stack([b[..., 0], a[..., 1]], -1), np.stack([a[..., 0], b[..., 1]], -1), b], axis=2)
    outcomes = (points @ [2.0, 1.0])[..., None] + rng.normal(0, np.sqrt(5 / 12), (studies, n, 4, m))
    hits = np.zeros(5)
    for runs in outcomes:
        found = estimate_shares(runs, draws=99)
        rows = [row.first for row in found.factors] + [row.total for row in found.factors] + [found.seed]
        hits += [row.low <= truth <= row.high for row, truth in zip(rows, known, strict=True)]
    assert ((hits / studies > 0.93) & (hits / studies < 0.97)).all(), hits / studies


def test_a_small_share_is_as_sharp_as_with_the_better_of_both_estimators():
    # 300 samples of y = 4 x1 - x2 (x3 inert): Jansen's estimator alone errs by .06 on x2 and x3, Saltelli's by .07 on x1.
    n, rng = 256, np.random.default_rng(8)
    a, b = rng.uniform(size=(2, 300, n, 3))
    mixed = [np.concatenate([a[..., :i], b[..., i : i + 1], a[..., i + 1 :]], axis=-1) for i in range(3)]
    outcomes = np.stack([a, *mixed, b], axis=2) @ [4.0, -1.0, 0.0]
    found = [estimate_shares(runs[..., None], draws=2).factors for runs in outcomes]
    error = np.array([[row.first.value for row in factors] for factors in found]) - np.array([16, 1, 0]) / 17
    assert np.abs(error.mean(axis=0)).max() < 0.004
    assert (np.sqrt((error**2).mean(axis=0)) < [0.008, 0.023, 0.004]).all()


def test_a_base_point_with_a_gap_is_left_out():
    runs = ishigami(draw_saltelli(64, 3)).reshape(64, 5, 1).repeat(2, axis=2)
    whole = estimate_shares(runs[1:], draws=10)
    runs[0, 3, 1] = np.nan
    found = estimate_shares(runs, draws=10)
    assert (found.points, found.left_out, found.replicates) == (63, 1, 2)
    assert found.factors == whole.factors
    assert found.seed.value == 0.0
    with pytest.raises(StudyError, match="1 of 2 base points"):
        estimate_shares(runs[:2])


@given(st.integers(1, 20), st.integers(1, 6), st.sampled_from([2, 4, 6, 8]), st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_a_path_changes_each_factor_once_by_its_step(paths, d, levels, seed):
    points = draw_morris(paths, d, levels, seed).reshape(paths, d + 1, d)
    moves = np.diff(points, axis=1)
    step = levels / 2 / (levels - 1)
    assert np.allclose(np.sort(np.abs(moves), axis=2)[..., -1], step)
    assert (np.count_nonzero(np.abs(moves) > 1e-9, axis=2) == 1).all()
    assert (np.sort(np.abs(moves).argmax(axis=2), axis=1) == np.arange(d)).all()
    assert points.min() >= 0
    assert points.max() <= 1
    assert np.allclose(points * (levels - 1) % 1 * (1 - points * (levels - 1) % 1), 0)
    assert np.array_equal(draw_morris(paths + 3, d, levels, seed).reshape(paths + 3, d + 1, d)[:paths], points)


def test_effects_are_salibs():
    paths = salib_paths.sample(problem(3), 40, num_levels=4, seed=1)
    theirs = salib_morris.analyze(problem(3), paths, ishigami(paths), num_levels=4, seed=1)
    ours = estimate_effects(paths, ishigami(paths).reshape(40, 4, 1), draws=20)
    assert [row.mu.value for row in ours] == pytest.approx(np.asarray(theirs["mu"]))
    assert [row.mu_star.value for row in ours] == pytest.approx(np.asarray(theirs["mu_star"]))
    own = draw_morris(30, 3, seed=2)
    theirs = salib_morris.analyze(problem(3), own, ishigami(own), num_levels=4, seed=1)
    ours = estimate_effects(own, ishigami(own).reshape(30, 4, 2 - 1), draws=20)
    assert [row.mu_star.value for row in ours] == pytest.approx(np.asarray(theirs["mu_star"]))


def test_sigma_is_salibs_with_a_noiseless_model():
    paths = draw_morris(30, 3, seed=2)
    theirs = salib_morris.analyze(problem(3), paths, ishigami(paths), num_levels=4, seed=1)
    ours = estimate_effects(paths, ishigami(paths).reshape(30, 4, 1).repeat(2, axis=2), draws=20)
    assert [row.sigma.value for row in ours] == pytest.approx(np.asarray(theirs["sigma"]))
    assert [row.noise for row in ours] == pytest.approx([0, 0, 0])


def test_effects_of_a_noisy_line():
    # y = 3 x1 - x2 + noise, x3 inert: mu = (3, -1, 0), no curvature; an inert factor's mu* is sqrt(2/pi) times the standard
    # error of an effect, sqrt(2 s^2 / m) / step.
    n, m, rng, spread = 3_000, 2, np.random.default_rng(3), 0.5
    points = draw_morris(n, 3, seed=9)
    runs = (points @ [3.0, -1.0, 0.0]).reshape(n, 4, 1) + rng.normal(0, spread, (n, 4, m))
    found = estimate_effects(points, runs, draws=100)
    assert [row.mu.value for row in found] == pytest.approx([3, -1, 0], abs=0.06)
    floor = np.sqrt(2 / np.pi) * np.sqrt(2 * spread**2 / m) / (2 / 3)
    assert found[2].noise == pytest.approx(floor, rel=0.03)
    assert found[2].mu_star.value == pytest.approx(floor, rel=0.05)
    assert max(row.sigma.value for row in found) < 0.25  # the noise alone would make it 0.75
    assert all(row.mu.low < truth < row.mu.high for row, truth in zip(found, [3, -1, 0], strict=True))


def test_mistakes_are_told():
    with pytest.raises(StudyError, match="even number"):
        draw_morris(3, 2, levels=5)
    with pytest.raises(StudyError, match="0 of 3 paths"):
        estimate_effects(draw_morris(3, 2), np.full((3, 3, 1), np.nan))
