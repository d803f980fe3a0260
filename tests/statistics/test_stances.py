"""Stances by hand: who has one, on which day, in which camp; and the null model keeps what it must."""

import dataclasses

import numpy as np
import pytest

from commonweal.statistics.stances import binned, camps_of, dealt_stances, stances_of, stances_on
from metrics.post_laws import log_by_hand, random_log


def test_by_hand():
    log = log_by_hand([0, 1, 0, 2, 1], [0, 0.5, 1.2, 2.5, 3.5], [[0.6, 0.8], [-1.0, 0], [-0.8, 0.6], [0, 0], [0, 1]])
    assert stances_of(log) == pytest.approx([0.6, -1.0, -0.8, np.nan, 0.0], nan_ok=True)
    assert stances_on(log).tolist() == [0.0]
    assert stances_on(log, last=False) == pytest.approx([0.6, -1.0])
    assert stances_on(log.where(log.time < 3), last=True) == pytest.approx([-0.8])
    assert camps_of(log).tolist() == [0, 0, -1]
    assert np.isnan(stances_of(dataclasses.replace(log, vector=None))).all()
    assert np.isnan(binned(np.zeros(0), 3, 1.0))


def test_bins():
    assert binned(np.array([-1.0, 1.0]), 2, 1.3) == pytest.approx(1.0)
    assert binned(np.array([-1.0, 1.0]), 11, 0.4) == pytest.approx(1.0)
    assert binned(np.array([0.01, 0.05]), 11, 1.3) == 0.0
    # Bins of a third stand at 0, 1/2 and 1: (.5, .25, .25) at alpha 1, by hand.
    expected = (0.25 * (0.25 * 0.5 + 0.25) + 0.0625 * (0.5 * 0.5 + 0.25 * 0.5) + 0.0625 * (0.5 + 0.25 * 0.5)) * 4
    assert binned(np.array([-0.9, -0.4, 0.1, 0.9]), 3, 1.0) == pytest.approx(expected)


def test_dealing_keeps_what_is_said():
    log = random_log(np.random.default_rng(2))
    log.vector[::7] = 0
    other = dealt_stances(log, np.random.default_rng(3))
    assert sorted(stances_of(other)[~np.isnan(stances_of(other))]) == sorted(stances_of(log)[~np.isnan(stances_of(log))])
    assert np.array_equal(np.isnan(stances_of(other)), np.isnan(stances_of(log)))
    assert not np.array_equal(other.vector, log.vector)
