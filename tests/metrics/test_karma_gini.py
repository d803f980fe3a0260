"""The spread of likes, read off while a trial runs, against all pairs of authors of its log."""

import numpy as np
import pytest

from commonweal.channels.forum import Forum
from commonweal.core.errors import StudyError
from commonweal.metrics.karma_gini import KarmaGini
from commonweal.testing import check_metric


def test_it_is_that_of_likes_before_the_last_tick(forum_trial):
    values, log = forum_trial
    # What was liked in the last tick is counted after it.
    likes = np.bincount(log.author[log.liked[log.like_time < log.like_time.max()]], minlength=log.authors)
    gaps = np.abs(likes[:, None] - likes[None]).sum() / (2 * log.authors * likes.sum())
    assert values["gini"] == pytest.approx(gaps, abs=1e-12)


def test_nobody_has_any():
    assert KarmaGini().value({name: np.array([value]) for name, value in (("ranked", 0), ("karma", 0), ("seats", 3))}) == 0


def test_a_society_without_a_forum_is_refused(month):
    with pytest.raises(StudyError, match="expected the channel Forum"):
        KarmaGini().read(month([1, 2]))


@pytest.mark.slow
def test_laws():
    check_metric(KarmaGini(), channel=Forum(size=4))
