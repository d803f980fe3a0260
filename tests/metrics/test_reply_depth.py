"""Depths by hand; a random recursive forest under the null model has the depth that its recursion says."""

import dataclasses

import numpy as np
import pytest

from commonweal.metrics.reply_depth import ReplyDepth
from metrics.post_laws import COVERED, check_post_metric, covered, log_by_hand, random_log


def test_by_hand():
    log = dataclasses.replace(log_by_hand([0, 1, 0, 2, 1], range(5)), parent=np.array([-1, 0, 1, 0, -1]))
    assert ReplyDepth().measure(log) == pytest.approx((1 + 2 + 1) / 3)
    assert np.isnan(ReplyDepth().measure(log_by_hand([0, 1], range(2))))


def test_the_null_is_a_random_recursive_tree():
    # One post and n comments by different authors on one day, each under any before it: E depth_k = 1 + 1/2 + ... + 1/k.
    n = 400
    log = dataclasses.replace(log_by_hand(list(range(n + 1)), [0.0] * (n + 1)), parent=np.array([-1] + [0] * n))
    assert ReplyDepth().measure(log) == 1
    draw = np.random.default_rng(1)
    found = [ReplyDepth().measure(ReplyDepth().shuffled(log, draw)) for _ in range(60)]
    assert np.mean(found) == pytest.approx(np.cumsum(1 / np.arange(1, n + 1)).mean(), abs=4 * np.std(found) / np.sqrt(60))


def test_laws():
    check_post_metric(ReplyDepth(), says=False)


@pytest.mark.slow
def test_the_null_covers_where_any_may_be_answered():
    assert covered(ReplyDepth(), random_log) >= COVERED
