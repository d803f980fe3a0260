"""Societal pull by hand, monotone in a planted pull, 0 of frozen authors, at rest under its null model."""

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.societal_pull import SocietalPull
from metrics.post_laws import COVERED, Planted, check_post_metric, covered, log_by_hand, random_log


def test_one_comes_to_the_other_by_hand() -> None:
    # Author 0 turns from y to x, where author 1 is. Author 1 stays, between what 0 said first and last: its change is 0.
    log = log_by_hand([0, 1, 0, 1], range(4), [[0, 1], [1, 0], [1, 0], [1, 0]])
    assert SocietalPull(least=1).measure(log) == pytest.approx((1 + 0) / 2)
    # A third with a single post at y has no halves, but is heard: the others' sums are (2, 1) and (1, 2).
    third = log_by_hand([0, 1, 0, 1, 2], range(5), [[0, 1], [1, 0], [1, 0], [1, 0], [0, 1]])
    assert SocietalPull(least=1).measure(third) == pytest.approx((2 - 1) / np.sqrt(5) / 2)
    # Alone, nobody is pulled.
    assert np.isnan(SocietalPull(least=1).measure(log.where(log.author == 0)))
    with pytest.raises(StudyError):
        SocietalPull(least=0)


def test_it_grows_with_the_pull_and_frozen_authors_have_none() -> None:
    draw = np.random.default_rng(11)
    found = []
    for pull in (0.0, 0.01, 0.03):
        values = [SocietalPull().measure(random_log(draw, planted=Planted(pull=pull))) for _ in range(30)]
        found.append((np.mean(values), np.std(values) / np.sqrt(30)))
    assert abs(found[0][0]) < 3 * found[0][1]
    assert found[0][0] < found[1][0] < found[2][0]
    assert found[1][0] > 3 * found[1][1]
    # A quick pull is over in the earlier half.
    quick = [SocietalPull().measure(random_log(draw, planted=Planted(pull=0.5))) for _ in range(10)]
    assert np.mean(quick) < found[2][0] / 2


def test_laws_and_coverage() -> None:
    check_post_metric(SocietalPull())
    assert covered(SocietalPull(), random_log, seed=1) >= COVERED
