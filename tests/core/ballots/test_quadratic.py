"""Quadratic voting: squares are paid, nobody pays more than it has, nothing is lost that is not burnt."""

import numpy as np
import pytest

from commonweal.core.ballots.quadratic import Quadratic
from commonweal.core.errors import StudyError

K, SEATS = 3, 7


@pytest.mark.parametrize("shared", [False, True])
def test_random_elections(shared: bool, count) -> None:
    rng = np.random.default_rng(5)
    rule = Quadratic(votes=4, price=3, shared=shared)
    ballots, purse = rng.integers(0, rule.ballots(K), (60, SEATS)), rng.integers(0, 60, (60, SEATS))
    cast = rng.random((60, SEATS)) < 0.8
    counted = count(rule, ballots, K, weight=cast, purse=purse)
    for row in range(60):
        votes, paid = [0] * K, []
        for ballot, own, by in zip(ballots[row], purse[row], cast[row], strict=True):
            bought = max(v for v in range(5) if 3 * v * v <= own and v <= ballot // K + 1) if by else 0
            votes[ballot % K] += bought
            paid.append(3 * bought**2)
        assert counted.score[row].tolist() == votes
        back = sum(paid) // SEATS if shared else 0
        assert counted.cost[row].tolist() == [own - back for own in paid]
        assert 0 <= counted.cost[row].sum() < (SEATS if shared else 10**9)


def test_an_intense_minority_wins(count) -> None:
    # Four seats want 0 a little, three want 1 so much that each pays nine credits for three votes.
    ballots = np.asarray([[0, 0, 0, 0, 7, 7, 7]])
    counted = count(Quadratic(3), ballots, K, purse=np.full((1, SEATS), 9))
    assert counted.score.tolist() == [[4, 9, 0]]
    assert counted.cost.tolist() == [[1, 1, 1, 1, 9, 9, 9]]
    poor = count(Quadratic(3), ballots, K, purse=np.asarray([[1, 1, 1, 1, 3, 3, 0]]))
    assert poor.score.tolist() == [[4, 2, 0]]


def test_sincere_ballots_words_and_errors() -> None:
    rule = Quadratic(3)
    assert rule.sincere(np.asarray([[1.0, 0.0, 0.0], [0.4, 0.5, 0.4], [0.2, 0.9, 0.3]])).tolist() == [6, 1, 4]
    assert rule.words(("a", "b"))[:3] == ("a (1 vote for 1 credit)", "b (1 vote for 1 credit)", "a (2 votes for 4 credits)")
    with pytest.raises(StudyError, match="up to 0 votes"):
        Quadratic(0)
    with pytest.raises(StudyError, match="-1 units a credit"):
        Quadratic(price=-1)
    assert "shared out" in Quadratic(shared=True).describe()
