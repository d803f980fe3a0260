"""Likes of the own camp by hand and by listing, monotone in a planted favour, at rest under its null model."""

import dataclasses

import numpy as np
import pytest

from commonweal.metrics.affective_polarisation import AffectivePolarisation
from commonweal.statistics.stances import camps_of, stances_of
from metrics.post_laws import COVERED, Planted, check_post_metric, covered, log_by_hand, random_log


def liked_log(log, liker, liked):
    """The log with these likes."""
    score = np.bincount(liked, minlength=len(log)).astype(float)
    return dataclasses.replace(log, liker=np.array(liker), liked=np.array(liked), score=score, like_time=log.time[liked] + 0.1)


def test_by_hand():
    # One day, authors 0 and 1 of one camp, 2 of the other; 0 likes 1 (a half of what it could), 2 likes 0 (all are others).
    log = log_by_hand([0, 1, 2], [0, 0.1, 0.2], [[1, 0], [1, 0], [-1, 0]])
    assert AffectivePolarisation().measure(liked_log(log, [0], [1])) == pytest.approx(1 - 1 / 2)
    assert AffectivePolarisation().measure(liked_log(log, [0, 2], [1, 0])) == pytest.approx((1 / 2 + 0) / 2)
    # Liking oneself counts nowhere; nor does a log without likes.
    assert np.isnan(AffectivePolarisation().measure(liked_log(log, [0], [0])))
    assert np.isnan(AffectivePolarisation().measure(log))


def test_by_listing_what_could_be_liked():
    log = random_log(np.random.default_rng(3), planted=Planted(crowd=0.0))
    camp, stance, days, found = camps_of(log), stances_of(log), log.days, []
    for who, what in zip(log.liker, log.liked, strict=True):
        could = [
            post
            for post in range(len(log))
            if days[post] == days[what]
            and log.author[post] != who
            and camp[log.author[post]] >= 0
            and not np.isnan(stance[post])
        ]
        if what in could and camp[who] >= 0:
            own = [camp[log.author[post]] == camp[who] for post in could]
            found.append((camp[log.author[what]] == camp[who]) - np.mean(own))
    assert AffectivePolarisation().measure(log) == pytest.approx(np.mean(found))


def test_it_grows_with_favour():
    rng = np.random.default_rng(2)
    author = rng.integers(0, 20, 300)
    stance = np.where(author % 2 == 0, 0.6, -0.6)
    log = log_by_hand(author.tolist(), np.sort(rng.random(300) * 5).tolist(), np.stack([stance, np.full(300, 0.8)], 1))
    found = []
    for favour in (-0.5, 0.0, 0.5):
        liker = rng.integers(0, 20, 2000)
        own = rng.random(2000) < (1 + favour) / 2
        liked = [rng.choice(np.flatnonzero((author % 2 == who % 2) == same)) for who, same in zip(liker, own, strict=True)]
        found.append(AffectivePolarisation().measure(liked_log(log, liker.tolist(), liked)))
    assert found == pytest.approx([-0.25, 0.0, 0.25], abs=0.05)


def test_laws():
    check_post_metric(AffectivePolarisation())


@pytest.mark.slow
def test_coverage():
    assert covered(AffectivePolarisation(), lambda draw: random_log(draw, planted=Planted(crowd=0.0))) >= COVERED
