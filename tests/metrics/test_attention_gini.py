"""Gini by hand and by its double sum; of likes that fall at random, that of a Poisson law."""

import dataclasses

import numpy as np
import pytest
from scipy.stats import poisson

from commonweal.core.errors import StudyError
from commonweal.metrics.attention_gini import WHAT, AttentionGini
from metrics.post_laws import COVERED, check_post_metric, covered, log_by_hand, random_log


def by_double_sum(values):
    values = np.asarray(values, float)
    return np.abs(values[:, None] - values).sum() / (2 * len(values) * values.sum())


def test_by_hand():
    log = dataclasses.replace(log_by_hand([0, 1, 1, 3], range(4)), score=np.array([0.0, 0, -3, 1]))
    assert AttentionGini("posts").measure(log) == pytest.approx(0.75)
    # Author 2 never posts and is not counted.
    assert AttentionGini("authors").measure(log) == pytest.approx(by_double_sum([0, 0, 1]))
    assert AttentionGini("postings").measure(log) == pytest.approx(by_double_sum([1, 2, 1]))
    assert AttentionGini("posts").measure(dataclasses.replace(log, score=np.zeros(4))) == 0
    with pytest.raises(StudyError, match="authors, posts, postings"):
        AttentionGini("likes")


def test_it_is_the_double_sum():
    draw = np.random.default_rng(1)
    for _ in range(5):
        log = random_log(draw)
        assert AttentionGini("posts").measure(log) == pytest.approx(by_double_sum(log.score))
        assert AttentionGini().measure(log) == pytest.approx(by_double_sum(np.bincount(log.author, log.score)))
        assert AttentionGini("postings").measure(log) == pytest.approx(by_double_sum(np.bincount(log.author)))


def test_the_null_spreads_the_same_likes_at_random():
    log = log_by_hand([0] * 20_000, range(20_000))
    log = dataclasses.replace(log, score=np.where(np.arange(20_000) == 7, 30_000.0, 0.0))
    assert AttentionGini("posts").measure(log) == pytest.approx(1 - 1 / 20_000)
    fair = AttentionGini("posts").shuffled(log, np.random.default_rng(2))
    assert fair.score.sum() == 30_000
    # Mean absolute difference of two Poisson draws, over twice the mean.
    chance = poisson.pmf(np.arange(30), 1.5)
    known = chance @ np.abs(np.arange(30)[:, None] - np.arange(30)) @ chance / 3
    assert AttentionGini("posts").measure(fair) == pytest.approx(known, abs=0.01)


def test_laws():
    for over in WHAT:
        check_post_metric(AttentionGini(over), says=False)


@pytest.mark.slow
def test_the_null_covers_where_likes_fall_at_random():
    assert covered(AttentionGini(), random_log) >= COVERED
    assert covered(AttentionGini("posts"), random_log) >= COVERED
