"""Evolution with mutation over all compositions: against enumeration by seats, fixation formulas, the small-mutation limit."""

import itertools
import math

import numpy as np
import pytest

from commonweal.analysis.exact.compositions import (
    average_seats,
    begin_with,
    find_mean_over_time,
    find_moran_chain,
    list_compositions,
    pay_pairs,
)
from commonweal.analysis.exact.fixation import find_fixation, moran, rate_fitness
from commonweal.analysis.exact.markov_chain import find_stationary
from commonweal.analysis.exact.small_mutation import find_long_run
from commonweal.core.errors import StudyError


def test_every_composition_once() -> None:
    for n, s in ((2, 1), (7, 2), (7, 6), (4, 3)):
        rows = list_compositions(n, s)
        assert rows.shape == (math.comb(n + s - 1, s - 1), s)
        assert (rows.sum(1) == n).all()
        assert len({tuple(row) for row in rows.tolist()}) == len(rows)


def chain_by_seats(n: int, s: int, game: np.ndarray, w: float, mu: float, fresh: np.ndarray, rate: float) -> np.ndarray:
    """The same process over all s^n seatings, seat by seat, summed up to compositions. [m, m]"""
    counts = list_compositions(n, s)
    index = {tuple(row): i for i, row in enumerate(counts.tolist())}

    def place(seating: tuple[int, ...]) -> int:
        return index[tuple(seating.count(kind) for kind in range(s))]

    found = np.zeros((len(counts), len(counts)))
    for seating in itertools.product(range(s), repeat=n):
        if tuple(sorted(seating)) != seating:
            continue
        earned = [sum(game[seating[i], seating[j]] for j in range(n) if j != i) / (n - 1) for i in range(n)]
        fit = np.maximum(1 + w * np.asarray(earned), 0)
        fit = fit / fit.sum() if fit.sum() > 0 else np.full(n, 1 / n)
        row = place(seating)
        found[row, row] += 1 - rate
        for parent, dead in itertools.permutations(range(n), 2):
            for born in range(s):
                chance = (1 - mu) * (born == seating[parent]) + mu * fresh[born]
                after = (*seating[:dead], born, *seating[dead + 1 :])
                found[row, place(after)] += rate * fit[parent] / (n - 1) * chance
    return found


@pytest.mark.parametrize("seed", [0, 1])
def test_the_chain_is_that_of_the_seats(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, s = 4, 3
    game = rng.normal(size=(s, s)) - seed * 3.0  # with seed 1, fitness is cut off at 0 in places
    fresh = rng.dirichlet(np.ones(s))
    w, mu, rate = float(rng.uniform(0, 1)), float(rng.uniform()), float(rng.uniform(0.2, 1))
    counts = list_compositions(n, s)
    chain = find_moran_chain(counts, pay_pairs(counts, game), w, mu, fresh, rate)
    np.testing.assert_allclose(chain.toarray(), chain_by_seats(n, s, game, w, mu, fresh, rate), atol=1e-12)


def test_without_mutation_a_mutant_takes_over_as_by_the_formula() -> None:
    """(1 - 1/r) / (1 - r^-N) at N = 10, r = 1.1: 0.147950; and a game with frequency dependence by two-type fixation."""
    counts = list_compositions(10, 2)
    start = begin_with(counts, (9, 1))
    for payoff, w, expected in (
        (np.asarray([[0.0, 0.0], [1.0, 1.0]]), 0.1, 0.147950),
        (np.asarray([[3.0, 0.0], [5.0, 1.0]]), 0.3, None),
    ):
        chain = find_moran_chain(counts, pay_pairs(counts, payoff), w, 0.0, (0.5, 0.5))
        at = start
        for _ in range(6000):
            at = chain.T @ at
        if expected is None:
            # The formula's mutant is its first kind.
            lead = rate_fitness(10, payoff[::-1, ::-1], w, "linear")
            expected = float(find_fixation(moran(10, lead)))
        assert at[(counts == (0, 10)).all(1)][0] == pytest.approx(expected, abs=1e-6)


def test_rare_mutation_tends_to_the_small_mutation_limit() -> None:
    """Shares of time of three kinds, mu = 1e-5: within 2e-3 of the chain over monomorphic populations."""
    rng = np.random.default_rng(5)
    n, s, w = 6, 3, 0.4
    game = rng.uniform(0, 3, (s, s))
    counts = list_compositions(n, s)
    chain = find_moran_chain(counts, pay_pairs(counts, game), w, 1e-5, np.full(s, 1 / s))
    shares = find_stationary(chain.toarray()) @ counts / n
    takeovers = np.zeros((s, s))
    for resident, mutant in itertools.permutations(range(s), 2):
        pair = game[np.ix_((mutant, resident), (mutant, resident))]
        takeovers[resident, mutant] = np.log(find_fixation(moran(n, rate_fitness(n, pair, w, "linear"))))
    np.testing.assert_allclose(shares, find_long_run(takeovers), atol=2e-3)


def test_means_over_time_and_seats() -> None:
    counts = list_compositions(5, 2)
    game = np.asarray([[1.0, 2.0], [4.0, 8.0]])
    each = pay_pairs(counts, game)
    row = int(np.flatnonzero((counts == (2, 3)).all(1))[0])
    assert each[row].tolist() == [(1 * 1 + 3 * 2) / 4, (2 * 4 + 2 * 8) / 4]
    assert average_seats(counts, each)[row] == pytest.approx((2 * 7 / 4 + 3 * 6) / 5)
    chain = find_moran_chain(counts, each, 0.2, 0.1, (0.3, 0.7))
    at, whole = begin_with(counts, (5, 0)), 0.0
    for _ in range(40):
        whole += float(at @ each[:, 0])
        at = at @ chain.toarray()
    assert find_mean_over_time(chain, begin_with(counts, (5, 0)), each[:, 0], 40) == pytest.approx(whole / 40)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: list_compositions(1, 2), "at least 2 seats"),
        (lambda: list_compositions(200, 6), "200000"),
        (lambda: find_moran_chain(list_compositions(3, 2), np.zeros((4, 2)), -1.0, 0.1, (0.5, 0.5)), "selection -1"),
        (lambda: find_moran_chain(list_compositions(3, 2), np.zeros((4, 2)), 1.0, 0.1, (0.5, 0.4)), "sum to 1"),
        (lambda: begin_with(list_compositions(3, 2), (2, 2)), "start"),
    ],
)
def test_what_cannot_be_is_refused(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(StudyError, match=message):
        make()
