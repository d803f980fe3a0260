"""Effects of two-level designs are the textbook's, least squares', and cover what was planted."""

import numpy as np
import pytest
from scipy import stats

from commonweal.core.errors import StudyError
from commonweal.statistics.factorial import estimate_effects

PILOT_PLANT = [[59, 61], [50, 54], [50, 58], [46, 44], [74, 70], [81, 85], [69, 67], [79, 81]]
"""Yield by temperature, concentration, catalyst, two runs each. Source: Box, Hunter and Hunter (1978), tables 10.1 and 10.2."""


def test_the_pilot_plant_of_the_textbook():
    found = {effect.factors: effect.estimate for effect in estimate_effects(PILOT_PLANT)}
    expected = {(0,): 23.0, (1,): -5.0, (2,): 1.5, (0, 1): 1.5, (0, 2): 10.0, (1, 2): 0.0}
    assert {factors: own.value for factors, own in found.items()} == expected
    # The mean variance of the cells is 8, so that an effect has a standard error of 1.4; the textbook gives it the 8 degrees of
    # freedom of equal variances, Satterthwaite 64^2 / (32^2 + 3 8^2 + 4 2^2).
    reach = np.sqrt(2) * stats.t.ppf(0.975, 64**2 / (32**2 + 3 * 8**2 + 4 * 2**2))
    for own in found.values():
        assert (own.low, own.high) == pytest.approx((own.value - reach, own.value + reach))
    assert all(own.n == 16 for own in found.values())


@pytest.mark.parametrize("k", [1, 2, 4])
def test_values_are_those_of_least_squares(k):
    rng = np.random.default_rng(k)
    values = rng.normal(size=(2**k, 3))
    signs = np.array([[1 if cell >> (k - 1 - j) & 1 else -1 for j in range(k)] for cell in range(2**k)])
    for paired in (None, 0):
        for effect in estimate_effects(values, paired):
            design = np.column_stack([np.ones(2**k), np.prod(signs[:, effect.factors], axis=1)])
            slope = np.linalg.lstsq(np.repeat(design, 3, 0), values.ravel(), rcond=None)[0][1]
            assert effect.estimate.value == pytest.approx(2 * slope)


def test_intervals_hold_what_was_planted_with_shared_draws_and_unlike_variances():
    """1,000 designs of 3 factors; two of 3 standard errors are allowed for."""
    rng = np.random.default_rng(3)
    spread = rng.uniform(0.5, 2, 8)
    truth = {(0,): 1.0, (1,): -0.5, (2,): 0.0, (0, 1): 0.4, (0, 2): 0.0, (1, 2): 0.0}
    signs = np.array([[1 if cell >> (2 - j) & 1 else -1 for j in range(3)] for cell in range(8)])
    mean = sum(value / 2 * np.prod(signs[:, factors], axis=1) for factors, value in truth.items())
    held = dict.fromkeys(truth, 0)
    false = 0
    for _ in range(1000):
        shared = rng.normal(size=(4, 6))
        # Cells that differ in factor 1 alone share a draw.
        own = shared[[0, 1, 0, 1, 2, 3, 2, 3]]
        values = mean[:, None] + own + spread[:, None] * rng.normal(size=(8, 6))
        found = estimate_effects(values, paired=1)
        for effect in found:
            held[effect.factors] += effect.estimate.low <= truth[effect.factors] <= effect.estimate.high
        false += any(effect.adjusted < 0.05 for effect in found if truth[effect.factors] == 0.0)
    for factors, count in held.items():
        assert 930 <= count <= 970, factors
    assert false <= 70


def test_pairs_are_as_precise_as_what_they_do_not_share():
    rng = np.random.default_rng(8)
    shared = rng.normal(size=(1, 50))
    values = np.array([[0.0], [1.0]]) + shared + 0.01 * rng.normal(size=(2, 50))
    (pairs,), (apart,) = estimate_effects(values, paired=0), estimate_effects(values)
    assert pairs.estimate.value == pytest.approx(apart.estimate.value)
    assert (pairs.estimate.high - pairs.estimate.low) < 0.1 * (apart.estimate.high - apart.estimate.low)


def test_where_nothing_varies_there_is_no_interval():
    (effect,) = estimate_effects([[1, 1], [3, 3]])
    assert (effect.estimate.value, effect.estimate.bounded, effect.adjusted) == (2.0, False, 1.0)


@pytest.mark.parametrize("values", [[[1, 2]], [[1, 2], [1, 2], [1, 2]], [[1], [2]], [[1, np.nan], [2, 3]]])
def test_what_is_no_factorial_design_is_refused(values):
    with pytest.raises(StudyError, match="expected 2\\^k cells"):
        estimate_effects(values)
