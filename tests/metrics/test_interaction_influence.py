"""Influence by hand and comment by comment; it grows with planted influence and is no more than chance without it."""

import dataclasses

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.interaction_influence import InteractionInfluence
from metrics.post_laws import COVERED, Planted, check_post_metric, covered, log_by_hand, random_log


def cosine(one, other):
    return float(one @ other) / np.sqrt(float(one @ one) * float(other @ other))


def test_one_takes_up_what_it_read_by_hand():
    # Author 0 says y, comments (z) on author 1's x, and says x: the comment itself is in neither window.
    said = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]
    log = dataclasses.replace(log_by_hand([1, 0, 0, 0], range(4), said), parent=np.array([-1, -1, 0, -1]))
    assert InteractionInfluence(window=1).measure(log) == pytest.approx(1.0)
    assert np.isnan(InteractionInfluence(window=2).measure(log))
    # A comment after it counts among what it says, unless posts alone do.
    more = dataclasses.replace(log, parent=np.array([-1, -1, 0, 0]))
    assert InteractionInfluence(window=1).measure(more) == pytest.approx(1.0)
    assert np.isnan(InteractionInfluence(window=1, tops=True).measure(more))
    with pytest.raises(StudyError, match="at least 1"):
        InteractionInfluence(window=0)


@pytest.mark.parametrize("tops", [False, True])
def test_it_is_the_formula_comment_by_comment(tops):
    draw = np.random.default_rng(1)
    for _ in range(4):
        log, window = random_log(draw, authors=6, posts=150), int(draw.integers(1, 6))
        found = []
        for at in np.flatnonzero(log.parent >= 0):
            mine = np.flatnonzero((log.author == log.author[at]) & (log.tops | (not tops)))
            before, after = mine[mine < at][-window:], mine[mine > at][:window]
            if len(before) == len(after) == window:
                read = log.vector[log.parent[at]].astype(float)
                found.append(cosine(read, log.vector[after].sum(0)) - cosine(read, log.vector[before].sum(0)))
        assert InteractionInfluence(window=window, tops=tops).measure(log) == pytest.approx(np.mean(found), abs=1e-6)


def test_it_grows_with_influence():
    draw = np.random.default_rng(2)
    found = [
        [InteractionInfluence().measure(random_log(draw, planted=Planted(influence=influence))) for _ in range(15)]
        for influence in (0.0, 0.1, 0.3)
    ]
    means, errors = np.mean(found, 1), np.std(found, 1) / np.sqrt(15)
    assert abs(means[0]) < 3 * errors[0]
    assert means[0] + 3 * errors[1] < means[1] < means[2] - 3 * errors[2]


def test_laws():
    check_post_metric(InteractionInfluence())


@pytest.mark.slow
def test_the_null_covers_where_nobody_is_influenced():
    assert covered(InteractionInfluence(), random_log) >= COVERED
