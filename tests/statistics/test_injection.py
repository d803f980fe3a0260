"""Planting by hand and as a recurrence, what stays as it was, and that more is found the more is planted."""

import dataclasses
from typing import get_args

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.posts import Posts
from commonweal.metrics.feedback_adaptation import FeedbackAdaptation
from commonweal.metrics.interaction_influence import InteractionInfluence
from commonweal.metrics.societal_pull import SocietalPull
from commonweal.statistics.injection import Kind, Learners, Search, detectable_rate, plant
from metrics.post_laws import log_by_hand, random_log

KINDS: tuple[Kind, ...] = get_args(Kind)


def rate_by_rate(log: Posts, kind: Kind, rate: float) -> np.ndarray:
    """An independent implementation, author by author: what all authors say when all learn, replies taken from what others say
    by then. Slow: it says everything anew up to each post."""
    assert log.vector is not None
    unit = log.vector.astype(float) / np.linalg.norm(log.vector.astype(float), axis=1, keepdims=True)
    said: dict[int, np.ndarray] = {}
    for place, who in enumerate(log.author):
        own = np.flatnonzero(log.author == who)
        centre, at = unit[own].mean(0), unit[own].mean(0)
        high = np.sort(log.score[own])
        spot = 0.7 * (len(own) - 1)
        cut = high[int(spot)] + (spot - int(spot)) * (high[min(int(spot) + 1, len(own) - 1)] - high[int(spot)])
        away = unit[log.author != who].sum(0)
        for earlier in own[own < place]:
            parent = log.parent[earlier]
            target = None
            if kind == "feedback" and log.score[earlier] > cut:
                target = said[earlier]
            elif kind == "pull":
                target = away / np.linalg.norm(away)
            elif kind == "influence" and parent >= 0 and log.author[parent] != who:
                target = said[parent]
            at = at if target is None else at + rate * (target - at)
        moved = unit[place] - centre + at
        said[place] = moved / np.linalg.norm(moved)
    return np.array([said[place] for place in range(len(log))])


def test_an_author_goes_to_the_others_by_hand() -> None:
    # At x all the time, pulled by half to y: what it says is then at (1, 0), (1/2, 1/2), (1/4, 3/4).
    log = log_by_hand([0, 0, 0, 1], [0.0, 1.0, 2.0, 3.0], [[1, 0], [1, 0], [2, 0], [0, 1]])
    found = plant(log, Learners("pull", least=2), 0.5, np.random.default_rng(0))
    assert found.vector == pytest.approx(np.array([[1, 0], [0.5**0.5, 0.5**0.5], [1 / 10**0.5, 3 / 10**0.5], [0, 1]]), abs=1e-6)
    # Nothing was liked and nobody answered: there is nothing else to learn.
    for kind in ("feedback", "influence"):
        assert plant(log, Learners(kind), 0.5, np.random.default_rng(0)).vector == pytest.approx(
            np.array([[1, 0], [1, 0], [1, 0], [0, 1]]), abs=1e-6
        )


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_recurrence_and_nothing_else_changes(kind: Kind) -> None:
    draw = np.random.default_rng(5)
    log = random_log(draw, authors=6, posts=60, d=5)
    rate = float(draw.uniform(0.05, 0.5))
    found = plant(log, Learners(kind), rate, draw)
    assert found.vector == pytest.approx(rate_by_rate(log, kind, rate), abs=1e-5)
    for field in dataclasses.fields(Posts):
        if field.name != "vector":
            assert getattr(found, field.name) is getattr(log, field.name), field.name
    assert plant(log, Learners(kind), 0.0, draw).vector == pytest.approx(log.vector, abs=1e-6)


def test_only_those_of_the_stratum_learn() -> None:
    draw = np.random.default_rng(6)
    log = random_log(draw, authors=12, posts=240)
    count = np.bincount(log.author)
    middle = int(np.median(count))
    few, many = Learners("pull", most=middle), Learners("pull", least=middle + 1)
    assert (few.chosen(log, draw) == (count <= middle)).all()
    assert (many.chosen(log, draw) == (count > middle)).all()
    found = plant(log, many, 0.2, draw)
    assert log.vector is not None
    assert found.vector is not None
    changed = np.bincount(log.author, (found.vector != log.vector).any(1)) > 0
    assert (changed == (count > middle)).all()
    half = dataclasses.replace(many, share=0.5).chosen(log, draw)
    assert half.sum() == round(0.5 * (count > middle).sum())
    assert not half[count <= middle].any()
    # Who says nothing learns nothing, and teaches nobody.
    silent = dataclasses.replace(log, vector=np.where((log.author == 0)[:, None], 0, log.vector))
    assert not plant(silent, Learners("pull"), 0.5, draw).vector[log.author == 0].any()


def test_more_is_found_the_more_is_planted_and_nothing_of_nothing() -> None:
    draw = np.random.default_rng(8)
    # Twelve authors of thirty posts each.
    log = random_log(draw, authors=12, posts=360)
    search = Search((0.001, 0.3), repeats=10, seed=3)
    for metric, kind in ((FeedbackAdaptation(), "feedback"), (InteractionInfluence(), "influence")):
        found = detectable_rate(log, metric, Learners(kind), search)
        assert found.learners == 12
        assert found.power[0] <= 0.3
        assert found.rate == 0.3
        assert found.power[1] >= 0.8
        assert found.value[1] > found.bar[1] > 0
    # A pull is seen early, and a quick one no more; who has too few posts for a metric cannot be seen at all.
    found = detectable_rate(log, SocietalPull(), Learners("pull"), Search((0.001, 0.1, 1.0), repeats=10))
    assert found.rate == 0.1
    assert found.value[2] < found.value[1] / 2
    few = random_log(draw, authors=40, posts=240)
    assert np.isnan(detectable_rate(few, FeedbackAdaptation(), Learners("feedback"), Search((0.5,), repeats=5)).rate)


def test_what_it_refuses() -> None:
    log = log_by_hand([0, 1], [0.0, 1.0], texts=["a", "b"])
    draw = np.random.default_rng(0)
    with pytest.raises(StudyError, match="without vectors"):
        plant(log, Learners("pull"), 0.1, draw)
    with pytest.raises(StudyError, match="rate 2"):
        plant(random_log(draw, posts=10), Learners("pull"), 2.0, draw)
    for wrong in ({"least": 0}, {"least": 3, "most": 2}, {"share": 0.0}):
        with pytest.raises(StudyError, match="learners with"):
            Learners("pull", **wrong)
    for rates, repeats, shuffles in (
        ((), 20, 40),
        ((0.2, 0.1), 20, 40),
        ((0.1, 1.5), 20, 40),
        ((0.1,), 4, 40),
        ((0.1,), 20, 39),
    ):
        with pytest.raises(StudyError, match="rates"):
            Search(rates, repeats, shuffles)
