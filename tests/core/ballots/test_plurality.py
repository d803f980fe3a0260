"""Plurality against counting by hand and by another program."""

import numpy as np

from commonweal.core.ballots.plurality import Plurality


def test_random_elections(count) -> None:
    rng = np.random.default_rng(1)
    ballots, weight = rng.integers(0, 4, (50, 11)), rng.integers(0, 6, (50, 11))
    stands = rng.random((50, 4)) < 0.8
    counted = count(Plurality(), ballots, 4, weight=weight, stands=stands)
    for row in range(50):
        votes = np.bincount(ballots[row], weight[row], minlength=4)
        assert counted.score[row].tolist() == votes.tolist()
        best = votes[stands[row]].max(initial=0)
        assert counted.winners[row].tolist() == [bool(stands[row, j] and votes[j] == best and best > 0) for j in range(4)]
    assert not counted.cost.any()


def test_sincere_ballots_and_words() -> None:
    assert Plurality().sincere(np.asarray([[0.2, 0.9, 0.1], [0.5, 0.5, 0.1]])).tolist() == [1, 0]
    assert Plurality().words(("a", "b")) == ("a", "b")
