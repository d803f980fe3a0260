"""The slope of similarity over days: by hand, against a fit of all pairs, planted, and at rest under its null model."""

import itertools

import numpy as np
import pytest

from commonweal.metrics.similarity_slope import SimilaritySlope
from metrics.post_laws import COVERED, Planted, check_post_metric, covered, log_by_hand, random_log


def test_three_days_by_hand() -> None:
    # Day 0: opposites, -1. Day 1: one post, left out. Day 2: at right angles, 0. Day 3: copies, 1.
    said = [[1, 0], [-1, 0], [1, 0], [1, 0], [0, 1], [0, 1], [0, 2]]
    log = log_by_hand([0, 1, 0, 0, 1, 0, 1], [0, 0, 1, 2, 2, 3, 3], said)
    assert SimilaritySlope().measure(log) == pytest.approx(np.polyfit([0, 2, 3], [-1, 0, 1], 1)[0])
    assert np.isnan(SimilaritySlope().measure(log.where(log.days < 2)))
    assert SimilaritySlope().measure(log.where(log.days < 3)) == pytest.approx(0.5)


def test_it_is_the_fit_through_the_means_of_all_pairs() -> None:
    log = random_log(np.random.default_rng(4), posts=150, d=5)
    assert log.vector is not None
    rows = log.vector.astype(float) / np.linalg.norm(log.vector.astype(float), axis=1)[:, None]
    days, means = [], []
    for day in range(10):
        pairs = [a @ b for a, b in itertools.combinations(rows[log.days == day], 2)]
        if pairs:
            days.append(day)
            means.append(np.mean(pairs))
    assert SimilaritySlope().measure(log) == pytest.approx(np.polyfit(days, means, 1)[0])


def test_it_rises_with_the_pull_to_a_common_centre() -> None:
    draw = np.random.default_rng(5)
    means = []
    for pull in (0.0, 0.05, 0.3):
        values = [SimilaritySlope().measure(random_log(draw, planted=Planted(pull=pull, crowd=0.0))) for _ in range(30)]
        means.append((np.mean(values), np.std(values) / np.sqrt(30)))
    assert abs(means[0][0]) < 4 * means[0][1]
    assert means[1][0] > 4 * means[1][1]
    assert means[2][0] > means[1][0]


def test_laws_and_coverage() -> None:
    check_post_metric(SimilaritySlope())
    assert covered(SimilaritySlope(), random_log, seed=1) >= COVERED
