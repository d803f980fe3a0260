import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.analysis.exact.graph_fixation import Selection, find_graph_fixation, find_graph_steps
from commonweal.analysis.exact.graphs import read_contacts, read_graph, read_states
from commonweal.analysis.exact.voter import (
    approximate_voter_sweeps,
    count_complete_steps,
    count_ring_steps,
    find_invasion_exit,
    find_voter_exit,
)
from commonweal.core.errors import StudyError
from commonweal.core.networks import Ring

STAR = read_graph([[0, 1, 1, 1, 1]] + [[1, 0, 0, 0, 0]] * 4)
VOTER = Selection("death-birth", ((0.0, 0.0), (0.0, 0.0)), 0.0)
INVASION = Selection("birth-death", ((0.0, 0.0), (0.0, 0.0)), 0.0)


def test_exits_on_the_star() -> None:
    """A star of 5: from the hub alone .5 (voter) and .058824 (invasion), from a leaf .125 and .235294. Oracles A."""
    starts = [[1, 0, 0, 0, 0], [0, 1, 0, 0, 0]]
    assert find_voter_exit(STAR, starts) == pytest.approx([0.5, 0.125], abs=5e-7)
    assert find_invasion_exit(STAR, starts) == pytest.approx([0.058824, 0.235294], abs=5e-7)


@settings(max_examples=10)
@given(st.integers(0, 10**6), st.integers(2, 7))
def test_exits_on_random_weighted_graphs(seed: int, n: int) -> None:
    """Both laws against the full chain over 2^n states, from every start."""
    rng = np.random.default_rng(seed)
    weights = np.triu(rng.random((n, n)), 1)
    graph = read_graph(weights + weights.T)
    np.testing.assert_allclose(find_voter_exit(graph, read_states(n)), find_graph_fixation(graph, VOTER), atol=1e-9)
    np.testing.assert_allclose(find_invasion_exit(graph, read_states(n)), find_graph_fixation(graph, INVASION), atol=1e-9)


@pytest.mark.parametrize(("n", "ones", "known"), [(10, 5, 58.107143), (100, 50, 6812.904575), (100, 1, 512.560374)])
def test_consensus_on_the_complete_graph(n: int, ones: int, known: float) -> None:
    """Steps of the voter model, copying one of the n - 1 others. Oracles A; the limit form is 2 % high at n = 100."""
    assert count_complete_steps(n, ones) == pytest.approx(known, abs=5e-7)
    x = ones / n
    limit = -(n**2) * (x * np.log(x) + (1 - x) * np.log(1 - x))
    assert limit == pytest.approx(known, rel=0.2 if n == 10 else 0.1 if ones == 1 else 0.021)


def test_consensus_on_the_ring() -> None:
    """n i (n - i) / 2 steps from one block of i: ring of 8, block of 4, 64 steps. Oracles A."""
    assert count_ring_steps(8, 4) == 64.0


@pytest.mark.parametrize("n", [3, 6, 9])
def test_steps_against_the_full_chain(n: int) -> None:
    """2^n states of the voter model on the complete graph and the ring, every block length."""
    complete = find_graph_steps(read_graph(1 - np.eye(n)), VOTER)
    ring = find_graph_steps(read_contacts(Ring(2).contacts(n)), VOTER)
    for ones in range(n + 1):
        assert count_complete_steps(n, ones) == pytest.approx(complete[(1 << ones) - 1], rel=1e-9)
        assert count_ring_steps(n, ones) == pytest.approx(ring[(1 << ones) - 1], rel=1e-9)


def test_sweeps_on_a_mixed_graph_to_leading_order() -> None:
    """Sood and Redner 2005: n (mu_1^2 / mu_2) of two-level degrees; on the complete graph of 100 it is the 2 % of above."""
    complete = read_graph(1 - np.eye(100))
    half = np.arange(100) < 50
    assert approximate_voter_sweeps(complete, half) == pytest.approx(count_complete_steps(100, 50) / 100, rel=0.02)
    hub = approximate_voter_sweeps(STAR, [1, 0, 0, 0, 0])
    assert hub == pytest.approx(5 * 1.6**2 / 4 * np.log(2))
    assert approximate_voter_sweeps(STAR, [0, 0, 0, 0, 0]) == 0.0


def test_out_of_range_is_refused() -> None:
    with pytest.raises(StudyError, match="0 or 1 for each of 5"):
        find_voter_exit(STAR, [1, 0])
    with pytest.raises(StudyError, match="0 to 8 ones"):
        count_ring_steps(8, 9)
    with pytest.raises(StudyError, match="ring of 2"):
        count_ring_steps(2, 1)
