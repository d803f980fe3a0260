"""The median against sorting all votes, and the median voter theorem."""

import numpy as np

from commonweal.core.ballots.median import Median


def test_random_elections(count) -> None:
    rng = np.random.default_rng(6)
    ballots, weight = rng.integers(0, 5, (60, 9)), rng.integers(0, 4, (60, 9))
    weight[0] = 0
    place = rng.permuted(np.tile(np.arange(5), (60, 1)), axis=1)
    winners = count(Median(), ballots, 5, weight=weight, place=place).winners
    assert not winners[0].any()
    for row in range(1, 60):
        votes = sorted(int(place[row, b]) for b, w in zip(ballots[row], weight[row], strict=True) for _ in range(w))
        expected = votes[(len(votes) - 1) // 2]
        assert place[row, winners[row]].tolist() == [expected]


def test_the_median_beats_every_other_point_in_a_duel(count) -> None:
    """Black's theorem: of an odd number of voters with single peaks none but a minority prefers another point."""
    peaks = np.random.default_rng(4).integers(0, 5, (60, 9))
    chosen = count(Median(), peaks, 5).winners.argmax(1)
    for other in range(5):
        prefer = (np.abs(peaks - other) < np.abs(peaks - chosen[:, None])).sum(1)
        assert (prefer <= 4).all()


def test_sincere_ballots_and_words() -> None:
    assert Median().sincere(np.asarray([[0.1, 0.8, 0.3]])).tolist() == [1]
    assert Median().words(("1", "2")) == ("1", "2")
    assert Median().ballots(4) == 4
    assert "middle" in Median().describe()
