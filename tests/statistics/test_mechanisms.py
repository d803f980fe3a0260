"""Games of reports against what the rules themselves bring, row by row."""

from itertools import permutations, product

import numpy as np
import pytest

from commonweal.core.ballots import Plurality, Quadratic, SchulzeByScore
from commonweal.core.errors import StudyError
from commonweal.statistics.bargaining import divide_forever
from commonweal.statistics.mechanisms import (
    all_orders,
    by_identities,
    by_mediation,
    by_offers,
    by_voting,
    dichotomies,
    single_peaks,
)


def test_types() -> None:
    assert {tuple(row) for row in all_orders(3)} == set(permutations((0.0, 0.5, 1.0)))
    assert single_peaks(3).tolist() == [[1, 0.5, 0], [0.5, 1, 0.5], [0, 0.5, 1]]
    assert len(dichotomies(3)) == 6


def test_votes_bring_what_the_winner_is_worth_less_what_they_cost() -> None:
    reports = np.asarray(list(product(range(3), repeat=3)))
    worth = all_orders(3)
    paid = by_voting(Plurality(), worth).values(reports)
    for row, values in zip(reports, paid, strict=True):
        winner = max(range(3), key=lambda j: ((row == j).sum(), -j))
        assert (values == worth[:, winner]).all()
    # Two votes for the last alternative cost 4 of 9 units, each worth 0.01.
    bought = by_voting(Quadratic(2), worth, (9, 9, 9), unit_worth=0.01).values(np.asarray([[5, 0, 0]]))
    assert bought[0, 0] == pytest.approx(worth[:, 0] - 0.04)
    assert bought[0, 1] == pytest.approx(worth[:, 0] - 0.01)
    with pytest.raises(StudyError, match="10 alternatives"):
        by_voting(SchulzeByScore(), np.zeros((2, 10)))


def test_sincere_scores_are_found_among_the_ballots_that_differ() -> None:
    worth = all_orders(3)
    game = by_voting(SchulzeByScore(), worth)
    for own, ballot in enumerate(game.truth):
        alone = game.values(np.asarray([[ballot]]))[0, 0]
        assert alone.tolist() == worth[:, worth[own].argmax()].tolist()


def test_heads_are_paid_for() -> None:
    worth, price = all_orders(2), 0.25
    game = by_identities(Plurality(), worth, 2, price)
    assert game.reports == 6
    for reports in product(range(6), repeat=3):
        ballots, further = np.asarray(reports) % 2, np.asarray(reports) // 2
        votes = [(1 + further)[ballots == own].sum() for own in range(2)]
        paid = game.values(np.asarray([reports]))[0]
        assert paid == pytest.approx(worth[:, int(votes[1] > votes[0])] - price * further[:, None])


def test_texts_and_who_accepts_them() -> None:
    game = by_mediation(4, 0.6)
    worth = 1 - np.abs(np.arange(1, 5)[:, None] - np.arange(5)) / 4
    for reports in product(range(16), repeat=3):
        wishes, accepts = sorted(1 + own % 4 for own in reports), [1 + own // 4 for own in reports]
        text = wishes[1]
        enough = sum(text <= 2 * own for own in accepts) >= 2
        assert (game.values(np.asarray([reports]))[0] == worth[:, text if enough else 0]).all()
    assert game.truth.tolist() == [0, 5, 10, 15]


def test_offers_divide_as_perfect_play() -> None:
    types = (0.5, 0.8)
    paid = by_offers(types).values(np.asarray([[0, 1]]))[0]
    assert paid[:, 0].tolist() == pytest.approx([divide_forever(0.5, 0.8), 1 - divide_forever(0.5, 0.8)])
