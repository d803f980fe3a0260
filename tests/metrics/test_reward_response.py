"""Rates before and after by hand; it grows where a reward spurs, and is chance where it does not."""

import dataclasses

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.reward_response import RewardResponse
from metrics.post_laws import COVERED, Planted, check_post_metric, covered, log_by_hand, random_log


def test_by_hand():
    # The high score is at time 4: two posts in 4 before, two in 2 after; of author 1, one in 2 before and one in 3 after.
    log = log_by_hand([0, 0, 1, 0, 1, 0, 0, 1], [0, 2, 3, 4, 5, 5, 6, 8])
    score = np.zeros(8)
    score[[3, 4]] = 1
    log = dataclasses.replace(log, score=score)
    assert RewardResponse(top=0.25).measure(log) == pytest.approx(0.5)
    assert RewardResponse(top=0.25, least=2).measure(log) == pytest.approx(1.0)
    # More than a tenth of the posts are as high: none is a reward.
    assert np.isnan(RewardResponse().measure(log))
    # A reward for the first or the last post has nothing on one side.
    edge = np.zeros(8)
    edge[[0, 7]] = 1
    assert np.isnan(RewardResponse(top=0.25).measure(dataclasses.replace(log, score=edge)))
    for wrong in ({"top": 0.0}, {"top": 1.0}, {"least": 0}):
        with pytest.raises(StudyError, match="high scores"):
            RewardResponse(**wrong)


def test_it_grows_where_rewards_spur():
    draw = np.random.default_rng(1)
    found = [
        np.mean([RewardResponse(least=3).measure(random_log(draw, planted=Planted(spurred=much))) for _ in range(12)])
        for much in (0.0, 1.0, 4.0)
    ]
    assert found[0] < found[1] - 0.1
    assert found[1] < found[2]
    assert abs(found[0] - 0.5) < 0.15


def test_laws():
    check_post_metric(RewardResponse(), says=False)


@pytest.mark.slow
def test_the_null_covers_where_rewards_do_nothing():
    assert covered(RewardResponse(), random_log) >= COVERED
