"""Known answers: numpy's sample variance, by hand, and at the ends of 32 bits."""

import numpy as np

from commonweal.metrics.earnings_variance import EarningsVariance


def test_it_is_the_sample_variance_of_gains(end, measure):
    assert measure(EarningsVariance(), end([30, 10, 20], endowment=[10, 10, 10])) == 100.0


def test_random_purses_against_numpy(end, measure):
    rng = np.random.default_rng(0)
    purse = rng.integers(-(2**31), 2**31, 50)
    expected = np.var(purse.astype(np.float64), ddof=1)
    assert np.isclose(measure(EarningsVariance(), end(purse.tolist(), endowment=0)), expected, rtol=1e-12)


def test_alike_seats_and_a_lone_one_have_none(end, measure):
    assert measure(EarningsVariance(), end([7, 7, 7, 7])) == 0.0
    assert measure(EarningsVariance(), end([5])) == 0.0
