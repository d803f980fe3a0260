"""Approximate Bayesian computation: conjugate posteriors, coverage of known parameters, and numbers that have no fit."""

import numpy as np
import pytest
from scipy.stats import gamma, norm

from commonweal.core.errors import StudyError
from commonweal.statistics.abc import Simulations, check_fit, find_scale, infer, leave_one_out


def normal_means(rng, m, n=20, spread=2.0):
    """Means of n unit normals, of a prior that is normal with this spread; a second number that tells nothing."""
    theta = rng.normal(0, spread, m)
    return Simulations(theta[:, None], np.stack([theta + rng.normal(0, n**-0.5, m), rng.normal(0, 5, m)], 1))


def test_the_mean_of_a_normal():
    # Conjugate: precision 1 / 4 + 20, mean 20 x / precision.
    rng = np.random.default_rng(1)
    simulations = normal_means(rng, 60_000)
    for x in rng.uniform(-2.5, 2.5, 3):
        posterior = infer(simulations, np.array([x, np.nan]), 0.02)
        sd = (0.25 + 20) ** -0.5
        assert posterior.mean[0] == pytest.approx(20 * x * sd**2, abs=0.25 * sd)
        low, high = posterior.interval(0.9)[0]
        assert (low, high) == pytest.approx(20 * x * sd**2 + sd * norm.ppf([0.05, 0.95]), abs=0.35 * sd)
        assert posterior.weights.sum() == pytest.approx(1.0)
        # A number that says nothing costs precision, and moves nothing.
        assert infer(simulations, np.array([x, 0.0]), 0.02).mean[0] == pytest.approx(20 * x * sd**2, abs=0.3 * sd)


def test_the_rate_of_a_poisson():
    # Conjugate: gamma(a + sum, b + n).
    rng = np.random.default_rng(2)
    a, b, n = float(rng.uniform(1, 4)), float(rng.uniform(0.3, 1)), 15
    rate = rng.gamma(a, 1 / b, 60_000)
    simulations = Simulations(rate[:, None], rng.poisson(n * rate)[:, None] / n)
    for total in (20, 60):
        truth = gamma(a + total, scale=1 / (b + n))
        posterior = infer(simulations, np.array([total / n]), 0.02)
        assert posterior.mean[0] == pytest.approx(truth.mean(), abs=0.25 * truth.std())
        assert posterior.interval(0.9)[0] == pytest.approx(truth.ppf([0.05, 0.95]), abs=0.4 * truth.std())


def test_regression_takes_off_the_tolerance():
    """Keeping half of all draws, the mean is that of the prior's half without, and right with."""
    rng = np.random.default_rng(3)
    simulations, x = normal_means(rng, 20_000), np.array([1.5, np.nan])
    truth = 20 * 1.5 / 20.25
    adjusted, plain = (abs(infer(simulations, x, 0.5, adjust).mean[0] - truth) for adjust in (True, False))
    assert adjusted < 0.02
    assert plain > 0.2


def test_two_parameters_and_ends_of_the_prior():
    rng = np.random.default_rng(4)
    theta = rng.uniform([0, 2], [1, 6], (30_000, 2))
    numbers = np.stack([theta[:, 0] + 0.1 * theta[:, 1], theta[:, 1] - theta[:, 0]], 1) + rng.normal(0, 0.02, (30_000, 2))
    simulations = Simulations(theta, numbers, np.array([0.0, 2.0]), np.array([1.0, 6.0]))
    posterior = infer(simulations, np.array([0.4 + 0.5, 5 - 0.4]), 0.02)
    assert posterior.mean == pytest.approx([0.4, 5.0], abs=0.02)
    edge = infer(simulations, np.array([0.0 + 0.2, 2.0]), 0.02)
    assert (edge.draws >= [0, 2]).all()
    assert (edge.draws <= [1, 6]).all()


def test_known_parameters_are_found():
    rng = np.random.default_rng(5)
    recovery = leave_one_out(normal_means(rng, 4000), np.array([0.0, np.nan]), 0.1, 0.9, 300)
    (coverage,) = recovery.coverage
    assert coverage.low <= 0.9 <= coverage.high
    # sd of the posterior over that of the prior: (1 / 20.25)^.5 / 2.
    assert recovery.error[0] == pytest.approx(20.25**-0.5 / 2, rel=0.15)
    blind = leave_one_out(normal_means(rng, 4000), np.array([np.nan, 0.0]), 0.1, 0.9, 200)
    assert blind.error[0] == pytest.approx(1.0, abs=0.15)


def test_a_number_without_fit_is_named():
    # Two numbers that always agree cannot be published as 1 and -1, though each can; a third is never as large as 9.
    rng = np.random.default_rng(6)
    theta = rng.normal(0, 1, 20_000)
    numbers = np.stack([theta, theta + rng.normal(0, 0.05, theta.size), rng.random(theta.size)], 1)
    simulations = Simulations(theta[:, None], numbers)
    published = np.array([1.0, -1.0, 0.5])
    fit = check_fit(simulations, published, infer(simulations, published, 0.02))
    assert fit.possible.tolist() == [True] * 3
    assert fit.fits.tolist() == [False, False, True]
    published = np.array([1.0, 1.02, 9.0])
    fit = check_fit(simulations, published, infer(simulations, published, 0.02))
    assert fit.possible.tolist() == [True, True, False]
    assert not fit.fits[2]
    assert fit.any_high[2] == pytest.approx(0.995, abs=0.01)
    assert not check_fit(simulations, np.full(3, np.nan), infer(simulations, published)).fits.any()


def test_scales():
    numbers = np.array([[0.0, 1, 0, 5], [1, 1, 0, np.nan], [5, 1, 0, np.nan], [9, 1, 4, 7]])
    assert find_scale(numbers) == pytest.approx([2.5, np.nan, np.sqrt(3), 1.0], nan_ok=True)


def test_what_gives_no_posterior():
    rng = np.random.default_rng(7)
    simulations = normal_means(rng, 100)
    with pytest.raises(StudyError, match="5 of 100 simulations are kept"):
        infer(simulations, np.zeros(2), 0.05)
    with pytest.raises(StudyError, match="from 0 published numbers"):
        infer(simulations, np.full(2, np.nan))
    # A simulation without the number is never kept.
    simulations.numbers[:60, 0] = np.nan
    assert infer(simulations, np.zeros(2), 1.0).kept.min() >= 60
    assert len(infer(simulations, np.zeros(2), 1.0).kept) == 40
    with pytest.raises(StudyError, match="ask for fewer"):
        leave_one_out(Simulations(np.zeros((3, 1)), np.full((3, 1), np.nan)), np.zeros(1))
    for wrong in (
        (np.zeros(3), np.zeros((3, 1))),
        (np.zeros((3, 1)), np.zeros((2, 1))),
        (np.zeros((3, 1)), np.zeros((3, 1)), np.zeros(1)),
        (np.zeros((3, 1)), np.zeros((3, 1)), np.ones(1), np.ones(1)),
    ):
        with pytest.raises(StudyError, match="expected"):
            Simulations(*wrong)
