"""Exposure by hand, and the same whatever is said."""

import dataclasses

import numpy as np
import pytest

from commonweal.metrics.exposure import Exposure
from metrics.post_laws import log_by_hand, random_log


def test_by_hand():
    log = log_by_hand([0, 1, 0], range(3), [[0, 1], [0, 1], [1, 0]])
    assert np.isnan(Exposure().measure(log))
    assert Exposure().measure(dataclasses.replace(log, views=7)) == pytest.approx(3.5)


def test_what_is_said_is_of_no_matter():
    draw = np.random.default_rng(3)
    views = int(draw.integers(1, 10_000))
    log = dataclasses.replace(random_log(draw), views=views)
    assert Exposure().measure(log) == pytest.approx(views / log.authors)
    assert Exposure().measure(Exposure().shuffled(log, draw)) == Exposure().measure(log)
    assert np.isnan(Exposure().measure(dataclasses.replace(log, views=0)))
