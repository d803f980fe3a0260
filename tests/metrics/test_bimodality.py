"""Bimodality of the last day by hand, more of two planted heaps, at rest under its null model."""

import numpy as np
import pytest

from commonweal.metrics.bimodality import Bimodality
from metrics.post_laws import COVERED, check_post_metric, covered, log_by_hand, random_log


def test_by_hand():
    log = log_by_hand([0, 1, 2, 0, 1], [0, 0, 3, 3, 3], [[0, 1], [1, 0], [1, 0], [-1, 0], [-1, 0]])
    assert Bimodality().measure(log) == pytest.approx(1.0)
    assert np.isnan(Bimodality().measure(log.where(log.time < 3).where(np.array([True, False]))))
    # -1, 0, 1: no skewness, kurtosis (2/3) / (2/3)^2.
    even = log_by_hand([0, 1, 2], [0] * 3, [[-1, 0], [0, 1], [1, 0]])
    assert Bimodality().measure(even) == pytest.approx(2 / 3)


def test_it_grows_with_two_planted_heaps():
    rng = np.random.default_rng(5)
    found = []
    for split in (0.0, 0.4, 0.8):
        stance = np.clip(split * rng.choice([-1, 1], 400) + 0.2 * rng.standard_normal(400), -1, 1)
        vectors = np.stack([stance, np.sqrt(1 - stance**2)], 1)
        found.append(Bimodality().measure(log_by_hand([0] * 400, [0] * 400, vectors)))
    assert found[0] == pytest.approx(1 / 3, abs=0.06)
    assert found[0] < found[1] < found[2]


def test_laws():
    check_post_metric(Bimodality())


@pytest.mark.slow
def test_coverage():
    assert covered(Bimodality(), random_log) >= COVERED
