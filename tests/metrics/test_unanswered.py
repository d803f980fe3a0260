"""Unanswered comments by hand; half of a random recursive tree's comments are leaves."""

import dataclasses

import numpy as np
import pytest

from commonweal.metrics.unanswered import Unanswered
from metrics.post_laws import COVERED, check_post_metric, covered, log_by_hand, random_log


def test_by_hand():
    log = dataclasses.replace(log_by_hand([0, 1, 0, 2, 1], range(5)), parent=np.array([-1, 0, 1, 0, -1]))
    assert Unanswered().measure(log) == pytest.approx(2 / 3)
    assert np.isnan(Unanswered().measure(log_by_hand([0, 1], range(2))))


def test_half_of_a_random_recursive_tree_are_leaves():
    # A tree of n nodes has n / 2 leaves on average; so of 400 comments under one post, 401 / 2.
    log = dataclasses.replace(log_by_hand(list(range(401)), [0.0] * 401), parent=np.array([-1] + [0] * 400))
    assert Unanswered().measure(log) == 1
    draw = np.random.default_rng(1)
    found = [Unanswered().measure(Unanswered().shuffled(log, draw)) for _ in range(60)]
    assert np.mean(found) == pytest.approx(401 / 2 / 400, abs=4 * np.std(found) / np.sqrt(60))


def test_laws():
    check_post_metric(Unanswered(), says=False)


@pytest.mark.slow
def test_the_null_covers_where_any_may_be_answered():
    assert covered(Unanswered(), random_log) >= COVERED
