"""Polarisation per minute of exposure by hand, monotone in a planted drift apart, 0 on average under its null model."""

import dataclasses

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.polarisation_rate import PolarisationRate
from metrics.post_laws import COVERED, covered, log_by_hand, random_log


def test_by_hand():
    # From one place to two poles, 12 views of 10 seconds by two authors: a minute each.
    log = log_by_hand([0, 1, 0, 1], [0, 0.1, 5, 5.1], [[0, 1], [0, 1], [1, 0], [-1, 0]])
    assert np.isnan(PolarisationRate().measure(log))
    log = dataclasses.replace(log, views=12)
    assert PolarisationRate().measure(log) == pytest.approx(1.0)
    assert PolarisationRate(seconds_per_view=30.0).measure(log) == pytest.approx(1 / 3)
    assert PolarisationRate().measure(dataclasses.replace(log, vector=log.vector[::-1])) == pytest.approx(-1.0)
    assert np.isnan(PolarisationRate().measure(dataclasses.replace(log, vector=None)))
    assert np.isnan(PolarisationRate().measure(log.where(np.zeros(4, bool))))
    for wrong in ({"bins": 1}, {"alpha": 2.0}, {"seconds_per_view": 0.0}):
        with pytest.raises(StudyError, match="more than 0 seconds"):
            PolarisationRate(**wrong)


def test_it_grows_with_a_drift_apart():
    rng = np.random.default_rng(7)
    found = []
    for drift in (0.0, 0.4, 0.8):
        at = np.sort(rng.random(1000))
        stance = np.clip(drift * at * rng.choice([-1, 1], 1000) + 0.2 * rng.standard_normal(1000), -1, 1)
        log = log_by_hand([0] * 1000, (10 * at).tolist(), np.stack([stance, np.sqrt(1 - stance**2)], 1))
        found.append(PolarisationRate().measure(dataclasses.replace(log, views=600)))
    assert abs(found[0]) < 0.002
    assert found[0] < found[1] < found[2]


def made(draw):
    """A random log of which it is known how often posts were shown."""
    return dataclasses.replace(random_log(draw), views=5000)


def test_other_names_change_nothing():
    log, order = made(np.random.default_rng(1)), np.random.default_rng(2).permutation(12)
    assert PolarisationRate().measure(dataclasses.replace(log, author=order[log.author])) == PolarisationRate().measure(log)


@pytest.mark.slow
def test_coverage():
    assert covered(PolarisationRate(), made) >= COVERED
