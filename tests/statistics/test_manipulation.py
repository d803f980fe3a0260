"""Manipulability: theorems, an independent search, and intervals of drawn profiles."""

from itertools import permutations, product

import numpy as np
import pytest

from commonweal.core.ballots import Approval, Jury, Median, Plurality, Quadratic, Schulze
from commonweal.core.errors import StudyError
from commonweal.statistics import manipulation
from commonweal.statistics.bargaining import divide_forever
from commonweal.statistics.manipulation import (
    COLUMNS,
    Mechanism,
    all_orders,
    by_offers,
    by_voting,
    dichotomies,
    measure_manipulability,
    single_peaks,
    tabulate_manipulability,
)

ORDERS = list(permutations(range(3)))


def choosing(table: np.ndarray) -> Mechanism:
    """A rule for two or three voters with three alternatives by a table of what is chosen at each profile of orders."""
    worth = all_orders(3)

    def values(reports: np.ndarray) -> np.ndarray:
        chosen = table[tuple(reports.T)]
        return np.repeat(worth.T[chosen][:, None, :], reports.shape[1], axis=1)

    return Mechanism("table", 6, np.arange(6), values)


@pytest.mark.parametrize("rule", [Plurality(), Approval(), Schulze(), Median()])
def test_gibbard_and_satterthwaite_for_three_voters_and_three_alternatives(rule) -> None:
    found = measure_manipulability(by_voting(rule, all_orders(3)), 3, 1)
    assert found.share.value > 0
    assert found.share.n == 216
    assert found.most >= 0.5
    assert found.example


def test_dictators_constants_and_two_alternatives_cannot_be_manipulated() -> None:
    first = np.argmin(np.asarray(list(permutations(range(3)))), axis=1)  # the best of each type of `all_orders`
    dictator = np.broadcast_to(first[:, None, None], (6, 6, 6))
    for table in (dictator, np.zeros((6, 6, 6), int)):
        assert measure_manipulability(choosing(table), 3, 1).most == 0
    lottery = Jury(size=1)
    assert measure_manipulability(by_voting(lottery, all_orders(3)), 3, 1).most == 0
    for rule in (Plurality(), Schulze()):
        assert measure_manipulability(by_voting(rule, all_orders(2)), 3, 3).most == 0


def test_rules_drawn_at_random_can_be_manipulated_but_for_dictators() -> None:
    rng = np.random.default_rng(1)
    for _ in range(60):
        table = rng.integers(0, 3, (6, 6))
        assert set(np.unique(table)) == {0, 1, 2}
        assert measure_manipulability(choosing(table), 2, 1).most > 0


def test_plurality_against_an_independent_search() -> None:
    """Every profile and every lie, counted with dictionaries: ties go to the lowest number."""

    def winner(votes: tuple[int, ...]) -> int:
        return max(range(3), key=lambda j: (votes.count(j), -j))

    gains = []
    for profile in product(range(6), repeat=3):
        ranks = [ORDERS[own] for own in profile]
        sincere = tuple(row.index(0) for row in ranks)
        worth = [[1 - rank / 2 for rank in row] for row in ranks]
        now = winner(sincere)
        best = 0.0
        for seat, vote in product(range(3), range(3)):
            lie = winner((*sincere[:seat], vote, *sincere[seat + 1 :]))
            best = max(best, worth[seat][lie] - worth[seat][now])
        gains.append(best)
    found = measure_manipulability(by_voting(Plurality(), all_orders(3)), 3, 1)
    assert found.gain.value == pytest.approx(np.mean(gains))
    assert found.share.value == pytest.approx(np.mean(np.asarray(gains) > 0))
    assert found.most == max(gains)


@pytest.mark.parametrize(("seats", "levels"), [(3, 4), (4, 3), (5, 3)])
def test_nobody_gains_against_the_median_of_single_peaks(seats: int, levels: int) -> None:
    """Moulin: strategy-proof for seats and for coalitions, up to all of them."""
    assert measure_manipulability(by_voting(Median(), single_peaks(levels)), seats, seats).most == 0


def test_the_mean_of_single_peaks_is_manipulable() -> None:
    worth = single_peaks(5)

    def values(reports: np.ndarray) -> np.ndarray:
        chosen = np.rint(reports.mean(axis=1)).astype(int)
        return np.repeat(worth.T[chosen][:, None, :], reports.shape[1], axis=1)

    assert measure_manipulability(Mechanism("mean", 5, np.arange(5), values), 3, 1).share.value > 0.3


def test_approval_is_strategy_proof_where_alternatives_are_good_or_bad() -> None:
    """Brams and Fishburn (1978): for one seat, whatever the others do."""
    for seats in (2, 3):
        assert measure_manipulability(by_voting(Approval(), dichotomies(3), by_lot=True), seats, 1).most == 0
    nearly = np.where(all_orders(3) == 0.5, 0.9, all_orders(3))  # who likes two, one of them a little more
    assert measure_manipulability(by_voting(Approval(), nearly, by_lot=True), 3, 1).most > 0


def test_larger_coalitions_gain_no_less() -> None:
    alone, two, all_three = (measure_manipulability(by_voting(Schulze(), all_orders(3)), 3, size) for size in (1, 2, 3))
    assert alone.gain.value <= two.gain.value <= all_three.gain.value
    assert two.share.value > 0


def test_patience_is_overstated() -> None:
    types = (0.5, 0.7, 0.9)
    found = measure_manipulability(by_offers(types), 2, 1)
    gains = [
        max(divide_forever(0.9, e) - divide_forever(d, e), divide_forever(d, e) - divide_forever(d, 0.9))
        for d, e in product(types, repeat=2)
    ]
    assert found.gain.value == pytest.approx(np.mean(gains))
    # Only where both are as patient as can be said is there nothing to gain.
    assert found.share.value == pytest.approx(8 / 9)


def test_votes_that_change_nothing_are_saved() -> None:
    free = measure_manipulability(by_voting(Quadratic(2), all_orders(3), (9, 9, 9)), 3, 1)
    dear = measure_manipulability(by_voting(Quadratic(2), all_orders(3), (9, 9, 9), unit_worth=0.01), 3, 1)
    assert dear.share.value >= free.share.value


def test_drawn_profiles_agree_with_all_of_them(monkeypatch) -> None:
    mechanism = by_voting(Plurality(), all_orders(3))
    exact = measure_manipulability(mechanism, 3, 2)
    monkeypatch.setattr(manipulation, "EXACT_LIMIT", 0)
    drawn = measure_manipulability(mechanism, 3, 2, draws=600, seed=3)
    assert drawn.share.low <= exact.share.value <= drawn.share.high
    assert drawn.gain.low <= exact.gain.value <= drawn.gain.high
    assert drawn.share.high - drawn.share.low < 0.1
    assert "Wilson" in drawn.cells[-1]


def test_table_and_errors() -> None:
    rows = tabulate_manipulability()
    assert len({row.mechanism for row in rows}) == len(rows) == 11
    assert all(len(row.cells) == len(COLUMNS) for row in rows)
    none = {row.mechanism for row in rows if row.most == 0}
    assert none == {"sortition: one seat by plurality", "town hall: median, single peaks"}
    with pytest.raises(StudyError, match="coalitions of up to 4 of 3 seats"):
        measure_manipulability(by_offers((0.5, 0.9)), 3, 4)
    with pytest.raises(StudyError, match="sets of reports at each of 400 profiles"):
        measure_manipulability(by_voting(Schulze(), all_orders(3)), 30, 3)
    with pytest.raises(StudyError, match="a jury of 5 of 15 seats can be drawn in 3003 ways"):
        measure_manipulability(by_voting(Jury(size=5), all_orders(3)), 15, 1, draws=2)
    with pytest.raises(StudyError, match="6 alternatives"):
        by_voting(Schulze(), np.zeros((2, 6)))
