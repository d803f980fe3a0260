"""Known answers: (1..5) gives .119688 (oracles C), 0 and ln n at the ends; floats at random; known distributions."""

import numpy as np
import pytest

from commonweal.metrics.theil import Theil


@pytest.mark.parametrize(
    ("purses", "known"),
    [((1, 2, 3, 4, 5), 0.119688), ((7, 7, 7), 0.0), ((0, 0, 0, 9), np.log(4)), ((0, 0), 0.0), ((-3, 2, 2), np.log(1.5))],
)
def test_known_answers(end, measure, purses, known):
    assert measure(Theil(), end(purses)) == pytest.approx(known, abs=5e-7)


def test_the_sum_in_floats(end, measure):
    random = np.random.default_rng(1)
    for _ in range(30):
        purses = np.exp2(random.uniform(0, 30, 8)).astype(np.int64)
        shares = purses / purses.sum()
        assert measure(Theil(), end(purses)) == pytest.approx((shares * np.log(8 * shares)).sum(), abs=1e-6)


@pytest.mark.parametrize(
    ("quantile", "known"), [(lambda u: -np.log1p(-u), 1 - np.euler_gamma), (lambda u: 2 * u, np.log(2) - 0.5)]
)
def test_known_distributions(end, measure, quantile, known):
    """At 100,000 quantiles: exponential 1 - gamma, uniform ln 2 - 1/2 (integrals of x ln x)."""
    middle = (np.arange(100_000) + 0.5) / 100_000
    assert measure(Theil(), end((1e7 * quantile(middle)).astype(np.int64))) == pytest.approx(known, abs=2e-4)
