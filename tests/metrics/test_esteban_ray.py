"""Polarisation of the last day by hand, monotone in a planted split, at rest under its null model."""

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.esteban_ray import EstebanRay
from metrics.post_laws import COVERED, check_post_metric, covered, log_by_hand, random_log


def test_by_hand():
    poles = log_by_hand([0, 1, 0, 1], [0, 0, 5, 5.5], [[0, 1], [0, 1], [1, 0], [-1, 0]])
    assert EstebanRay().measure(poles) == pytest.approx(1.0)
    assert EstebanRay(bins=2, alpha=0.3).measure(poles) == pytest.approx(1.0)
    assert EstebanRay().measure(poles.where(poles.time < 1)) == 0.0
    # Shares 1/4, 3/4 at the ends, alpha 1: (1/16 3/4 + 9/16 1/4) 4.
    three = log_by_hand([0, 1, 2, 3], [0] * 4, [[1, 0]] * 3 + [[-1, 0]])
    assert EstebanRay(alpha=1.0).measure(three) == pytest.approx(0.75)
    for wrong in ({"bins": 1}, {"alpha": 0.0}, {"alpha": 1.7}):
        with pytest.raises(StudyError, match="expected at least 2"):
            EstebanRay(**wrong)


def test_it_grows_with_a_planted_split():
    rng = np.random.default_rng(5)
    found = []
    for split in (0.0, 0.4, 0.8):
        stance = np.clip(split * rng.choice([-1, 1], 400) + 0.2 * rng.standard_normal(400), -1, 1)
        vectors = np.stack([stance, np.sqrt(1 - stance**2)], 1)
        found.append(EstebanRay().measure(log_by_hand([0] * 400, [0] * 400, vectors)))
    assert found[0] < found[1] < found[2]


def test_laws():
    check_post_metric(EstebanRay())


@pytest.mark.slow
def test_coverage():
    assert covered(EstebanRay(), random_log) >= COVERED
