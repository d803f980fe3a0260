"""Cluster tightening: its ends by hand, against plain loops, and at rest under its null model."""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from commonweal.core.errors import StudyError
from commonweal.metrics.cluster_tightening import ClusterTightening
from metrics.post_laws import COVERED, check_post_metric, covered, log_by_hand, random_log


def test_from_opposites_to_one_voice_is_one_bit() -> None:
    # On day 0 the nearest of each of two posts is its opposite (-1); on the last day its copy (1). Day 1 is not read.
    log = log_by_hand([0, 1, 0, 0, 1, 1], [0, 0, 1, 1, 2, 2], [[1, 0], [-1, 0], [1, 0], [0, 1], [0, 1], [0, 1]])
    assert ClusterTightening(nearest=1, most=2).measure(log) == pytest.approx(1.0)
    assert ClusterTightening(nearest=1).measure(log.where(log.days < 2)) == pytest.approx(1.0)
    assert np.isnan(ClusterTightening(nearest=2).measure(log))
    again = log_by_hand([0, 1, 0, 1], [0, 0, 1, 1], [[1, 0], [-1, 0], [0, 1], [0, -1]])
    assert ClusterTightening(nearest=1).measure(again) == 0.0


def test_it_is_the_divergence_of_plain_loops() -> None:
    draw = np.random.default_rng(6)
    log = random_log(draw, posts=300)
    assert log.vector is not None
    # Equally many posts on both days, so that none is drawn.
    first, last = np.flatnonzero(log.days == 0), np.flatnonzero(log.days == 9)
    size = min(len(first), len(last))
    mask = np.isin(np.arange(300), np.r_[first[:size], last[:size]]) | ((log.days > 0) & (log.days < 9))
    log = log.where(mask)
    shares = []
    for day in (0, 9):
        rows = log.vector[log.days == day].astype(float)
        rows /= np.linalg.norm(rows, axis=1)[:, None]
        near = [np.mean(np.sort([a @ b for j, b in enumerate(rows) if j != i])[-4:]) for i, a in enumerate(rows)]
        shares.append(np.histogram(near, np.linspace(-1, 1, 21))[0] / size)
    value = ClusterTightening(nearest=4, bins=20).measure(log)
    assert value == pytest.approx(jensenshannon(*shares, base=2) ** 2)
    assert 0 < value < 1


def test_many_posts_are_drawn_the_same_each_time() -> None:
    log = random_log(np.random.default_rng(7), posts=600)
    values = [ClusterTightening(nearest=3, most=20).measure(log) for _ in range(2)]
    assert values[0] == values[1]


def test_what_it_refuses() -> None:
    for given in ({"nearest": 0}, {"bins": 0}, {"nearest": 5, "most": 5}):
        with pytest.raises(StudyError):
            ClusterTightening(**given)


def test_laws_and_coverage() -> None:
    check_post_metric(ClusterTightening(nearest=4))
    assert covered(ClusterTightening(nearest=4), random_log, seed=1) >= COVERED
