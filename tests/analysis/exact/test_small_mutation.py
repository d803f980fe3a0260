from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.analysis.exact.fixation import compare_pairwise, death_birth, find_fixation, moran, rate_fitness
from commonweal.analysis.exact.markov_chain import find_stationary
from commonweal.analysis.exact.memory_one_games import Dilemma, play_all, read_strategies
from commonweal.analysis.exact.small_mutation import (
    Process,
    find_log_takeovers,
    find_long_run,
    find_small_mutation,
    find_transitions,
)
from commonweal.core.errors import StudyError


def _race(risk: float) -> np.ndarray:
    """The race of Han et al., s = 1.5, b = 4, c = 1, B = 1e4, W = 100, p_fo = .1: SAFE, then UNSAFE, payoff a round."""
    s, b, c, prize, rounds, found = 1.5, 4.0, 1.0, 1e4, 100, 0.1
    safe = [prize / (2 * rounds) + b / 2 - c, (1 - found) * b / (s + 1) + found * b - c]
    unsafe = [s * prize / rounds + (1 - found) * s * b / (s + 1), s * prize / (2 * rounds) + (1 - found**2) * b / 2]
    return np.array([safe, (1 - risk) * np.array(unsafe)])


@pytest.mark.parametrize(("risk", "known"), [(0.77, 0.317768), (0.78, 0.592415), (0.80, 0.934009)])
def test_the_race_to_a_prize(risk: float, known: float) -> None:
    """Share of SAFE with n = 100, Fermi, beta = .01, small mutation. Oracles B; Han, Pereira, Santos and Lenaerts 2020."""
    assert find_small_mutation(_race(risk), 100, 0.01)[0] == pytest.approx(known, abs=1e-6)


@given(st.integers(0, 10**6), st.integers(2, 100), st.floats(0, 3))
def test_two_strategies_in_closed_form(seed: int, n: int, beta: float) -> None:
    """Fermi, two strategies: pi_1 / pi_0 = rho_01 / rho_10 = exp(beta sum_i lead(i)), so over all counts. Traulsen et al.
    2006."""
    game = np.random.default_rng(seed).normal(size=(2, 2))
    (a, b), (c, d) = game
    total = sum(((i - 1) * d + (n - i) * c - i * b - (n - i - 1) * a) / (n - 1) for i in range(1, n))
    known = 1 / (1 + np.exp(-beta * total))
    assert find_small_mutation(game, n, beta)[1] == pytest.approx(known, rel=1e-8)


@pytest.mark.parametrize("process", ["pairwise-comparison", "moran", "death-birth"])
def test_takeovers_are_the_pairs(process: Process) -> None:
    """Row the resident, column the mutant; 1 / n where the mutant is neutral."""
    game = np.random.default_rng(2).normal(size=(5, 5))
    found = np.exp(find_log_takeovers(game, 12, 0.4, process))
    assert np.diagonal(found) == pytest.approx([1 / 12] * 5)
    for resident, mutant in ((0, 3), (4, 1)):
        pair = game[np.ix_([mutant, resident], [mutant, resident])]
        chain = {
            "pairwise-comparison": compare_pairwise(12, pair, 0.4),
            "moran": moran(12, rate_fitness(12, pair, 0.4)),
            "death-birth": death_birth(12, rate_fitness(12, pair, 0.4)),
        }[process]
        assert found[resident, mutant] == pytest.approx(float(find_fixation(chain)))


def _direct_shares(game: np.ndarray, n: int, beta: float, rate: float) -> np.ndarray:
    """Mean shares in the full chain of three strategies under the Fermi rule with mutation, by our own enumeration."""
    counts = [(i, j, n - i - j) for i, j in product(range(n + 1), repeat=2) if i + j <= n]
    place = {count: index for index, count in enumerate(counts)}
    matrix = np.zeros((len(counts), len(counts)))
    for count in counts:
        held = np.array(count, float)
        earned = (game @ held - np.diag(game)) / (n - 1)
        for old, new in product(range(3), repeat=2):
            if old == new or not count[old]:
                continue
            meets = held[new] / (n - 1) / (1 + np.exp(-beta * (earned[new] - earned[old])))
            chance = held[old] / n * ((1 - rate) * meets + rate / 2)
            after = list(count)
            after[old], after[new] = after[old] - 1, after[new] + 1
            matrix[place[count], place[tuple(after)]] += chance
        matrix[place[count], place[count]] += 1 - matrix[place[count]].sum()
    return find_stationary(matrix) @ np.array(counts) / n


@settings(max_examples=5)
@given(st.integers(0, 10**6), st.floats(0, 1.5))
def test_the_limit_is_that_of_the_full_chain(seed: int, beta: float) -> None:
    """Three strategies, n = 6: 28 states with mutation 1e-7 have the limit's shares to 1e-4. Fudenberg and Imhof 2006."""
    game = np.random.default_rng(seed).normal(size=(3, 3))
    np.testing.assert_allclose(find_small_mutation(game, 6, beta), _direct_shares(game, 6, beta, 1e-7), atol=1e-4)


def test_without_selection_mutation_alone_decides() -> None:
    """beta = 0: uniform; with a biased kernel its own stationary distribution, here (back, out) / (out + back)."""
    assert find_small_mutation(np.arange(16.0).reshape(4, 4), 20, 0.0) == pytest.approx([0.25] * 4)
    kernel = [[0.0, 0.2], [0.1, 0.0]]
    assert find_small_mutation(np.zeros((2, 2)), 20, 0.0, mutation=kernel) == pytest.approx([1 / 3, 2 / 3])


def test_strong_selection_keeps_its_digits() -> None:
    """A ladder of ten in which each beats the one below by 1, n = 100, beta = 10: rho against is exp(-990), and the top
    holds."""
    ladder = np.repeat(np.arange(10.0)[:, None], 10, axis=1)
    found = find_small_mutation(ladder, 100, 10.0)
    assert found[-1] == pytest.approx(1.0)
    assert found.sum() == pytest.approx(1.0)


def test_tit_for_tat_is_the_midwife_of_cooperation() -> None:
    """AllC, AllD, TFT over 10 rounds, as in Imhof, Fudenberg and Nowak 2005: rho by plain sums of products, the three shares by
    spanning trees. With TFT there, defection holds a quarter of the time; without it, nearly all."""
    played = play_all(read_strategies([[1, 1, 1, 1], [0, 0, 0, 0], [1, 0, 1, 0]], [1.0, 0.0, 1.0]), Dilemma(), turns=10).payoff
    assert played == pytest.approx(np.array([[30, 0, 30], [50, 10, 14], [30, 9, 30]]) / 10)
    n, beta, rho = 100, 0.1, np.zeros((3, 3))
    for i, j in product(range(3), repeat=2):
        total = product_ = 1.0
        for k in range(1, n):
            mutant = (k - 1) * played[j, j] + (n - k) * played[j, i]
            resident = k * played[i, j] + (n - k - 1) * played[i, i]
            product_ *= np.exp(-beta * (mutant - resident) / (n - 1))
            total += product_
        rho[i, j] = 1 / total
    trees = [
        rho[j, i] * rho[k, i] + rho[j, i] * rho[k, j] + rho[k, i] * rho[j, k] for i, j, k in ((0, 1, 2), (1, 0, 2), (2, 0, 1))
    ]
    found = find_small_mutation(played, n, beta)
    assert found == pytest.approx(np.array(trees) / sum(trees), rel=1e-9)
    assert found[1] == pytest.approx(0.258, abs=5e-4)
    assert find_small_mutation(played[:2, :2], n, beta)[1] > 0.999


def test_the_matrix_agrees_with_the_logarithms() -> None:
    takeovers = find_log_takeovers(np.random.default_rng(8).normal(size=(6, 6)), 15, 0.5)
    matrix = find_transitions(takeovers)
    np.testing.assert_allclose(matrix.sum(-1), 1)
    np.testing.assert_allclose(find_stationary(matrix), find_long_run(takeovers), rtol=1e-9)


def test_out_of_range_is_refused() -> None:
    with pytest.raises(StudyError, match="expected finite numbers"):
        find_small_mutation([[1.0, 2.0]], 10, 0.1)
    with pytest.raises(StudyError, match="rows that sum"):
        find_small_mutation(np.zeros((2, 2)), 10, 0.1, mutation=[[0, 2], [1, 0]])
    with pytest.raises(StudyError, match="falls into"):
        find_small_mutation(np.zeros((2, 2)), 10, 0.1, mutation=[[0, 0], [1, 0]])


def test_selection_against_the_fitter_is_refused() -> None:
    with pytest.raises(StudyError, match="strength of selection of -0"):
        find_small_mutation([[3, 0], [5, 1]], 10, -0.1)
