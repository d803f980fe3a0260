"""The divide of stances, read off while a trial runs, against the log; two equal poles are the most divided."""

import numpy as np
import pytest

from commonweal.channels.forum import Forum
from commonweal.core.errors import StudyError
from commonweal.metrics.stance_divide import StanceDivide
from commonweal.statistics.polarisation import esteban_ray
from commonweal.testing import check_metric


def test_it_is_that_of_the_stances(forum_trial):
    values, log = forum_trial
    bins = np.clip(np.floor((log.vector[:, 0] * 1024 + 1024) * 8 / 2049), 0, 7).astype(int)
    places = (np.arange(8) + 0.5) / 8
    most = esteban_ray([1, 1], [places[0], places[-1]])
    assert values["divide"] == pytest.approx(esteban_ray(np.bincount(bins, minlength=8), places) / most, abs=1e-9)


def test_two_equal_poles_are_the_most_divided():
    draw = np.random.default_rng(3)
    metric = StanceDivide(bins=6)

    def value(counts):
        return metric.value({f"bin.{at}": np.array([count]) for at, count in enumerate(counts)})

    assert value([5, 0, 0, 0, 0, 5]) == pytest.approx(1)
    assert value([0, 9, 0, 0, 0, 0]) == 0
    assert np.isnan(value([0] * 6))
    assert all(0 <= value(draw.integers(0, 9, 6) + 1) < 1 for _ in range(50))


def test_refusals(month):
    with pytest.raises(StudyError, match="expected Forum"):
        StanceDivide().read(month([1, 2]))
    for wrong in ({"bins": 1}, {"last": 0}, {"alpha": 1.7}):
        with pytest.raises(StudyError, match="expected 2 to 64"):
            StanceDivide(**wrong)


@pytest.mark.slow
def test_laws():
    check_metric(StanceDivide(), channel=Forum(size=4))
