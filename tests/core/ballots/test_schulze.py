"""Schulze's method: published examples, strongest paths by brute force, and the properties that it is known for."""

from itertools import pairwise, permutations

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.ballots import Election
from commonweal.core.ballots.schulze import Schulze, orders
from commonweal.core.errors import StudyError
from commonweal.core.streams import Key

SCHULZE_2011 = "5 ACBED, 5 ADECB, 8 BEDAC, 3 CABED, 7 CAEBD, 2 CBADE, 7 DCEBA, 8 EBADC"
TIED = "3 ABCD, 2 DABC, 2 DBCA, 2 CBDA"
SEATS, FOUR = 9, 4


def profile(text: str) -> tuple[np.ndarray, int]:
    """Ballots [1, a] of a profile in words, and how many alternatives there are."""
    rows = [row.split() for row in text.split(", ")]
    k = len(rows[0][1])
    number = {order: ballot for ballot, order in enumerate(orders(k))}
    ballots = [number[tuple("ABCDE".index(letter) for letter in order)] for many, order in rows for _ in range(int(many))]
    return np.asarray([ballots]), k


def duels(ballots: np.ndarray, k: int, weight: np.ndarray | None = None) -> np.ndarray:
    """d[i, j]: votes that rank i over j, ballot by ballot."""
    votes = np.zeros((k, k), int)
    for row, ballot in enumerate(ballots):
        order = orders(k)[ballot]
        for place, better in enumerate(order):
            for worse in order[place + 1 :]:
                votes[better, worse] += 1 if weight is None else weight[row]
    return votes


def strongest(votes: np.ndarray) -> np.ndarray:
    """p[i, j] by looking at every path: the best of the weakest majorities."""
    k = len(votes)
    majority = np.where(votes > votes.T, votes, 0)
    best = np.zeros((k, k), int)
    for i, j in permutations(range(k), 2):
        others = [via for via in range(k) if via not in (i, j)]
        paths = [(i, *middle, j) for length in range(k - 1) for middle in permutations(others, length)]
        best[i, j] = max(min(majority[a, b] for a, b in pairwise(path)) for path in paths)
    return best


def random_profiles(rng: np.random.Generator, trials: int) -> np.ndarray:
    return rng.integers(0, 24, (trials, SEATS))


def test_published_order_and_strengths(count) -> None:
    ballots, k = profile(SCHULZE_2011)
    counted = count(Schulze(), ballots, k)
    assert counted.winners[0].tolist() == [False, False, False, False, True]
    # E > A > C > B > D: the number of rivals beaten is the order turned round.
    assert counted.score[0].tolist() == [3, 1, 2, 0, 4]
    path = strongest(duels(ballots[0], k))
    assert path[4, [1, 2, 3]].tolist() == [28, 28, 31]
    assert path[4, 0] == 25
    assert path[0, [1, 2, 3, 4]].tolist() == [28, 28, 30, 24]


def test_strengths_of_the_rule_itself() -> None:
    ballots, k = profile(SCHULZE_2011)
    election = Election.of(jnp.asarray(ballots[0], jnp.int32), jnp.ones(45, bool), k, Key.root(0))
    path = np.asarray(eqx.filter_jit(Schulze().strengths)(election))
    assert path.tolist() == strongest(duels(ballots[0], k)).tolist()


def test_published_tie_is_a_set(count) -> None:
    ballots, k = profile(TIED)
    assert np.flatnonzero(count(Schulze(), ballots, k).winners[0]).tolist() == [1, 3]


def test_random_profiles_against_every_path(count) -> None:
    rng = np.random.default_rng(7)
    ballots, weight = random_profiles(rng, 150), rng.integers(0, 5, (150, SEATS))
    weight[0] = 0
    counted = count(Schulze(), ballots, FOUR, weight=weight)
    for row in range(150):
        path = strongest(duels(ballots[row], FOUR, weight[row]))
        expected = [bool(weight[row].any() and (path[i] >= path[:, i]).all()) for i in range(FOUR)]
        assert counted.winners[row].tolist() == expected
        assert counted.score[row].tolist() == (path > path.T).sum(1).tolist()


def test_condorcet_winners_win_alone_and_losers_never_do(count) -> None:
    ballots = random_profiles(np.random.default_rng(8), 300)
    winners = count(Schulze(), ballots, FOUR).winners
    found = 0
    for row in range(300):
        votes = duels(ballots[row], FOUR)
        beats = (votes > votes.T).sum(1)
        for i in np.flatnonzero(beats == FOUR - 1):
            assert np.flatnonzero(winners[row]).tolist() == [i]
            found += 1
        assert not winners[row][(votes < votes.T).sum(1) == FOUR - 1].any()
    assert found > 150


def test_a_winner_that_is_raised_on_a_ballot_still_wins(count) -> None:
    rng = np.random.default_rng(9)
    ballots = random_profiles(rng, 300)
    before = count(Schulze(), ballots, FOUR).winners
    raised, chosen = ballots.copy(), before.argmax(1)
    number = {order: ballot for ballot, order in enumerate(orders(FOUR))}
    for row, who in enumerate(chosen):
        seat = rng.integers(SEATS)
        order = list(orders(FOUR)[ballots[row, seat]])
        place = order.index(who)
        order.insert(max(place - 1, 0), order.pop(place))
        raised[row, seat] = number[tuple(order)]
    after = count(Schulze(), raised, FOUR).winners
    assert after[np.arange(300), chosen].all()


def test_who_does_not_stand_is_left_out(count) -> None:
    ballots = random_profiles(np.random.default_rng(10), 100)
    stands = np.asarray([True, False, True, True])
    winners = count(Schulze(), ballots, FOUR, stands=stands).winners
    number = {order: ballot for ballot, order in enumerate(orders(3))}
    rest = [[number[tuple((0, -1, 1, 2)[j] for j in orders(FOUR)[b] if j != 1)] for b in row] for row in ballots]
    assert not winners[:, 1].any()
    assert np.array_equal(winners[:, stands], count(Schulze(), np.asarray(rest), 3).winners)


def test_ballots_words_and_sincerity() -> None:
    assert orders(3)[:3] == ((0, 1, 2), (1, 0, 2), (2, 0, 1))
    assert sorted(orders(4)) == sorted(permutations(range(4)))
    assert Schulze().ballots(4) == 24
    assert Schulze().words(("a", "b"))[1] == "(b), then (a)"
    worth = np.random.default_rng(1).random((40, 4))
    for row, ballot in zip(worth, Schulze().sincere(worth), strict=True):
        assert (np.diff(row[list(orders(4)[ballot])]) <= 0).all()
    with pytest.raises(StudyError, match="Schulze was given 6 alternatives; expected 1 to 5"):
        Schulze().check(6)
    assert "rank the answers" in Schulze().describe()
