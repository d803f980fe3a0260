"""Likeness of posts, read off while a trial runs, against all pairs of its log."""

import numpy as np
import pytest

from commonweal.channels.forum import Forum
from commonweal.core.errors import StudyError
from commonweal.metrics.said_alike import SaidAlike
from commonweal.testing import check_metric


def test_similarity_is_that_of_all_pairs_of_a_tick(forum_trial):
    values, log = forum_trial
    cosines = []
    for tick in np.unique(log.time):
        rows = log.vector[log.time == tick]
        cosines.append((rows @ rows.T)[np.triu_indices(len(rows), 1)].mean())
    assert values["alike"] == pytest.approx(np.mean(cosines), abs=2e-3)


def test_stability_is_that_of_the_centres(forum_trial):
    values, log = forum_trial
    sums = np.stack([log.vector[log.time == tick].sum(0) for tick in np.unique(log.time)])
    unit = sums / np.linalg.norm(sums, axis=1)[:, None]
    assert values["still"] == pytest.approx((unit[1:] * unit[:-1]).sum(1).mean(), abs=2e-3)


def test_nothing_posted_has_no_value():
    none = {"posts": np.zeros(3, np.int64), "part.0": np.zeros(3, np.int64)}
    assert np.isnan(SaidAlike().value(none))
    assert np.isnan(SaidAlike("stability").value(none))


def test_refusals(month):
    with pytest.raises(StudyError, match="expected Forum"):
        SaidAlike().read(month([1, 2]))
    for wrong in (("nearness", 1), ("similarity", 0)):
        with pytest.raises(StudyError, match="expected similarity or stability"):
            SaidAlike(*wrong)


@pytest.mark.slow
def test_laws():
    check_metric(SaidAlike(), channel=Forum(size=4))
