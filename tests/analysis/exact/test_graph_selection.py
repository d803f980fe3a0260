import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.analysis.exact.graph_fixation import Selection, average_mutants, find_graph_fixation, solve_critical_ratio
from commonweal.analysis.exact.graph_selection import (
    Update,
    approximate_fixation,
    find_coalescence_times,
    find_critical_ratio,
    find_regular_ratio,
)
from commonweal.analysis.exact.graphs import Graph, count_degrees, find_walk, read_contacts, read_graph
from commonweal.core.errors import StudyError
from commonweal.core.networks import Ring

UPDATES: tuple[Update, ...] = ("death-birth", "imitation", "pairwise-comparison")


def ring(n: int, k: int) -> Graph:
    return read_contacts(Ring(k).contacts(n))


def petersen() -> Graph:
    inner, outer = np.arange(5), np.arange(5) + 5
    far = np.stack([(inner + 2) % 5, (inner - 2) % 5, outer], 1)
    near = np.stack([(inner + 1) % 5 + 5, (inner - 1) % 5 + 5, inner], 1)
    return read_contacts(np.concatenate([far, near]))


def lopsided_cubic() -> Graph:
    """A 3-regular graph of 10 nodes in which not all nodes look alike: two triangles at one end, none at the other."""
    edges = [
        (0, 1),
        (0, 2),
        (1, 2),
        (1, 3),
        (2, 3),
        (0, 4),
        (3, 5),
        (4, 6),
        (4, 7),
        (5, 8),
        (5, 9),
        (6, 8),
        (6, 9),
        (7, 8),
        (7, 9),
    ]
    weights = np.zeros((10, 10))
    for i, j in edges:
        weights[i, j] = weights[j, i] = 1
    assert (weights.sum(0) == 3).all()
    return read_graph(weights)


@pytest.mark.parametrize(
    ("graph", "known"),
    [
        (ring(8, 2), 3.0),
        (petersen(), 6.0),
        (lopsided_cubic(), 6.0),
        (ring(100, 4), 4.260870),
        (ring(100, 8), 9.333333),
    ],
    ids=["cycle 8", "Petersen", "cubic, not transitive", "100 of degree 4", "100 of degree 8"],
)
def test_regular_graphs(graph: Graph, known: float) -> None:
    """(b/c)* = (n - 2) / (n/k - 2) on every unweighted k-regular graph: death-birth, weak selection, one uniform cooperator.
    Oracles A; Allen 2017."""
    assert find_critical_ratio(graph) == pytest.approx(known, abs=5e-7)
    degrees = count_degrees(graph)
    assert find_regular_ratio(degrees.size, int(degrees[0])) == pytest.approx(known, abs=5e-7)


def test_the_large_regular_graph() -> None:
    """n = 1000, k = 8: 8.113821, on the way to the rule b/c > k. Oracles A; the graph itself is checked at n = 300."""
    assert find_regular_ratio(1000, 8) == pytest.approx(8.113821, abs=5e-7)
    assert find_critical_ratio(ring(300, 8)) == pytest.approx(find_regular_ratio(300, 8), rel=1e-9)
    assert find_regular_ratio(10**9, 8) == pytest.approx(8, abs=1e-6)


def test_never() -> None:
    """n <= 2k and pairwise comparison: no benefit is enough. Oracles A; Fermi on the cycle of 8 has -7 in the limit."""
    assert find_critical_ratio(ring(4, 2)) == find_regular_ratio(4, 2) == np.inf
    assert find_critical_ratio(ring(40, 20)) == find_regular_ratio(40, 20) == np.inf
    complete = read_graph(1 - np.eye(6))
    assert find_critical_ratio(complete) == pytest.approx(find_regular_ratio(6, 5)) == pytest.approx(-5.0)
    never = find_critical_ratio(ring(8, 2), "pairwise-comparison")
    assert never == pytest.approx(find_regular_ratio(8, 2, "pairwise-comparison")) == pytest.approx(-7.0)


@pytest.mark.parametrize(("graph", "known"), [(ring(8, 2), 13.0), (petersen(), 21.0), (lopsided_cubic(), 21.0)])
def test_imitation(graph: Graph, known: float) -> None:
    """Imitation updating: cycle of 8 13.0, any 3-regular graph of 10 21.0; k + 2 only as n grows. Oracles A; Ohtsuki 2006."""
    assert find_critical_ratio(graph, "imitation") == pytest.approx(known, rel=1e-9)
    degrees = count_degrees(graph)
    assert find_regular_ratio(degrees.size, int(degrees[0]), "imitation") == pytest.approx(known, rel=1e-12)


def test_imitation_in_a_large_graph_needs_k_plus_two() -> None:
    """Ohtsuki et al. 2006: b/c > k + 2; the finite form is checked on the cycle of 150."""
    assert find_critical_ratio(ring(150, 2), "imitation") == pytest.approx(find_regular_ratio(150, 2, "imitation"), rel=1e-9)
    assert find_regular_ratio(10**9, 4, "imitation") == pytest.approx(6, abs=1e-6)


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.integers(3, 7))
def test_random_weighted_graphs_against_the_full_chain(seed: int, n: int) -> None:
    """Coalescence times and the 2^n chain's exact derivative share nothing but the model: they agree for all three updates."""
    rng = np.random.default_rng(seed)
    weights = np.zeros((n, n))
    for node in range(1, n):
        weights[node, rng.integers(node)] = rng.uniform(0.2, 2)
    weights += np.tril((rng.random((n, n)) < 0.3) * rng.uniform(0.2, 2, (n, n)), -1)
    graph = read_graph(weights + weights.T)
    for update in UPDATES:
        coalesced, chain = find_critical_ratio(graph, update), solve_critical_ratio(graph, update)
        assert 1 / coalesced == pytest.approx(1 / chain, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("update", UPDATES)
def test_fixation_to_first_order(update: Update) -> None:
    """Allen 2017 (death-birth): its distance from the 2^n chain falls by 100 where the strength falls by 10."""
    weights = np.triu(np.random.default_rng(4).random((6, 6)), 1)
    graph, gaps = read_graph(weights + weights.T), []
    for strength in (1e-2, 1e-3):
        exact = average_mutants(find_graph_fixation(graph, Selection(update, [[3 - 1, -1], [3, 0]], strength)))
        gaps.append(abs(approximate_fixation(graph, 3.0, 1.0, strength, update) - exact))
    assert gaps[0] < 1e-3
    assert gaps[1] == pytest.approx(gaps[0] / 100, rel=0.2)


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.integers(2, 15))
def test_coalescence_times_solve_their_equations(seed: int, n: int) -> None:
    """tau_ij = 1 + (P tau + tau P')_ij / 2 off the diagonal, and sum pi_i^2 (1 + (P tau)_ii) = 1. Allen 2017."""
    rng = np.random.default_rng(seed)
    weights = np.triu(rng.random((n, n)) + 0.01, 1)
    graph = read_graph(weights + weights.T)
    walk, times = find_walk(graph).toarray(), find_coalescence_times(graph)
    apart = ~np.eye(n, dtype=bool)
    np.testing.assert_allclose(times[apart], (1 + (walk @ times + times @ walk.T) / 2)[apart], rtol=1e-9)
    assert not times.diagonal().any()
    share = count_degrees(graph) / count_degrees(graph).sum()
    assert (share**2 * (1 + (walk @ times).diagonal())).sum() == pytest.approx(1)


def test_complete_graph_by_hand() -> None:
    """On the complete graph each step meets with 1 / (n - 1): tau = n - 1. On the cycle tau = d (n - d) / 1."""
    assert find_coalescence_times(read_graph(1 - np.eye(7)))[0, 1] == pytest.approx(6)
    distance = np.arange(8)
    assert find_coalescence_times(ring(8, 2))[0] == pytest.approx(distance * (8 - distance))


def test_out_of_range_is_refused() -> None:
    with pytest.raises(StudyError, match="self-ties"):
        find_critical_ratio(read_graph([[1, 1], [1, 0]]))
    with pytest.raises(StudyError, match="expected 1 <= k < n"):
        find_regular_ratio(4, 4)
