import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from commonweal.analysis.exact.markov_chain import (
    count_recurrent_classes,
    find_absorption,
    find_absorption_steps,
    find_absorption_total,
    find_limit,
    find_log_stationary,
    find_recurrent_classes,
    find_stationary,
)
from commonweal.core.errors import StudyError

# 0 and 1 change places for ever, 2 stays, 3 leaves for good.
MIXED = np.array([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0.2, 0.2, 0.3, 0.3]])


def _random_chain(seed: int, n: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(n, 0.3), n)


@given(st.floats(1e-18, 1.0), st.floats(1e-18, 1.0))
def test_two_states_by_hand(out: float, back: float) -> None:
    """pi = (back, out) / (out + back), with chances down to 1e-18 to a relative 1e-12."""
    found = find_stationary([[1 - out, out], [back, 1 - back]]) if min(out, back) > 1e-15 else None
    known = np.array([back, out]) / (out + back)
    if found is not None:
        np.testing.assert_allclose(found, known, rtol=1e-12)
    np.testing.assert_allclose(np.exp(find_log_stationary(np.log([[1, out], [back, 1]]))), known, rtol=1e-12)


def test_degroots_own_matrix() -> None:
    """The left unit eigenvector of the oracle's trust matrix: (1/4, 1/2, 1/4)."""
    assert find_stationary([[0.5, 0.5, 0], [0.25, 0.5, 0.25], [0, 0.5, 0.5]]) == pytest.approx([0.25, 0.5, 0.25])


def test_rates_below_float64_keep_their_digits() -> None:
    """A three-cycle's shares are one over the rates of leaving: here exp(2000), exp(1999) and 1."""
    rates = np.full((3, 3), -np.inf)
    rates[0, 1], rates[1, 2], rates[2, 0] = -2000.0, -1999.0, 0.0
    found = find_log_stationary(rates)
    assert found == pytest.approx(np.array([2000, 1999, 0]) - 2000 - np.log1p(np.exp(-1.0)), rel=1e-13)


@given(st.integers(0, 10**6), st.integers(2, 9))
def test_random_chains_against_their_powers(seed: int, n: int) -> None:
    """Stationary, long-run mean and log form agree with 2^40 steps (means of two, for periods) of the chain."""
    chain = _random_chain(seed, n)
    lazy = np.linalg.matrix_power((chain + np.eye(n)) / 2, 2**20)
    np.testing.assert_allclose(find_limit(chain), lazy, atol=1e-8)
    np.testing.assert_allclose(find_stationary(chain), lazy[0], atol=1e-8)
    np.testing.assert_allclose(np.exp(find_log_stationary(np.log(chain))), find_stationary(chain), rtol=1e-9)
    assert count_recurrent_classes(chain) == 1


def test_several_classes_and_a_period() -> None:
    """By hand: from 3 the chain ends on {0, 1} with 4/7, half the time in each, and on 2 with 3/7."""
    known = [[0.5, 0.5, 0, 0], [0.5, 0.5, 0, 0], [0, 0, 1, 0], [2 / 7, 2 / 7, 3 / 7, 0]]
    np.testing.assert_allclose(find_limit(MIXED), known, atol=1e-12)
    np.testing.assert_allclose(find_limit(np.stack([MIXED, MIXED[::-1, ::-1]]))[0], known, atol=1e-12)
    assert [one.tolist() for one in sorted(find_recurrent_classes(MIXED), key=lambda one: one[0])] == [[0, 1], [2]]
    assert count_recurrent_classes(np.stack([MIXED, np.full((4, 4), 0.25)])).tolist() == [2, 1]
    with pytest.raises(StudyError, match="2 recurrent classes"):
        find_stationary(MIXED)
    with pytest.raises(StudyError, match="falls into"):
        find_log_stationary(np.where(np.eye(3, dtype=bool), 0.0, -np.inf))


@given(st.integers(2, 20), st.floats(0.05, 0.95))
def test_gamblers_ruin(n: int, up: float) -> None:
    """Feller 1968, XIV.2 and 3: ((q/p)^i - 1) / ((q/p)^n - 1), and i (n - i) steps of a fair game; dense and sparse alike."""
    inner = np.arange(1, n)
    chain = np.zeros((n + 1, n + 1))
    chain[0, 0] = chain[n, n] = 1
    chain[inner, inner + 1], chain[inner, inner - 1] = up, 1 - up
    start, odds = np.arange(n + 1), (1 - up) / up
    known = start / n if abs(up - 0.5) < 1e-9 else (odds**start - 1) / (odds**n - 1)
    found = find_absorption(chain, (0, n))
    np.testing.assert_allclose(found[:, 1], known, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(found.sum(-1), 1)
    np.testing.assert_allclose(find_absorption(sparse.csr_array(chain), (0, n)), found)
    np.testing.assert_allclose(find_limit(chain)[:, n], found[:, 1], atol=1e-9)
    chain[inner, inner + 1] = chain[inner, inner - 1] = 0.5
    np.testing.assert_allclose(find_absorption_steps(chain, (0, n)), start * (n - start), rtol=1e-9, atol=1e-9)
    # What is held, summed over a fair game: i (n - i)(n + i) / 3, as its second difference is -2 i.
    held = start * (n - start) * (n + start) / 3
    np.testing.assert_allclose(find_absorption_total(chain, (0, n), start), held, rtol=1e-9, atol=1e-9)


def test_what_is_no_chain_is_refused() -> None:
    with pytest.raises(StudyError, match="off the sum 1"):
        find_stationary([[0.5, 0.4], [0.5, 0.5]])
    with pytest.raises(StudyError, match="negative"):
        find_limit([[1.5, -0.5], [0.5, 0.5]])
    with pytest.raises(StudyError, match="expected \\[n, n\\]"):
        find_stationary([0.5, 0.5])
    with pytest.raises(StudyError, match="never reaches"):
        find_absorption(MIXED, (2,))
