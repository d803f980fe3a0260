import numpy as np
import pytest
from scipy import sparse

from commonweal.analysis.exact.graphs import count_degrees, count_nodes, find_walk, read_contacts, read_graph, read_states
from commonweal.core.errors import StudyError
from commonweal.core.networks import Adjacency, Regular, Ring


def test_a_ring_and_a_regular_graph() -> None:
    """Every node of a ring of degree 4 has four ties of weight 1; the walk takes each with 1/4."""
    graph = read_contacts(Ring(4).contacts(9))
    assert count_nodes(graph) == 9
    assert count_degrees(graph).tolist() == [4.0] * 9
    assert np.flatnonzero(graph.toarray()[0]).tolist() == [1, 2, 7, 8]
    assert set(find_walk(graph).data.tolist()) == {0.25}
    regular = read_contacts(Regular(8).contacts(40))
    assert count_degrees(regular).tolist() == [8.0] * 40


def test_ragged_rows_and_repeated_contacts() -> None:
    """A star of three with a double tie: weights 2 and 1."""
    graph = read_contacts([[1, 1, 2], [0, 0, -1], [0, -1, -1]])
    assert graph.toarray().tolist() == [[0, 2, 1], [2, 0, 0], [1, 0, 0]]
    assert read_graph(sparse.coo_array(graph)).toarray().tolist() == graph.toarray().tolist()


def test_an_adjacency_is_the_graph_of_its_rows() -> None:
    """A star as rows and as an adjacency: a hub of degree 5 and five leaves."""
    pairs = np.stack([np.zeros(5, np.int64), np.arange(1, 6)], 1)
    adjacency = Adjacency.of(pairs, 6)
    graph = read_contacts(adjacency)
    assert count_degrees(graph).tolist() == [5, 1, 1, 1, 1, 1]
    assert graph.toarray().tolist() == read_contacts(adjacency.rows()).toarray().tolist()


def test_states_are_the_bits_of_their_number() -> None:
    assert read_states(3)[6].tolist() == [False, True, True]
    assert read_states(3).shape == (8, 3)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([[0, 1], [2, 0]], "not symmetric"),
        ([[0, -1], [-1, 0]], "negative"),
        ([[0, 1, 0], [1, 0, 0], [0, 0, 1]], "2 parts"),
        ([[0, 1]], "expected \\[n, n\\]"),
    ],
)
def test_what_is_no_graph_is_refused(weights: list[list[float]], message: str) -> None:
    with pytest.raises(StudyError, match=message):
        read_graph(weights)


def test_contacts_out_of_range_or_not_mutual() -> None:
    with pytest.raises(StudyError, match="expected 0 to 1"):
        read_contacts([[1], [2]])
    with pytest.raises(StudyError, match="not symmetric"):
        read_contacts([[1, 2], [0, -1], [1, -1]])
