"""Exponents of logs whose threads have zeta-distributed sizes, answers to comments included."""

import dataclasses

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.comments_exponent import CommentsExponent
from metrics.post_laws import COVERED, check_post_metric, covered, log_by_hand, random_log


def threads(draw, sizes):
    """Posts, then their comments, of which half answer the one before them in their thread."""
    root = np.repeat(np.arange(len(sizes)), sizes)
    place = len(sizes) + np.arange(len(root))
    inner = (np.diff(root, prepend=-1) == 0) & (draw.random(len(root)) < 0.5)
    parent = np.concatenate([np.full(len(sizes), -1), np.where(inner, place - 1, root)])
    log = log_by_hand([0] * len(sizes) + [1 + at % 100 for at in range(len(root))], [0.0] * len(parent))
    return dataclasses.replace(log, parent=parent)


def test_exponents_are_recovered():
    draw = np.random.default_rng(1)
    for alpha in (1.72, *draw.uniform(1.7, 3.0, 3)):
        sizes = np.minimum(draw.zipf(alpha, 4000), 100_000)
        error = 1 / np.sqrt(np.log(sizes).var() * len(sizes))
        assert CommentsExponent().measure(threads(draw, sizes)) == pytest.approx(alpha, abs=4 * error)


def test_posts_without_comments_do_not_count_and_where_there_is_none():
    draw = np.random.default_rng(2)
    sizes = draw.zipf(2.5, 500)
    some = CommentsExponent().measure(threads(draw, sizes))
    assert CommentsExponent().measure(threads(draw, np.concatenate([np.zeros(300, int), sizes]))) == pytest.approx(some)
    assert np.isnan(CommentsExponent(x_min=3).measure(threads(draw, np.array([3, 3, 1]))))
    with pytest.raises(StudyError, match="power law"):
        CommentsExponent(x_min=0)


def test_the_null_has_no_long_tail():
    # Some 42 comments a post: by chance a Poisson law, which falls off steeply from there on.
    draw = np.random.default_rng(3)
    log, metric = threads(draw, np.minimum(draw.zipf(1.72, 2000), 10_000)), CommentsExponent(x_min=50)
    assert metric.measure(log) == pytest.approx(1.72, abs=0.3)
    assert metric.measure(metric.shuffled(log, draw)) > 4


def test_laws():
    check_post_metric(CommentsExponent(), says=False)


@pytest.mark.slow
def test_the_null_covers_where_comments_fall_on_posts_at_random():
    def at_random(draw):
        log = random_log(draw)
        parent = np.full(len(log), -1)
        for place in np.flatnonzero(~log.tops):
            before = (parent[:place] < 0) & (log.days[:place] == log.days[place]) & (log.author[:place] != log.author[place])
            parent[place] = draw.choice(np.flatnonzero(before)) if before.any() else -1
        return dataclasses.replace(log, parent=parent)

    assert covered(CommentsExponent(), at_random) >= COVERED
