"""Graphs as the exact companions read them: symmetric matrices of weights, made from rows of contacts or given as they are.

    w[i, j] = w[j, i] >= 0    how strongly i and j are tied; the number of contacts between them
    p[i, j] = w[i, j] / w_i   one step of a random walk, with w_i = sum_j w[i, j]

On an unweighted graph w is 0 or 1, and w_i is the degree of i.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse import csgraph

from commonweal.analysis.exact.markov_chain import Floats
from commonweal.core.errors import StudyError
from commonweal.core.networks import Adjacency

Graph: TypeAlias = sparse.csr_array
"""Weights [n, n] of a connected graph, symmetric and at least 0, each node with some; checked by `read_graph`."""


def read_contacts(contacts: ArrayLike | Adjacency) -> Graph:
    """The graph of the contacts that a recipe of `core.networks` makes.

    Args:
        contacts: rows [n, k], row i naming the contacts of i, with -1 where it is shorter, or an adjacency; a contact named
            twice has weight 2.

    Raises:
        StudyError: they are not mutual, or the graph falls apart.

    Example:
        read_contacts(Ring(2).contacts(8))
    """
    if isinstance(contacts, Adjacency):
        n = contacts.n
        return read_graph(sparse.csr_array((np.ones(contacts.target.size), contacts.target, contacts.first), shape=(n, n)))
    rows = np.asarray(contacts, dtype=np.int64)
    if rows.ndim != 2:
        raise StudyError(f"contacts of shape {rows.shape}; expected rows [n, k]")
    n = rows.shape[0]
    if rows.size and not -1 <= int(rows.min()) <= int(rows.max()) < n:
        raise StudyError(f"contacts from {rows.min()} to {rows.max()}; expected 0 to {n - 1}, or -1 for none")
    source, slot = np.nonzero(rows >= 0)
    return read_graph(sparse.csr_array((np.ones(source.size), (source, rows[source, slot])), shape=(n, n)))


def read_graph(weights: ArrayLike | sparse.csr_array) -> Graph:
    """A graph from its weights [n, n], dense or sparse.

    Raises:
        StudyError: they are not square, not symmetric, negative, or the graph falls apart.
    """
    graph = sparse.csr_array(weights, dtype=np.float64, copy=True)
    graph.sum_duplicates()
    shape = tuple(graph.shape or ())
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] < 2:
        raise StudyError(f"weights of shape {shape}; expected [n, n] with at least two nodes")
    if graph.nnz and not bool((np.asarray(graph.data) >= 0).all()):
        raise StudyError("a graph with a negative or missing weight; expected weights of at least 0")
    if abs(graph - graph.T).max() > 1e-12 * max(1.0, float(graph.max())):
        raise StudyError(
            "the weights are not symmetric; expected w[i, j] = w[j, i] (for a directed graph no exact form is known)"
        )
    graph.eliminate_zeros()
    parts, _ = csgraph.connected_components(graph, directed=False)
    if parts > 1:
        raise StudyError(f"the graph falls into {parts} parts; expected one, in which a trait can spread to everybody")
    return graph


def count_nodes(graph: Graph) -> int:
    """How many nodes n the graph has."""
    return len(graph.indptr) - 1


def count_degrees(graph: Graph) -> Floats:
    """The weight w_i of each node: on an unweighted graph its degree. [n]"""
    return np.asarray(graph.sum(axis=1), dtype=np.float64).ravel()


def find_walk(graph: Graph) -> Graph:
    """The random walk p[i, j] = w[i, j] / w_i. [n, n]"""
    return sparse.csr_array(sparse.diags_array(1.0 / count_degrees(graph)) @ graph)


def read_states(n: int) -> NDArray[np.bool_]:
    """All 2^n ways to give two types to n nodes, as bits: row s, column i is bit i of s. [2^n, n]"""
    return (np.arange(1 << n)[:, None] >> np.arange(n)) & 1 == 1
