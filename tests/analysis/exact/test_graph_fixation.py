import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.analysis.exact.fixation import (
    compare_pairwise,
    death_birth,
    find_absorption_time,
    find_fixation,
    moran,
    rate_fitness,
)
from commonweal.analysis.exact.graph_fixation import (
    Selection,
    Update,
    average_mutants,
    differentiate_fixation,
    find_graph_fixation,
    find_graph_steps,
    solve_critical_ratio,
)
from commonweal.analysis.exact.graphs import Graph, count_degrees, read_contacts, read_graph, read_states
from commonweal.core.errors import StudyError
from commonweal.core.networks import Ring

CYCLE = read_contacts(Ring(2).contacts(8))
UPDATES: tuple[Update, ...] = ("birth-death", "death-birth", "imitation", "pairwise-comparison")


def complete(n: int) -> Graph:
    return read_graph(1 - np.eye(n))


def petersen() -> Graph:
    inner, outer = np.arange(5), np.arange(5) + 5
    rows = np.concatenate(
        [np.stack([(inner + 2) % 5, (inner - 2) % 5, outer], 1), np.stack([(inner + 1) % 5 + 5, (inner - 1) % 5 + 5, inner], 1)]
    )
    return read_contacts(rows)


def random_graph(seed: int, n: int, weighted: bool = True) -> Graph:
    """A random tree with more ties laid over it."""
    rng = np.random.default_rng(seed)
    weights = np.zeros((n, n))
    for node in range(1, n):
        weights[node, rng.integers(node)] = 1
    weights = np.maximum(weights, np.tril(rng.random((n, n)) < 0.3, -1))
    weights *= rng.uniform(0.2, 2, (n, n)) if weighted else 1
    return read_graph(weights + weights.T)


@pytest.mark.parametrize(("n", "r", "known"), [(10, 1.1, 0.147950), (10, 0.9, 0.059482)])
def test_birth_death_on_an_isothermal_graph_is_morans(n: int, r: float, known: float) -> None:
    """The cycle of 10 fixates as the mixed population: isothermal theorem, constant fitness. Oracles A, Lieberman 2005."""
    one = Selection("birth-death", [[np.log(r)] * 2, [0, 0]], 1.0, "exponential")
    assert average_mutants(find_graph_fixation(read_contacts(Ring(2).contacts(n)), one)) == pytest.approx(known, abs=5e-7)


def test_fermi_with_a_constant_lead_does_not_see_the_graph() -> None:
    """(1 - e^(-b d)) / (1 - e^(-n b d)) on the cycle of 10 too, b = .1, d = 1. Oracles A."""
    one = Selection("pairwise-comparison", [[1, 1], [0, 0]], 0.1)
    assert average_mutants(find_graph_fixation(read_contacts(Ring(2).contacts(10)), one)) == pytest.approx(0.150545, abs=5e-7)


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.integers(3, 7), st.floats(0.05, 1.5))
def test_the_complete_graph_is_the_one_dimensional_chain(seed: int, n: int, strength: float) -> None:
    """Games with random payoffs under three updates: 2^n states or n counts, the same fixation and the same steps."""
    game = np.random.default_rng(seed).normal(size=(2, 2))
    lead = rate_fitness(n, game, strength)
    for update, chain in (
        ("birth-death", moran(n, lead)),
        ("death-birth", death_birth(n, lead)),
        ("pairwise-comparison", compare_pairwise(n, game, strength)),
    ):
        one = Selection(update, game, strength, "exponential")
        assert average_mutants(find_graph_fixation(complete(n), one)) == pytest.approx(float(find_fixation(chain)), rel=1e-9)
        # Without self-ties a child never takes its parent's own place, so birth-death wastes no steps on that.
        waste = (n - 1) / n if update == "birth-death" else 1.0
        known = waste * float(find_absorption_time(chain))
        assert average_mutants(find_graph_steps(complete(n), one)) == pytest.approx(known, rel=1e-9)


@settings(max_examples=10)
@given(st.integers(0, 10**6))
def test_neutral_fixation_on_random_graphs(seed: int) -> None:
    """Neutral: by degree where somebody takes, by 1 / degree where somebody gives; averaged over the start node 1 / n. Sood,
    Antal, Redner 2008."""
    graph = random_graph(seed, 7, weighted=False)
    degrees = count_degrees(graph)
    for update in UPDATES:
        weight = 1 / degrees if update == "birth-death" else degrees + (update == "imitation")
        found = find_graph_fixation(graph, Selection(update, np.zeros((2, 2)), 0.7))
        np.testing.assert_allclose(found, read_states(7) @ (weight / weight.sum()), atol=1e-10)
        assert average_mutants(found) == pytest.approx(1 / 7)


@pytest.mark.parametrize(
    ("update", "graph", "known"),
    [
        ("death-birth", CYCLE, 3.0),
        ("imitation", CYCLE, 13.0),
        ("pairwise-comparison", CYCLE, -7.0),
        ("birth-death", CYCLE, -7.0),
        ("death-birth", petersen(), 6.0),
        ("imitation", petersen(), 21.0),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_critical_ratios(update: Update, graph: Graph, known: float) -> None:
    """(b/c)* to first order in the strength of selection, one uniform cooperator, rho_C > 1/n: cycle of 8 and Petersen.
    Negative: never. Oracles A; -7.0025 there is with strength 1e-4, -7 the limit."""
    assert solve_critical_ratio(graph, update) == pytest.approx(known, rel=1e-9)
    # Sums of payoffs and means only differ by the strength of selection on a regular graph.
    assert solve_critical_ratio(graph, update, averaged=False) == pytest.approx(known, rel=1e-9)


def test_no_ratio_is_enough_on_the_four_cycle() -> None:
    """n = 2k: cooperation is never favoured, however large b/c. Taylor, Day and Wild 2007."""
    assert solve_critical_ratio(read_contacts(Ring(2).contacts(4)), "death-birth") == np.inf


@pytest.mark.parametrize("update", UPDATES)
def test_the_derivative_is_the_slope(update: Update) -> None:
    """Against a central difference at strength 1e-4, on a random weighted graph and game."""
    graph, game = random_graph(5, 6), np.random.default_rng(6).normal(size=(2, 2))
    up, down = (find_graph_fixation(graph, Selection(update, game, strength, "exponential")) for strength in (1e-4, -1e-4))
    slope = differentiate_fixation(graph, Selection(update, game, 0.0, "exponential"))
    np.testing.assert_allclose(slope, (up - down) / 2e-4, atol=1e-7)


def test_a_direct_simulation() -> None:
    """20,000 runs of death-birth from one cooperator at each leaf of a star of 5 in turn, one copy at a time: 4 standard
    errors."""
    rng, runs, b, c, w = np.random.default_rng(12), 20_000, 4.0, 1.0, 0.2
    star = np.zeros((5, 5))
    star[0, 1:] = star[1:, 0] = 1
    one = Selection("death-birth", [[b - c, -c], [b, 0.0]], w, averaged=False)
    kind = np.zeros((runs, 5), bool)
    kind[np.arange(runs), 1 + np.arange(runs) % 4] = True
    alive = np.ones(runs, bool)
    while alive.any():
        earned = b * (kind @ star) - c * kind * star.sum(0)
        fitness = 1 + w * earned
        dead = rng.integers(0, 5, runs)
        rivals = np.cumsum(star[dead] * fitness, axis=1)
        parent = (rng.random((runs, 1)) * rivals[:, -1:] > rivals).sum(1)
        kind[alive, dead[alive]] = kind[alive, parent[alive]]
        alive = kind.any(1) & ~kind.all(1)
    known = float(find_graph_fixation(read_graph(star), one)[1 << np.arange(1, 5)].mean())
    assert kind.all(1).mean() == pytest.approx(known, abs=4 * np.sqrt(known * (1 - known) / runs))


def test_out_of_range_is_refused() -> None:
    with pytest.raises(StudyError, match="at most 12 nodes"):
        find_graph_fixation(complete(13), Selection("death-birth", np.zeros((2, 2)), 0.1))
    with pytest.raises(StudyError, match="linear fitness"):
        find_graph_fixation(complete(4), Selection("death-birth", [[-9, -9], [0, 0]], 1.0))
    with pytest.raises(StudyError, match="expected \\[2, 2\\]"):
        find_graph_fixation(complete(4), Selection("death-birth", [1, 2], 1.0))
