"""The study of socialisation: why its theory is 0, what it plans, and a small run of frozen posters and of learners."""

import itertools

import numpy as np
import pytest

from commonweal.core.posts import Posts
from commonweal.engine.compiled import run_batch
from commonweal.lab.batches import data_factors, static_factors
from commonweal.lab.plan import make_plan
from commonweal.metrics.direction_consistency import DirectionConsistency
from commonweal.metrics.feedback_adaptation import FeedbackAdaptation
from commonweal.metrics.societal_pull import SocietalPull
from commonweal.studies.socialisation import ABSORBS, BY_CHANCE, FEED, LEARNS, LIKES, READS, RECENT, expected, study


def posts(vectors: np.ndarray, author: np.ndarray, score: np.ndarray) -> Posts:
    p = len(author)
    return Posts(
        author=author,
        time=np.arange(p, dtype=np.float64),
        parent=np.full(p, -1),
        score=score.astype(np.float64),
        authors=int(author.max()) + 1,
        day=1.0,
        vector=vectors.astype(np.float32),
    )


def test_adaptation_is_zero_over_all_orders_of_the_scores() -> None:
    """By enumeration: one author, two windows of four posts, every order of four different scores, at random vectors."""
    rng = np.random.default_rng(0)
    metric = FeedbackAdaptation(window=4, share=0.25, stride=4)
    for _ in range(5):
        vectors, author = rng.normal(size=(8, 3)), np.zeros(8, np.int64)
        found = [
            metric.measure(posts(vectors, author, np.array([*order, 0, 0, 0, 0])))
            for order in itertools.permutations((1, 2, 5, 9))
        ]
        assert np.ptp(found) > 0.01
        assert np.mean(found) == pytest.approx(0.0, abs=1e-7)


def test_consistency_and_pull_change_sign_when_halves_are_exchanged() -> None:
    rng = np.random.default_rng(1)
    for _ in range(5):
        vectors, author = rng.normal(size=(40, 4)), np.tile([0, 1], 20)
        places = [np.flatnonzero(author == who) for who in (0, 1)]
        one, both = np.arange(40), np.arange(40)
        one[places[0]] = np.roll(places[0], 10)
        both[places[0]], both[places[1]] = np.roll(places[0], 10), np.roll(places[1], 10)
        log = posts(vectors, author, np.zeros(40))
        consistency, pull = DirectionConsistency().measure(log), SocietalPull().measure(log)
        assert abs(consistency) > 1e-3
        assert DirectionConsistency().measure(posts(vectors[one], author, log.score)) == pytest.approx(-consistency, abs=1e-6)
        assert SocietalPull().measure(posts(vectors[both], author, log.score)) == pytest.approx(-pull, abs=1e-6)


def test_it_plans_all_kinds_as_data() -> None:
    parts = make_plan(study, None, None)["parts"]
    assert isinstance(parts, list)
    for part, planned in zip(study.parts, parts, strict=True):
        assert len(data_factors(part)) == len(part.factors)
        assert not static_factors(part)
        for levels, cell in zip(part.cells(), planned["cells"], strict=True):
            known = levels.get(LIKES, BY_CHANCE) == BY_CHANCE and levels.get(FEED, RECENT) == RECENT
            assert cell["theory"] == (0.0 if known and levels.get(LEARNS, 0.0) == 0 else None)
            assert cell["theory"] == expected(levels)
    assert {part.name for part in study.parts} == {"planted", "absorbed", "frozen"}


@pytest.mark.slow
def test_a_small_run_shows_nulls_of_the_frozen_and_learning_of_learners() -> None:
    """Five trials each. Standard errors are of the trials; bounds leave four of them."""
    part = study.part("planted")
    lenses = {factor.label: factor.lens for other in study.parts for factor in other.factors}
    kinds = [(0.0, 0.0, 0.0), (0.0, 0.0, 0.5), (0.05, 0.0, 0.5), (0.1, 0.0, 0.5), (0.0, 0.02, 0.5)]
    rows = [kind for kind in kinds for _ in range(5)]
    vary = tuple((lenses[label], np.asarray([row[at] for row in rows])) for at, label in enumerate((LEARNS, ABSORBS, READS)))
    logs = run_batch(part.society, vary, [*range(5)] * len(kinds), part.ticks, study.metrics)
    value = {name: np.array([log.values[name] for log in logs]).reshape(len(kinds), 5) for name in study.metrics.names}
    mean = {name: own.mean(1) for name, own in value.items()}
    error = {name: own.std(1, ddof=1) / 5**0.5 for name, own in value.items()}
    for name in ("feedback adaptation", "societal pull", "direction consistency", "interaction influence"):
        assert abs(mean[name][0]) < 4 * error[name][0] + 1e-3, name
    adapted = mean["feedback adaptation"]
    # Who only reads, and who absorbs what it reads, adapts to nothing; learners do, the faster the more.
    assert abs(adapted[1]) < 0.006
    assert abs(adapted[4]) < 0.006
    assert 0.01 < adapted[2] < adapted[3]
    # Absorption is seen as a pull; the centre of what is said says nothing of either.
    assert mean["societal pull"][4] > 0.08
    assert mean["centroid stability"].min() > 0.98
    assert mean["pairwise similarity"][0] < 0.2
