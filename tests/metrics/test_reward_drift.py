"""Drift by hand and author by author; it grows where a reward sways, and is chance where it does not."""

import dataclasses

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.reward_drift import RewardDrift
from metrics.post_laws import COVERED, Planted, check_post_metric, covered, log_by_hand, random_log


def cosine(one, other):
    return float(one @ other) / np.sqrt(float(one @ one) * float(other @ other))


def test_by_hand():
    # Persona x; x before the reward, y and x after it. Author 1 is never rewarded.
    said = [[1, 0], [1, 0], [0, 1], [0, 1], [1, 0], [1, 0], [0, 1], [1, 0]]
    log = log_by_hand([0, 0, 0, 0, 0, 1, 1, 1], range(8), said)
    log = dataclasses.replace(log, score=np.array([0.0, 0, 1, 0, 0, 0, 0, 0]))
    assert RewardDrift(first=1, top=0.2).measure(log) == pytest.approx(1 - 0.5)
    # The reward falls on the persona's own posts: nothing lies before it.
    assert np.isnan(RewardDrift(first=3, top=0.2).measure(log))
    for wrong in ({"top": 0.0}, {"top": 1.0}, {"first": 0}):
        with pytest.raises(StudyError, match="high scores"):
            RewardDrift(**wrong)


def test_it_is_the_formula_author_by_author():
    draw = np.random.default_rng(1)
    for _ in range(4):
        log, first = random_log(draw, 8, 160), int(draw.integers(1, 6))
        lost = []
        for author in range(8):
            mine = np.flatnonzero(log.author == author)
            events = [at for at, place in enumerate(mine) if (log.score >= log.score[place]).mean() <= 0.1]
            persona = log.vector[mine[:first]].sum(0)
            alike = np.array([cosine(log.vector[place], persona) for place in mine])
            if events and first < events[0] < len(mine) - 1:
                lost.append(alike[first : events[0]].mean() - alike[events[0] + 1 :].mean())
        assert RewardDrift(first=first).measure(log) == pytest.approx(np.mean(lost), abs=1e-6)


def test_it_grows_where_rewards_sway():
    draw = np.random.default_rng(2)
    found = [
        [RewardDrift(first=3).measure(random_log(draw, planted=Planted(swayed=much))) for _ in range(15)]
        for much in (0.0, 0.4, 0.9)
    ]
    means, errors = np.nanmean(found, 1), np.nanstd(found, 1) / np.sqrt(15)
    assert abs(means[0]) < 3.5 * errors[0]
    assert means[0] + 3 * errors[1] < means[1] < means[2]


def test_laws():
    check_post_metric(RewardDrift())


@pytest.mark.slow
def test_the_null_covers_where_rewards_do_nothing():
    assert covered(RewardDrift(), random_log) >= COVERED
