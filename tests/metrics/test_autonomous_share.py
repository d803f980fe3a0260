"""The share of clocks by hand, and where as many are planted."""

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.autonomous_share import AutonomousShare
from metrics.post_laws import COVERED, Planted, check_post_metric, covered, log_by_hand, random_log


def test_by_hand():
    log = log_by_hand([0, 1, 0, 1, 0, 1, 1], [0, 0, 1, 2, 4, 4, 6])
    # Author 0 has .71, author 1 is a clock.
    assert AutonomousShare(least=2).measure(log) == pytest.approx(1 / 2)
    assert AutonomousShare(below=0.8, least=2).measure(log) == 1
    assert np.isnan(AutonomousShare().measure(log))
    for wrong in ({"least": 1}, {"below": 0.0}):
        with pytest.raises(StudyError, match="at least 2"):
            AutonomousShare(**wrong)


def test_as_many_as_are_planted():
    draw = np.random.default_rng(1)
    for bots in draw.integers(1, 30, 3):
        shape = np.where(np.arange(30) < bots, 16.0, 1.0)[:, None]
        time = np.cumsum(draw.gamma(shape, 1 / shape, (30, 60)), axis=1).ravel()
        order = np.argsort(time)
        log = log_by_hand(np.repeat(np.arange(30), 60)[order].tolist(), time[order].tolist())
        assert AutonomousShare().measure(log) == pytest.approx(bots / 30)
        assert AutonomousShare().measure(AutonomousShare().shuffled(log, draw)) == pytest.approx(0, abs=0.04)


def test_laws():
    check_post_metric(AutonomousShare(), says=False)


@pytest.mark.slow
def test_the_null_covers_where_times_are_random():
    assert covered(AutonomousShare(), lambda draw: random_log(draw, authors=30, planted=Planted())) >= COVERED
