"""Exponents are recovered from zeta draws within their standard error; the likelihood is at its top."""

import numpy as np
import pytest
from scipy.special import zeta

from commonweal.statistics.power_law import STEEPEST, exponent


def test_exponents_of_zeta_draws():
    draw = np.random.default_rng(1)
    for alpha in (1.72, *draw.uniform(1.4, 3.5, 8)):
        values = draw.zipf(alpha, 20_000)
        # Fisher information of the zeta law: the variance of log x, here from the draws themselves.
        error = 1 / np.sqrt(np.log(values).var() * len(values))
        assert abs(exponent(values, 1) - alpha) < 4 * error
        assert abs(exponent(values, 3) - alpha) < 4 / np.sqrt(np.log(values[values >= 3]).var() * (values >= 3).sum())


def test_the_derivative_of_the_likelihood_is_0_there():
    values = np.array([2, 2, 3, 5, 9, 40, 1, 1])
    alpha = exponent(values, 2)
    tail, step = values[values >= 2], 1e-5
    slope = (np.log(zeta(alpha + step, 2)) - np.log(zeta(alpha - step, 2))) / (2 * step)
    assert -slope == pytest.approx(np.log(tail).mean(), rel=1e-5)


def test_where_there_is_none():
    assert np.isnan(exponent(np.array([], int), 1))
    assert np.isnan(exponent(np.array([3, 3]), 3))
    assert np.isnan(exponent(np.array([1, 2]), 3))
    assert 1 < exponent(np.array([1] * 1000 + [2]), 1) <= STEEPEST
