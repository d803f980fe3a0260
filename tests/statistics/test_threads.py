"""Threads by hand and by walking up one step at a time; redrawn parents keep what they must and move the rest at random."""

import dataclasses

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.statistics.threads import depths, exchanges, parents_redrawn, roots
from metrics.post_laws import log_by_hand, random_log


def test_a_thread_by_hand():
    parent = np.array([-1, 0, 1, 0, -1, 2, 4])
    assert depths(parent).tolist() == [0, 1, 2, 1, 0, 3, 1]
    assert roots(parent).tolist() == [0, 0, 0, 0, 4, 0, 4]
    with pytest.raises(StudyError, match="before its comment"):
        depths(np.array([-1, 2, 1]))


def test_random_threads_walked_one_step_at_a_time():
    draw = np.random.default_rng(1)
    for _ in range(20):
        parent = np.array([draw.integers(-1, place) if place else -1 for place in range(200)])
        depth, root = depths(parent), roots(parent)
        for place in range(200):
            at, steps = place, 0
            while parent[at] >= 0:
                at, steps = parent[at], steps + 1
            assert (depth[place], root[place]) == (steps, at)
    chain = np.arange(100_000) - 1
    assert depths(chain)[-1] == 99_999


def test_exchanges_leave_out_comments_on_oneself():
    log = dataclasses.replace(log_by_hand([0, 0, 1, 1], range(4)), parent=np.array([-1, 0, 0, 2]))
    assert exchanges(log).tolist() == [2]


@pytest.mark.parametrize("among", ["alike", "any", "posts"])
def test_redrawn_parents_are_earlier_of_the_same_day_by_others(among):
    draw = np.random.default_rng(2)
    log = random_log(draw)
    moved = parents_redrawn(log, draw, among)
    replies = exchanges(log)
    assert (moved.parent[log.tops] == -1).all()
    assert (moved.parent[replies] < replies).all()
    before = roots(log.parent) if among == "posts" else log.parent
    shifted = moved.parent[replies] != log.parent[replies]
    assert shifted.mean() > 0.7
    assert (log.days[moved.parent[replies]] == log.days[before[replies]])[shifted].all()
    assert (log.author[moved.parent[replies]] != log.author[replies]).all()
    if among == "alike":
        assert (log.tops[moved.parent[replies]] == log.tops[log.parent[replies]]).all()
    if among == "posts":
        assert log.tops[moved.parent[replies]][shifted].all()
    depths(moved.parent)


def test_any_that_may_be_a_parent_is_equally_often():
    # Post 5 answers post 0: of its day, before it and by others, there are posts 0, 2 and 4.
    log = dataclasses.replace(log_by_hand([1, 0, 2, 0, 1, 0, 1], [0.1] * 7), parent=np.array([-1, -1, -1, -1, -1, 0, -1]))
    draw = np.random.default_rng(3)
    found = np.bincount([parents_redrawn(log, draw).parent[5] for _ in range(3000)], minlength=7)
    assert set(np.flatnonzero(found)) == {0, 2, 4}
    assert (np.abs(found[[0, 2, 4]] - 1000) < 4 * np.sqrt(3000 * 2 / 9)).all()
