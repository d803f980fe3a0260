"""Centroid stability by hand, against a plain loop, and at rest under its null model."""

import itertools

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.centroid_stability import CentroidStability
from metrics.post_laws import COVERED, check_post_metric, covered, log_by_hand, random_log


def test_two_turns_by_hand() -> None:
    # Day 0 says x and y: its centroid is at 45 degrees. Day 1 says x, day 2 y, day 3 nothing, day 4 y.
    log = log_by_hand([0, 1, 0, 1, 1, 0], [0.0, 0.5, 1.0, 2.0, 3.0, 4.0], [[2, 0], [0, 1], [1, 0], [0, 3], [0, 0], [0, 1]])
    assert CentroidStability(after=0).measure(log) == pytest.approx((np.sqrt(0.5) + 0) / 2)
    assert CentroidStability(after=1).measure(log) == pytest.approx(0)
    assert np.isnan(CentroidStability(after=2).measure(log))
    with pytest.raises(StudyError):
        CentroidStability(after=-1)


def test_it_is_the_mean_of_a_plain_loop() -> None:
    draw = np.random.default_rng(3)
    for after in (0, 4):
        log = random_log(draw)
        assert log.vector is not None
        rows = log.vector.astype(float) / np.linalg.norm(log.vector.astype(float), axis=1)[:, None]
        centroids = [rows[log.days == day].mean(0) for day in range(after, 10)]
        turns = [a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in itertools.pairwise(centroids)]
        assert CentroidStability(after=after).measure(log) == pytest.approx(np.mean(turns))


def test_laws_and_coverage() -> None:
    check_post_metric(CentroidStability(after=0))
    assert covered(CentroidStability(after=0), random_log, seed=1) >= COVERED
