"""Manipulability: theorems, an independent search, and intervals of drawn profiles."""

from itertools import permutations, product

import numpy as np
import pytest

from commonweal.core.ballots import Approval, Heads, Jury, Median, Plurality, Quadratic, Schulze, SchulzeByScore, Stake
from commonweal.core.errors import StudyError
from commonweal.statistics.bargaining import divide_forever
from commonweal.statistics.manipulation import COLUMNS, measure_coalitions, measure_manipulability, tabulate_manipulability
from commonweal.statistics.mechanisms import (
    Mechanism,
    all_orders,
    by_identities,
    by_mediation,
    by_offers,
    by_voting,
    dichotomies,
    single_peaks,
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
    game = by_voting(Schulze(), all_orders(3))
    alone, two, all_three = rows = measure_coalitions(game, 3, 3, limit=10**8)
    assert [row.coalition for row in rows] == [1, 2, 3]
    assert alone == measure_manipulability(game, 3, 1)
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


def test_drawn_profiles_agree_with_all_of_them() -> None:
    mechanism = by_voting(Plurality(), all_orders(3))
    exact = measure_manipulability(mechanism, 3, 2)
    drawn = measure_coalitions(mechanism, 3, 2, draws=600, seed=3, limit=0)[-1]
    assert drawn.share.low <= exact.share.value <= drawn.share.high
    assert drawn.gain.low <= exact.gain.value <= drawn.gain.high
    assert drawn.share.high - drawn.share.low < 0.1
    assert "Wilson" in drawn.cells[-1]


def test_who_owns_most_is_a_dictator_and_gains_nothing() -> None:
    """By Gibbard and Satterthwaite only a rule with one can be beyond manipulation; where weights are even there is none."""
    owner = by_voting(Stake(), all_orders(3), (3, 1, 1))
    assert measure_manipulability(owner, 3, 1).most == 0
    assert measure_manipulability(by_voting(Heads(further=[2, 0, 0]), all_orders(3)), 3, 1).most == 0
    assert measure_manipulability(by_voting(Stake(), all_orders(3), (3, 2, 2)), 3, 1).most > 0


def test_scores_are_schulze_with_ties_allowed() -> None:
    """Of 30 ballots 13 rank differently; one seat gains at no fewer profiles than where ties are ruled out."""
    scores, strict = by_voting(SchulzeByScore(), all_orders(3)), by_voting(Schulze(), all_orders(3))
    assert scores.reports == 13
    found, other = (measure_manipulability(own, 3, 1) for own in (scores, strict))
    assert found.share.value >= other.share.value > 0


def test_identities_for_sale_against_an_independent_search() -> None:
    """One seat of three, plurality of two alternatives: at price c its second head turns 1 : 2 into a tie, its third wins."""
    for price, most, share in ((0.1, 1, None), (0.6, 1, None), (1.5, 2, 0.0), (0.1, 0, 0.0)):
        found = measure_manipulability(by_identities(Plurality(), all_orders(2), most, price), 3, 1)
        gains = []
        for profile in product(range(2), repeat=3):
            now, best = int(sum(profile) > 1.5), 0.0
            for seat, heads in product(range(3), range(1, most + 2)):
                votes = [sum(heads if j == seat else 1 for j in range(3) if profile[j] == own) for own in range(2)]
                then = int(votes[1] > votes[0])
                best = max(best, (then == profile[seat]) - (now == profile[seat]) - price * (heads - 1))
            gains.append(best)
        assert found.gain.value == pytest.approx(np.mean(gains))
        assert share is None or found.share.value == share


def test_a_text_that_nobody_must_accept_is_a_median_and_one_that_all_must_is_not() -> None:
    """Whoever finds the median too low accepts it, so that half of the seats do whatever it is: it stays a median."""
    for seats in (3, 4):
        for quorum in (0.0, 0.5):
            assert measure_manipulability(by_mediation(3, quorum), seats, 2).most == 0
    vetoes = measure_manipulability(by_mediation(3), 3, 1)
    assert vetoes.share.value > 0
    # Two that want levels 1 and 4 and have a veto each: the median is the lower, which both accept; nobody gains.
    assert measure_manipulability(by_mediation(4), 2, 1).most == 0


def test_table_and_errors() -> None:
    rows = tabulate_manipulability()
    assert len({row.mechanism for row in rows}) == len(rows) == 20
    assert all(len(row.cells) == len(COLUMNS) for row in rows)
    none = {row.mechanism for row in rows if row.most == 0}
    assert none == {
        "plurality, two alternatives",
        "sortition: one seat by plurality",
        "by stake, one seat owns most",
        "town hall: median, single peaks",
        "mediation, half must accept",
        "mediation, nobody must accept",
    }
    with pytest.raises(StudyError, match="coalitions of up to 4 of 3 seats"):
        measure_manipulability(by_offers((0.5, 0.9)), 3, 4)
    with pytest.raises(StudyError, match="sets of reports at each of 400 profiles"):
        measure_manipulability(by_voting(Schulze(), all_orders(3)), 30, 3)
    with pytest.raises(StudyError, match="a jury of 5 of 15 seats can be drawn in 3003 ways"):
        measure_manipulability(by_voting(Jury(size=5), all_orders(3)), 15, 1, draws=2)
    with pytest.raises(StudyError, match="6 alternatives"):
        by_voting(Schulze(), np.zeros((2, 6)))
