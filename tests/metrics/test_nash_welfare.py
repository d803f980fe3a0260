"""Known answers: geometric means by hand and in floats; ruin is 0."""

import numpy as np
import pytest

from commonweal.metrics.nash_welfare import NashWelfare


@pytest.mark.parametrize(
    ("purses", "known"), [((2, 8), 4.0), ((1, 10, 100), 10.0), ((7, 7, 7), 7.0), ((0, 9), 0.0), ((-4, -9), 0.0)]
)
def test_known_answers(end, measure, purses, known):
    assert measure(NashWelfare(), end(purses)) == pytest.approx(known, rel=1e-6)


def test_the_mean_logarithm_in_floats(end, measure):
    random = np.random.default_rng(9)
    for _ in range(20):
        purses = np.exp2(random.uniform(0, 30.9, 8)).astype(np.int64)
        assert measure(NashWelfare(), end(purses)) == pytest.approx(np.exp(np.log(purses).mean()), rel=1e-6)
