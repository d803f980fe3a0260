"""Juries: of the size that was asked for, drawn from voters alone, and right as often as the hypergeometric law says."""

from math import comb

import numpy as np
import pytest

from commonweal.core.ballots import Jury, Plurality, Schulze
from commonweal.core.errors import StudyError

TRIALS, SEATS, SIZE = 3000, 9, 3


def test_a_jury_is_drawn_from_those_who_voted(count) -> None:
    cast = np.asarray([0, 1, 1, 0, 1, 1, 1, 0, 1])
    ballots = np.broadcast_to(np.where(cast, 1, 0), (TRIALS, SEATS))
    counted = count(Jury(size=SIZE), ballots, 2, weight=cast[None])
    assert (counted.score == [0, SIZE]).all()
    few = count(Jury(size=SIZE), ballots, 2, weight=np.asarray([[0, 1, 1] + [0] * 6]))
    assert (few.score == [0, 2]).all()


def test_how_often_a_jury_decides_for_the_minority(count) -> None:
    # Four of nine want 1: at least two of three jurors do, by the hypergeometric law.
    ballots = np.broadcast_to([1, 1, 1, 1, 0, 0, 0, 0, 0], (TRIALS, SEATS))
    share = count(Jury(size=SIZE), ballots, 2).winners[:, 1].mean()
    chance = sum(comb(4, own) * comb(5, SIZE - own) for own in (2, 3)) / comb(9, SIZE)
    assert abs(share - chance) < 4 * np.sqrt(chance * (1 - chance) / TRIALS)


def test_a_jury_of_all_is_the_electorate(count) -> None:
    ballots = np.random.default_rng(1).integers(0, 3, (TRIALS, SEATS))
    all_of_them = count(Jury(size=SEATS), ballots, 3)
    assert np.array_equal(all_of_them.winners, count(Plurality(), ballots, 3).winners)


def test_ballots_are_those_of_the_rule_that_counts() -> None:
    rule = Jury(Schulze(), 2)
    assert rule.ballots(3) == 6
    assert rule.words(("a", "b")) == Schulze().words(("a", "b"))
    worth = np.asarray([[0.1, 0.9, 0.5]])
    assert rule.sincere(worth).tolist() == Schulze().sincere(worth).tolist()
    assert rule.describe().startswith("2 of those who answer are drawn by lot")
    with pytest.raises(StudyError, match="a jury of 0"):
        Jury(size=0)
