import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.analysis.exact.fixation import (
    compare_pairwise,
    compare_payoffs,
    death_birth,
    find_absorption_time,
    find_fixation,
    find_fixation_time,
    find_log_fixation,
    moran,
    rate_fitness,
    read_chain,
)
from commonweal.analysis.exact.markov_chain import find_absorption, find_absorption_steps
from commonweal.core.errors import StudyError

LEAD = [[1.0, 1.0], [0.0, 0.0]]
"""A mutant that always earns 1 more."""


@pytest.mark.parametrize(("n", "r", "known"), [(10, 1.1, 0.147950), (20, 2.0, 0.500000), (10, 0.9, 0.059482)])
def test_moran(n: int, r: float, known: float) -> None:
    """(1 - 1/r) / (1 - r^-n): birth-death, complete graph, constant fitness, one mutant. Oracles A, Lieberman 2005."""
    found = find_fixation(moran(n, np.log(r)))
    assert found == pytest.approx(known, abs=5e-7)
    assert found == pytest.approx((1 - 1 / r) / (1 - r**-n), rel=1e-12)


def test_death_birth_on_the_complete_graph() -> None:
    """(1 - 1/n)(1 - 1/r) / (1 - r^-(n-1)): constant fitness, one mutant. Oracles A."""
    found = find_fixation(death_birth(10, np.log(1.1)))
    assert found == pytest.approx(0.142070, abs=5e-7)
    assert found == pytest.approx(0.9 * (1 - 1 / 1.1) / (1 - 1.1**-9), rel=1e-12)


def test_fermi_with_a_constant_lead() -> None:
    """(1 - e^(-b d)) / (1 - e^(-n b d)): pairwise comparison, constant payoff lead d. Oracles A."""
    assert find_fixation(compare_pairwise(10, LEAD, 0.1)) == pytest.approx(0.150545, abs=5e-7)


@given(st.integers(2, 60), st.integers(0, 60), st.floats(-3, 3))
def test_random_sizes_starts_and_leads(n: int, start: int, lead: float) -> None:
    """The gambler's ruin form (1 - g^i) / (1 - g^n) for constant g; i / n where neutral. Feller 1968, XIV.2."""
    start = min(start, n)
    known = start / n if abs(lead) < 1e-6 else np.expm1(-lead * start) / np.expm1(-lead * n)
    for chain in (moran(n, lead), compare_pairwise(n, np.array(LEAD) * lead, 1.0)):
        assert find_fixation(chain, start) == pytest.approx(known, rel=1e-4 if abs(lead) < 1e-6 else 1e-9)
    assert find_fixation(death_birth(n, 0.0), start) == pytest.approx(start / n, rel=1e-12)


def test_strong_selection_in_a_large_population_keeps_its_digits() -> None:
    """The same closed form where rho is exp(-9990): float64 ends at exp(-745)."""
    against = compare_pairwise(1000, -np.array(LEAD), 10.0)
    assert find_log_fixation(against) == pytest.approx(-9990.0 + np.log(-np.expm1(-10.0)), rel=1e-13)
    assert find_fixation(compare_pairwise(1000, LEAD, 10.0)) == pytest.approx(-np.expm1(-10.0), rel=1e-13)
    assert np.isfinite(find_log_fixation(moran(10**5, -1.0)))


def test_times_of_neutral_mutants() -> None:
    """Neutral Moran, one mutant: n (n - 1) steps given fixation, n H(n - 1) to absorption. Antal and Scheuring 2006."""
    for n in (2, 7, 50):
        chain = moran(n, 0.0)
        assert find_fixation_time(chain) == pytest.approx(n * (n - 1), rel=1e-12)
        assert find_absorption_time(chain) == pytest.approx(n * (1 / np.arange(1, n)).sum(), rel=1e-12)


@given(st.integers(0, 10**6), st.integers(2, 12))
def test_any_chain_against_linear_algebra(seed: int, n: int) -> None:
    """Fixation and both times of random T+ and T- equal a dense solve of the chain, and of the chain given fixation."""
    rng = np.random.default_rng(seed)
    up, down = rng.uniform(0.01, 0.5, (2, n - 1))
    inner = np.arange(1, n)
    matrix = np.zeros((n + 1, n + 1))
    matrix[0, 0] = matrix[n, n] = 1
    matrix[inner, inner + 1], matrix[inner, inner - 1], matrix[inner, inner] = up, down, 1 - up - down
    taken = find_absorption(matrix, (0, n))[:, 1]
    given = matrix[1:, 1:] * taken[None, 1:] / taken[1:, None]
    chain, start = read_chain(up, down), int(rng.integers(1, n))
    assert find_fixation(chain, start) == pytest.approx(taken[start], rel=1e-9)
    assert find_absorption_time(chain, start) == pytest.approx(find_absorption_steps(matrix, (0, n))[start], rel=1e-9)
    assert find_fixation_time(chain, start) == pytest.approx(find_absorption_steps(given, (n - 1,))[start - 1], rel=1e-9)


def test_batches_are_their_rows() -> None:
    games = np.random.default_rng(3).normal(size=(4, 2, 2))
    together = find_fixation(compare_pairwise(30, games, 0.7))
    assert together.tolist() == [float(find_fixation(compare_pairwise(30, game, 0.7))) for game in games]
    assert find_fixation_time(compare_pairwise(30, games, 0.7)).shape == (4,)


def test_payoffs_leave_out_oneself() -> None:
    """By hand, n = 3: one mutant meets two residents; each of two mutants meets one of either type."""
    mutant, resident = compare_payoffs(3, [[1, 2], [3, 4]])
    assert mutant.tolist() == [2.0, 1.5]
    assert resident.tolist() == [3.5, 3.0]


def test_discriminators_meet_defectors_on_even_terms() -> None:
    """Image scoring, b = 5, c = 1, errorless knowledge w.p. q, n = 100, Fermi: both fixate alike at q = .346667. Oracles A."""
    b, c, n = 5.0, 1.0, 100
    q = (n * (b + c) - (n - 2) * (b - c)) / (n * (b + c))
    assert q == pytest.approx(0.346667, abs=5e-7)
    game = np.array([[b - c, -c * (1 - q)], [b * (1 - q), 0.0]])
    for beta in (0.01, 1.0):
        one, other = compare_pairwise(n, game, beta), compare_pairwise(n, game[::-1, ::-1], beta)
        assert find_log_fixation(one) == pytest.approx(find_log_fixation(other), rel=1e-9)


def test_the_one_third_law() -> None:
    """A rare discriminator does better than neutral from q = 3c/(b + 2c) = .428571 on: weak selection, large n. Oracles A;
    Nowak et al. 2004."""
    b, c, n = 5.0, 1.0, 10_000
    for q, sign in ((0.4276, -1), (0.4296, 1)):
        game = np.array([[b - c, -c * (1 - q)], [b * (1 - q), 0.0]])
        for chain in (compare_pairwise(n, game, 1e-7), moran(n, rate_fitness(n, game, 1e-7, "linear"))):
            assert np.sign(find_fixation(chain) * n - 1) == sign


def test_linear_and_exponential_fitness_agree_for_weak_selection() -> None:
    game = np.random.default_rng(4).normal(size=(2, 2))
    linear, exponential = (find_fixation(moran(20, rate_fitness(20, game, 1e-5, kind))) for kind in ("linear", "exponential"))
    assert linear == pytest.approx(exponential, rel=1e-8)
    assert linear != pytest.approx(0.05, rel=1e-8)


def test_a_direct_simulation() -> None:
    """20,000 runs of the Fermi rule in a snowdrift game, n = 8: within 4 standard errors, fixation and its time."""
    rng, runs, n, game, beta = np.random.default_rng(11), 20_000, 8, np.array([[2.0, 1.0], [3.0, 0.0]]), 0.8
    count, steps = np.ones(runs, int), np.zeros(runs, int)
    mutant, resident = compare_payoffs(n, game)
    lead = np.concatenate([[0], mutant - resident, [0]])
    while (alive := (count > 0) & (count < n)).any():
        own, other = rng.integers(0, n, runs), rng.integers(1, n, runs)
        own_type, other_type = own < count, (own + other) % n < count
        copies = rng.random(runs) < 1 / (1 + np.exp(-beta * np.where(other_type, 1, -1) * lead[count]))
        count += alive * copies * (other_type.astype(int) - own_type.astype(int))
        steps += alive
    chain, fixed = compare_pairwise(n, game, beta), count == n
    known = float(find_fixation(chain))
    assert fixed.mean() == pytest.approx(known, abs=4 * np.sqrt(known * (1 - known) / runs))
    for seen, exact in ((steps, find_absorption_time(chain)), (steps[fixed], find_fixation_time(chain))):
        assert seen.mean() == pytest.approx(float(exact), abs=4 * seen.std() / np.sqrt(seen.size))


def test_what_is_out_of_range_is_refused() -> None:
    with pytest.raises(StudyError, match="expected at least 2"):
        moran(1, 0.0)
    with pytest.raises(StudyError, match="expected 0 to 10"):
        find_fixation(moran(10, 0.0), 11)
    with pytest.raises(StudyError, match="expected 1 to 9"):
        find_fixation_time(moran(10, 0.0), 10)
    with pytest.raises(StudyError, match="linear fitness"):
        rate_fitness(10, [[-3, -3], [0, 0]], 0.5, "linear")
    with pytest.raises(StudyError, match="expected both above 0"):
        read_chain([0.5, 0.6], [0.5, 0.5])
    with pytest.raises(StudyError, match="expected \\[2, 2\\]"):
        compare_pairwise(10, [1.0, 2.0], 1.0)
