import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.analysis.exact.fixation import compare_payoffs
from commonweal.analysis.exact.generations import diffuse_wright_fisher, imitate_at_once, wright_fisher
from commonweal.analysis.exact.markov_chain import find_absorption
from commonweal.core.errors import StudyError
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.institutions.fermi import Fermi

SNOWDRIFT = [[2.0, 1.0], [3.0, 0.0]]


@given(st.integers(2, 40), st.floats(0, 1))
def test_neutral_mutants_take_over_in_proportion(n: int, rate: float) -> None:
    """Neutral drift is fair: i of n mutants fixate with probability i / n, whatever the update."""
    for matrix in (
        wright_fisher(n, 0.0),
        wright_fisher(n, 0.0, max(rate, 0.01)),
        imitate_at_once(n, SNOWDRIFT, 0.0, max(rate, 0.01)),
    ):
        np.testing.assert_allclose(matrix.sum(-1), 1)
        np.testing.assert_allclose(matrix @ np.arange(n + 1), np.arange(n + 1), atol=1e-9)
        np.testing.assert_allclose(find_absorption(matrix, (0, n))[:, 1], np.arange(n + 1) / n, atol=1e-9)


def test_wright_fisher_beside_kimura() -> None:
    """The diffusion (1 - e^-2s) / (1 - e^-2ns) is within 2 % of the matrix for n = 200, |s| <= .02. Kimura 1962."""
    for s in (-0.005, 0.01, 0.02):
        exact = find_absorption(wright_fisher(200, s), (0, 200))[1, 1]
        assert diffuse_wright_fisher(200, s) == pytest.approx(exact, rel=0.02)
    assert diffuse_wright_fisher(200, [0.0, 1e-9], start=50) == pytest.approx([0.25, 0.25])
    # Haldane 1927: 2 s for small s; the branching process of Poisson offspring with mean e^.1 survives with .17613.
    assert find_absorption(wright_fisher(600, 0.1), (0, 600))[1, 1] == pytest.approx(_survive(np.exp(0.1)), rel=2e-3)


def _survive(mean: float) -> float:
    alive = 0.5
    for _ in range(2000):
        alive = 1 - np.exp(-mean * alive)
    return float(alive)


def test_one_binomial_row_by_hand() -> None:
    """n = 2, one mutant of relative fitness 3: p = 3/4, so 1/16, 6/16, 9/16."""
    assert wright_fisher(2, np.log(3.0))[1] == pytest.approx([1 / 16, 6 / 16, 9 / 16])
    # Each seat kept with 1/2: the mutant turns with 1/8 and the resident with 3/8.
    assert wright_fisher(2, np.log(3.0), 0.5)[1] == pytest.approx([5 / 64, 38 / 64, 21 / 64])


@given(st.integers(2, 30), st.floats(0, 3), st.floats(0.05, 1), st.integers(0, 10**6))
def test_the_mean_step_of_imitation_is_the_mean_field(n: int, beta: float, rate: float, seed: int) -> None:
    """E[j] - i = r i (n - i) / (n - 1) tanh(beta lead / 2), exactly at every n: both binomials' means."""
    game = np.random.default_rng(seed).normal(size=(2, 2))
    i = np.arange(1, n)
    mutant, resident = compare_payoffs(n, game)
    step = rate * i * (n - i) / (n - 1) * np.tanh(beta * (mutant - resident) / 2)
    np.testing.assert_allclose(imitate_at_once(n, game, beta, rate)[1:n] @ np.arange(n + 1), i + step, atol=1e-9)


def test_imitation_at_once_beside_the_rule_itself() -> None:
    """20,000 ticks of `institutions.fermi` in a society of 6 without a network: every entry of a row within 4.5 standard errors
    and the .0005 of the rule's own table, for each of its seats."""
    runs, n, rate, rule = 20_000, 6, 0.8, Fermi(beta=0.2, rate=0.8)
    sums = np.array([[10, 5], [15, 0]])
    matrix = imitate_at_once(n, sums, 0.2 * (n - 1), rate)
    heirs = jax.jit(jax.vmap(lambda earned, key: rule.heirs(Seats(jnp.zeros(n, jnp.int32)), earned, key), (None, 0)))
    for i in (1, 3, 5):
        mutant = (i - 1) * sums[0, 0] + (n - i) * sums[0, 1]
        resident = i * sums[1, 0] + (n - i - 1) * sums[1, 1]
        earned = jnp.where(jnp.arange(n) < i, mutant, resident).astype(jnp.int32)
        keys = jax.vmap(lambda run, i=i: Key.root(i).child(run))(jnp.arange(runs))
        after = (np.asarray(heirs(earned, keys)) < i).sum(-1)
        seen = np.bincount(after, minlength=n + 1) / runs
        assert (np.abs(seen - matrix[i]) <= 4.5 * np.sqrt(matrix[i] * (1 - matrix[i]) / runs) + 0.0005 * n).all()


def test_no_reconsidering_is_no_change() -> None:
    np.testing.assert_allclose(imitate_at_once(5, SNOWDRIFT, 1.0, 0.0), np.eye(6), atol=1e-15)


def test_out_of_range_is_refused() -> None:
    with pytest.raises(StudyError, match="expected at least 2"):
        wright_fisher(1, 0.0)
    with pytest.raises(StudyError, match="one payoff matrix"):
        imitate_at_once(5, np.zeros((3, 2, 2)), 1.0)
