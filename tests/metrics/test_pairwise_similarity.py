"""Pairwise similarity by hand, against all pairs, and at rest under its null model."""

import itertools

import numpy as np
import pytest

from commonweal.metrics.pairwise_similarity import PairwiseSimilarity
from metrics.post_laws import COVERED, Planted, check_post_metric, covered, log_by_hand, random_log


def test_two_days_by_hand() -> None:
    # Day 0: x, x, y has one pair of three alike. Day 1: opposites. Day 2: one post, and one that says nothing.
    log = log_by_hand([0, 1, 0, 1, 1, 0, 0], [0, 0, 0, 1, 1, 2, 2], [[1, 0], [1, 0], [0, 1], [0.5, 0], [-2, 0], [1, 0], [0, 0]])
    assert PairwiseSimilarity().measure(log) == pytest.approx((1 / 3 - 1) / 2)


def test_it_is_the_mean_over_all_pairs() -> None:
    log = random_log(np.random.default_rng(4), posts=90, d=5)
    assert log.vector is not None
    rows = log.vector.astype(float) / np.linalg.norm(log.vector.astype(float), axis=1)[:, None]
    days = []
    for day in range(10):
        pairs = [a @ b for a, b in itertools.combinations(rows[log.days == day], 2)]
        days += [np.mean(pairs)] if pairs else []
    assert PairwiseSimilarity().measure(log) == pytest.approx(np.mean(days))


def test_random_directions_have_nothing_in_common() -> None:
    draw = np.random.default_rng(5)
    values = []
    for _ in range(40):
        log = random_log(draw, authors=4, posts=60, planted=Planted())
        rows = draw.normal(size=(60, 16))
        values.append(PairwiseSimilarity().measure(log_by_hand(log.author.tolist(), log.days.tolist(), rows)))
    # The mean over 40 logs is normal about 0.
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(40)


def test_laws_and_coverage() -> None:
    check_post_metric(PairwiseSimilarity())
    assert covered(PairwiseSimilarity(), random_log, seed=1) >= COVERED
