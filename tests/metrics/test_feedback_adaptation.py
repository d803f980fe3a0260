"""NP by hand and against its formula window by window; it grows with planted learning and is 0 when scores are shuffled."""

import dataclasses

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.feedback_adaptation import FeedbackAdaptation
from metrics.post_laws import COVERED, Planted, check_post_metric, covered, log_by_hand, random_log


def cosine(one, other):
    return float(one @ other) / np.sqrt(float(one @ one) * float(other @ other))


def by_formula(log, window, top):
    means = []
    for author in range(log.authors):
        mine = np.flatnonzero(log.author == author)
        found = []
        for begin in range(len(mine) - 2 * window + 1):
            now, then = mine[begin : begin + window], mine[begin + window : begin + 2 * window]
            ranked = now[np.argsort(log.score[now])]
            centres = [log.vector[rows].astype(float).mean(0) for rows in (now, then, ranked[-top:], ranked[:top])]
            moved = [(1 - cosine(centres[1], extreme)) - (1 - cosine(centres[0], extreme)) for extreme in centres[2:]]
            found.append(moved[1] - moved[0])
        means += [np.mean(found)] if found else []
    return np.mean(means)


def test_one_goes_where_it_was_liked_by_hand():
    log = dataclasses.replace(log_by_hand([0] * 4, range(4), [[1, 0], [0, 1], [1, 0], [1, 0]]), score=np.array([1.0, 0, 0, 0]))
    # Top x, bottom y, then x: D_bot = cos(c, y) - cos(c', y) = .7071, D_top = .7071 - 1.
    metric = FeedbackAdaptation(window=2, share=0.5)
    assert metric.measure(log) == pytest.approx(1.0)
    assert metric.measure(dataclasses.replace(log, score=-log.score)) == pytest.approx(-1.0)
    assert np.isnan(metric.measure(dataclasses.replace(log, score=np.zeros(4))))
    assert np.isnan(FeedbackAdaptation(window=3).measure(log))


def test_it_is_the_formula_window_by_window():
    draw = np.random.default_rng(1)
    for _ in range(4):
        log = random_log(draw, authors=5, posts=150, planted=Planted(learning=float(draw.uniform(0, 0.2))))
        log = dataclasses.replace(log, score=log.score + draw.random(len(log)))
        window = int(draw.integers(3, 9))
        share = float(draw.uniform(0.15, 0.5))
        found = FeedbackAdaptation(window=window, share=share).measure(log)
        assert found == pytest.approx(by_formula(log, window, max(1, round(share * window))), abs=1e-6)


def test_it_grows_with_learning_and_is_0_when_shuffled():
    draw = np.random.default_rng(2)
    found, shuffled = [], []
    for learning in (0.0, 0.03, 0.1):
        logs = [random_log(draw, 8, 320, planted=Planted(learning=learning)) for _ in range(15)]
        metric = FeedbackAdaptation()
        found.append([metric.measure(log) for log in logs])
        shuffled.append([metric.measure(metric.shuffled(log, draw)) for log in logs])
    means, errors = np.mean(found, 1), np.std(found, 1) / np.sqrt(15)
    assert abs(means[0]) < 3 * errors[0]
    assert means[0] + 3 * errors[1] < means[1] < means[2] - 3 * errors[2]
    assert (np.abs(np.mean(shuffled, 1)) < 4 * np.std(shuffled, 1) / np.sqrt(15)).all()


def test_scores_that_tie_move_nothing_on_average():
    draw = np.random.default_rng(3)
    logs = [random_log(draw, 8, 320) for _ in range(30)]
    found = [FeedbackAdaptation().measure(dataclasses.replace(log, score=(log.score >= 6) * 1.0)) for log in logs]
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(30)


def test_a_wider_stride_reads_every_so_many_windows():
    log = random_log(np.random.default_rng(4), authors=2, posts=60)
    log = dataclasses.replace(log, author=np.zeros(60, np.int64), score=log.score + np.linspace(0, 0.5, 60))
    parts = [log.where((np.arange(60) >= begin) & (np.arange(60) < begin + 20)) for begin in (0, 15, 30)]
    whole = log.where(np.arange(60) < 50)
    each = np.mean([FeedbackAdaptation().measure(part) for part in parts])
    assert FeedbackAdaptation(stride=15).measure(whole) == pytest.approx(each, abs=1e-6)


def test_laws_and_fields_out_of_range():
    check_post_metric(FeedbackAdaptation())
    for wrong in ({"window": 1}, {"share": 0.6}, {"share": 0.0}, {"stride": 0}):
        with pytest.raises(StudyError, match="windows"):
            FeedbackAdaptation(**wrong)


@pytest.mark.slow
def test_the_null_covers_where_nothing_is_learnt():
    assert covered(FeedbackAdaptation(), random_log) >= COVERED
