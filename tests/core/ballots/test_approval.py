"""Approval voting against counting ballot by ballot."""

import numpy as np
import pytest

from commonweal.core.ballots.approval import Approval, subsets
from commonweal.core.errors import StudyError


def test_random_elections(count) -> None:
    rng = np.random.default_rng(2)
    ballots, weight = rng.integers(0, 15, (50, 9)), rng.integers(0, 3, (50, 9))
    counted = count(Approval(), ballots, 4, weight=weight)
    for row in range(50):
        votes = [sum(int(w) for b, w in zip(ballots[row], weight[row], strict=True) if j in subsets(4)[b]) for j in range(4)]
        assert counted.score[row].tolist() == votes
        assert counted.winners[row].tolist() == [v == max(votes) for v in votes]


def test_approving_of_all_is_approving_of_none(count) -> None:
    ballots = np.asarray([[1, 1, 2, 0], [1, 1, 2, 6]])
    without = count(Approval(), ballots, 3, weight=np.asarray([[1, 1, 1, 0]]))
    assert without.winners[1].tolist() == count(Approval(), ballots, 3).winners[1].tolist() == [False, True, False]


def test_sets_words_and_sincerity() -> None:
    assert subsets(3) == ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2))
    assert Approval().words(("a", "b"))[2] == "(a) and (b)"
    worth = np.asarray([[1.0, 0.9, 0.0], [1.0, 0.1, 0.0], [0.0, 0.5, 1.0], [0.3, 0.3, 0.3]])
    assert [subsets(3)[ballot] for ballot in Approval().sincere(worth)] == [(0, 1), (0,), (2,), (0, 1, 2)]
    with pytest.raises(StudyError, match="expected 1 to 6"):
        Approval().check(7)
