"""Overlaps by hand; hubs that stay have 1, hubs that change daily what chance gives: top / n."""

import dataclasses

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.influence_persistence import InfluencePersistence
from metrics.post_laws import COVERED, check_post_metric, covered, log_by_hand, random_log


def days_of(hubs, authors):
    """On each day everybody posts, and everybody comments on the day's hubs."""
    author, time, parent = [], [], []
    for day, chosen in enumerate(hubs):
        begin = len(author)
        author += range(authors)
        parent += [-1] * authors
        for hub in chosen:
            author += [who for who in range(authors) if who != hub]
            parent += [begin + hub] * (authors - 1)
        time += [float(day)] * (len(author) - begin)
    return dataclasses.replace(log_by_hand(author, time), parent=np.array(parent))


def test_by_hand():
    assert InfluencePersistence(top=1).measure(days_of([[0], [0], [1]], 4)) == pytest.approx(0.5)
    assert InfluencePersistence(top=2).measure(days_of([[0, 1], [1, 2], [3, 4]], 6)) == pytest.approx(0.25)
    # The second place is shared by the three who were not chosen: 1 + 3 / 9 of 2.
    assert InfluencePersistence(top=2).measure(days_of([[0], [0]], 4)) == pytest.approx((1 + 1 / 3) / 2)
    # A day on which nobody comments parts two pairs; where all are at the top there is nothing to say.
    assert np.isnan(InfluencePersistence(top=1).measure(days_of([[0], [], [0]], 4)))
    assert np.isnan(InfluencePersistence(top=4).measure(days_of([[0], [0]], 4)))
    with pytest.raises(StudyError, match="at least 1"):
        InfluencePersistence(top=0)


def test_hubs_that_stay_and_hubs_drawn_daily():
    draw = np.random.default_rng(1)
    assert InfluencePersistence().measure(days_of([range(5)] * 6, 20)) == pytest.approx(1.0)
    drawn = InfluencePersistence().measure(days_of([draw.choice(20, 5, replace=False) for _ in range(200)], 20))
    # The overlap of two random fives of twenty is hypergeometric, with variance 5 1/4 3/4 15/19 a pair.
    assert drawn == pytest.approx(5 / 20, abs=4 * np.sqrt(5 / 4 * 0.75 * 15 / 19 / 199) / 5)


def test_the_null_lets_hubs_go():
    log = days_of([range(5)] * 30, 20)
    metric, draw = InfluencePersistence(), np.random.default_rng(2)
    assert metric.measure(metric.shuffled(log, draw)) == pytest.approx(0.25, abs=0.12)


def test_laws():
    check_post_metric(InfluencePersistence(), says=False)


@pytest.mark.slow
def test_the_null_covers_where_nobody_is_chosen():
    assert covered(InfluencePersistence(), random_log) >= COVERED
