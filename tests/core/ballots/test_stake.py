"""Votes by stake: as many as one owns."""

import numpy as np

from commonweal.core.ballots import Jury, Schulze, Stake


def test_weights_are_purses(count) -> None:
    rng = np.random.default_rng(2)
    ballots, purse = rng.integers(0, 3, (40, 7)), rng.integers(-5, 20, (40, 7))
    cast = rng.random((40, 7)) < 0.7
    counted = count(Stake(), ballots, 3, weight=cast, purse=purse)
    for row in range(40):
        own = np.where(cast[row], np.maximum(purse[row], 0), 0)
        assert counted.score[row].tolist() == np.bincount(ballots[row], own, minlength=3).tolist()


def test_one_rich_seat_decides(count) -> None:
    counted = count(Stake(Jury(size=7)), [[0, 0, 0, 0, 0, 0, 1]], 3, purse=np.asarray([[1] * 6 + [7]]))
    assert counted.winners.tolist() == [[False, True, False]]


def test_ballots_are_those_of_the_rule_that_counts() -> None:
    rule = Stake(Schulze())
    assert rule.ballots(3) == 6
    assert rule.words(("a", "b")) == Schulze().words(("a", "b"))
    assert rule.sincere(np.asarray([[0.1, 0.9, 0.5]])).tolist() == Schulze().sincere(np.asarray([[0.1, 0.9, 0.5]])).tolist()
    assert rule.describe().startswith("you have as many votes as you own units")
