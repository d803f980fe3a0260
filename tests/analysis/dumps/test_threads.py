"""Threads against a walk from each row up to its top; circles, what hangs in the air, and clocks that run backwards."""

import numpy as np

from commonweal.analysis.dumps.threads import LOST, TOP, thread_rows


def walk(parent, place):
    """The top of a row and the replies between, by walking; None: there is none."""
    depth, seen = 0, set()
    while parent[place] >= 0:
        if place in seen:
            return None
        seen.add(place)
        place, depth = parent[place], depth + 1
    return None if parent[place] == LOST else (place, depth)


def test_threads_are_what_a_walk_finds():
    draw = np.random.default_rng(1)
    for _ in range(20):
        rows = int(draw.integers(1, 60))
        parent = draw.integers(0, rows, rows)
        parent[draw.random(rows) < 0.3] = TOP
        parent[draw.random(rows) < 0.1] = LOST
        time = draw.integers(0, 20, rows).astype(float)
        found = thread_rows(parent, time)
        known = [walk(parent.tolist(), place) for place in range(rows)]
        assert found.kept.tolist() == [own is not None for own in known]
        assert found.top.tolist() == [-1 if own is None else own[0] for own in known]
        assert found.depth.tolist() == [-1 if own is None else own[1] for own in known]
        replies = np.flatnonzero(found.kept & (parent >= 0))
        assert (found.time[replies] >= found.time[parent[replies]]).all()
        assert (found.time >= time).all()
        place = {row: i for i, row in enumerate(found.order.tolist())}
        assert sorted(place) == np.flatnonzero(found.kept).tolist()
        assert all(place[parent[row]] < place[row] for row in replies)
        assert (np.diff(found.time[found.order]) >= 0).all()


def test_what_stands_in_order_stays_so():
    parent, time = np.array([TOP, 0, TOP, 1, 2]), np.zeros(5)
    assert thread_rows(parent, time).order.tolist() == [0, 1, 2, 3, 4]
    found = thread_rows(np.array([1, TOP]), np.array([5.0, 7.0]))
    assert (found.order.tolist(), found.time.tolist(), found.moved) == ([1, 0], [7.0, 7.0], 1)


def test_no_rows():
    found = thread_rows(np.zeros(0, np.int64), np.zeros(0))
    assert len(found.order) == 0
