"""Rankings by points: the published examples, Schulze's method itself on strict orders, and ties by every path."""

from itertools import pairwise, permutations, product

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.ballots import Schulze, SchulzeByScore
from commonweal.core.ballots.schulze import orders
from commonweal.core.errors import StudyError
from commonweal.core.questions import Record

RULE = SchulzeByScore()
SCHULZE_2011 = "5 ACBED, 5 ADECB, 8 BEDAC, 3 CABED, 7 CAEBD, 2 CBADE, 7 DCEBA, 8 EBADC"


def number(points) -> np.ndarray:
    """Ballots [...] that give these points [..., k]."""
    k = points.shape[-1]
    return k + (points * k ** np.arange(k)).sum(-1)


def points_of(order: str) -> np.ndarray:
    return np.asarray([len(order) - 1 - order.index(letter) for letter in "ABCDE"[: len(order)]])


def winners_by_every_path(points: np.ndarray) -> list[int]:
    """Winners of one election [a, k]: the best of the weakest majorities over every path."""
    k = points.shape[1]
    votes = (points[:, :, None] > points[:, None, :]).sum(0)
    majority = np.where(votes > votes.T, votes, 0)
    best = np.zeros((k, k), int)
    for i, j in permutations(range(k), 2):
        others = [via for via in range(k) if via not in (i, j)]
        paths = [(i, *middle, j) for length in range(k - 1) for middle in permutations(others, length)]
        best[i, j] = max(min(majority[a, b] for a, b in pairwise(path)) for path in paths)
    return [i for i in range(k) if (best[i] >= best[:, i]).all()]


def test_published_order(count) -> None:
    rows = [row.split() for row in SCHULZE_2011.split(", ")]
    ballots = [number(points_of(order)) for many, order in rows for _ in range(int(many))]
    counted = count(RULE, [ballots], 5)
    assert np.flatnonzero(counted.winners[0]).tolist() == [4]
    assert counted.score[0].tolist() == [3, 1, 2, 0, 4]


def test_strict_orders_are_counted_as_by_schulze_itself(count) -> None:
    rng = np.random.default_rng(11)
    ballots, weight = rng.integers(0, 24, (200, 9)), rng.integers(0, 4, (200, 9))
    points = 3 - np.argsort(np.asarray(orders(4))[ballots], axis=-1)
    one = count(RULE, number(points), 4, weight=weight)
    other = count(Schulze(), ballots, 4, weight=weight)
    assert np.array_equal(one.winners, other.winners)
    assert np.array_equal(one.score, other.score)


def test_eight_alternatives_with_ties(count) -> None:
    """Against every path for five of the eight that get points; the others get none, and lose to all."""
    rng = np.random.default_rng(12)
    points = np.zeros((60, 7, 8), int)
    points[:, :, :5] = rng.integers(1, 8, (60, 7, 5))
    counted = count(RULE, number(points), 8)
    for row in range(60):
        assert np.flatnonzero(counted.winners[row]).tolist() == winners_by_every_path(points[row, :, :5])
        assert (counted.score[row, 5:] == 0).all()


def test_who_is_indifferent_says_nothing(count) -> None:
    ballots = np.asarray([[number(np.zeros(8, int))] * 4 + [3]])
    assert np.flatnonzero(count(RULE, ballots, 8).winners[0]).tolist() == [3]
    assert count(RULE, ballots[:, :4], 8).winners.all()


def test_ballot_papers_are_read_as_they_were_filled_in() -> None:
    asked = jnp.asarray([True, True, False])
    names = tuple(f"plan {letter}" for letter in "abcdefgh")
    paper = RULE.ask(asked, names)
    assert isinstance(paper, Record)
    assert paper.names == names
    assert RULE.ask(asked, ("1/2", "1")).names == ("1 of 2", "1")  # pyright: ignore[reportAttributeAccessIssue]
    given = np.random.default_rng(13).integers(0, 8, (3, 8))
    ballots = RULE.read(tuple(jnp.asarray(given[:, j]) for j in range(8)))
    assert np.asarray(RULE.points(ballots, 8)).tolist() == given.tolist()
    assert ballots.tolist() == number(given).tolist()
    assert max(ballots.tolist()) < RULE.ballots(8) < 2**31
    assert np.asarray(RULE.points(jnp.arange(3), 8))[:, :3].tolist() == np.eye(3).tolist()
    assert (paper.default()[0] == 0).all()


def test_all_ballots_in_words_and_the_sincere_one() -> None:
    words = RULE.words(("x", "y"))
    assert len(words) == RULE.ballots(2) == 6
    assert words[:2] == ("x: 1, y: 0", "x: 0, y: 1")
    for ballot, points in enumerate(product(range(2), repeat=2), 2):
        read = np.asarray(RULE.points(jnp.asarray([ballot]), 2))[0]
        assert words[ballot] == f"x: {read[0]}, y: {read[1]}"
        assert number(np.asarray(points[::-1])) == ballot
    worth = np.asarray([[0.2, 0.9, 0.5], [0.5, 0.5, 0.1]])
    assert RULE.points(jnp.asarray(RULE.sincere(worth)), 3).tolist() == [[0, 2, 1], [1, 1, 0]]
    with pytest.raises(StudyError, match="between 260 ballots"):
        RULE.words(tuple("abcd"))
    with pytest.raises(StudyError, match="10 alternatives; expected 1 to 9"):
        RULE.check(10)
    assert "give points" in RULE.describe()
