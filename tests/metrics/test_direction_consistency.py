"""Direction consistency by hand, 0 of unrelated moves, up with a common pull, and at rest under its null model."""

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.direction_consistency import DirectionConsistency
from metrics.post_laws import COVERED, Planted, check_post_metric, covered, log_by_hand, random_log


def test_three_moves_by_hand() -> None:
    # Moves from x to y, from x to y, and from y to x, of equal length: of the first two, the others' moves cancel.
    log = log_by_hand([0, 1, 2, 0, 1, 2], range(6), [[1, 0], [1, 0], [0, 1], [0, 1], [0, 1], [1, 0]])
    assert DirectionConsistency(least=1).measure(log) == pytest.approx(-1)
    assert DirectionConsistency(least=1).measure(log.where(log.author < 2)) == pytest.approx(1)
    assert np.isnan(DirectionConsistency(least=1).measure(log.where(log.author < 1)))
    with pytest.raises(StudyError):
        DirectionConsistency(least=0)


def test_it_is_unbiased_where_moves_have_nothing_in_common() -> None:
    draw = np.random.default_rng(9)
    values, with_own = [], []
    for _ in range(200):
        rows = draw.normal(size=(20, 6))
        values.append(DirectionConsistency(least=1).measure(log_by_hand([*range(10), *range(10)], range(20), rows)))
        rows /= np.linalg.norm(rows, axis=1)[:, None]
        move = rows[10:] - rows[:10]
        mean = move.mean(0)
        with_own.append(np.mean(move @ mean / np.linalg.norm(move, axis=1) / np.linalg.norm(mean)))
    error = np.std(values) / np.sqrt(200)
    assert abs(np.mean(values)) < 3 * error
    # The published form, with the author's own move in the mean, is about 1 / sqrt(10) here.
    assert np.mean(with_own) == pytest.approx(10**-0.5, abs=0.05)


def test_a_common_pull_is_a_common_direction() -> None:
    draw = np.random.default_rng(10)
    means = [
        np.mean([DirectionConsistency().measure(random_log(draw, planted=Planted(pull=pull))) for _ in range(20)])
        for pull in (0.0, 0.01, 0.03)
    ]
    assert means[0] < means[1] < means[2]


def test_laws_and_coverage() -> None:
    check_post_metric(DirectionConsistency())
    assert covered(DirectionConsistency(), random_log, seed=1) >= COVERED
