"""Rows and adjacencies: contacts are mutual, slots lead back, one form gives the other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.errors import StudyError
from commonweal.core.networks import Adjacency, Regular, Ring, back_slots
from commonweal.core.networks.adjacency import distinct, once

recipes = st.one_of(
    st.builds(Regular, st.sampled_from([2, 4, 8]), st.integers(0, 10**6)), st.builds(Ring, st.sampled_from([2, 4, 8]))
)


def some_edges(seed, n, count):
    return distinct(np.random.default_rng(seed).integers(0, n, (count, 2)), n)


@given(recipes, st.integers(9, 60))
def test_every_seat_has_the_degree_and_is_named_back(network, n):
    rows = network.contacts(n)
    assert rows.shape == (n, network.degree)
    assert rows.dtype == np.int32
    assert not (rows == np.arange(n)[:, None]).any()
    # Symmetric as often: the matrix of counts is its own transpose, with row sums the degree.
    counts = np.zeros((n, n), int)
    np.add.at(counts, (np.repeat(np.arange(n), network.degree), rows.ravel()), 1)
    assert (counts == counts.T).all()
    assert (counts.sum(0) == network.degree).all()
    back = back_slots(rows)
    seat, slot = np.indices(rows.shape)
    assert (rows[rows, back] == seat).all()
    assert (back[rows, back] == slot).all()


@given(st.integers(0, 10**6), st.integers(5, 12), st.integers(1, 12))
def test_repeated_contacts_are_matched_in_order(seed, n, pairs):
    """On random ragged multigraphs with gaps, against a loop: the t-th time i names j leads to the t-th time j names i."""
    draws = np.random.default_rng(seed)
    rows = np.full((n, 2 * pairs), -1, np.int32)
    for _ in range(pairs):
        i, j = draws.choice(n, 2, replace=False)
        rows[i, draws.choice(np.flatnonzero(rows[i] < 0))] = j
        rows[j, draws.choice(np.flatnonzero(rows[j] < 0))] = i
    expected = np.full_like(rows, -1)
    for i in range(n):
        for j in range(n):
            here, there = np.flatnonzero(rows[i] == j), np.flatnonzero(rows[j] == i)
            expected[i, here] = there
    assert (back_slots(rows) == expected).all()


def test_rows_by_hand():
    assert back_slots(Ring(2).contacts(5))[2].tolist() == [1, 0]
    rows = np.array([[1, 2], [0, -1], [0, -1]], np.int32)
    assert back_slots(rows).tolist() == [[0, 0], [0, -1], [1, -1]]


def test_one_sided_contacts_are_refused():
    with pytest.raises(StudyError, match="not mutual: seat 0 names 1"):
        back_slots(np.array([[1], [2], [0]], np.int32))
    with pytest.raises(StudyError, match="more often"):
        back_slots(np.array([[1, 1], [0, 2], [1, -1]], np.int32))


@given(st.integers(0, 10**6), st.integers(2, 30), st.integers(0, 60))
def test_an_adjacency_is_the_list_of_neighbours(seed, n, count):
    edges = some_edges(seed, n, count)
    built = Adjacency.of(edges, n)
    known = [sorted({int(b if a == i else a) for a, b in edges if i in (a, b)}) for i in range(n)]
    assert [built.target[built.first[i] : built.first[i + 1]].tolist() for i in range(n)] == known
    assert built.degree.tolist() == [len(own) for own in known]
    assert [[int(j) for j in row if j >= 0] for row in built.rows()] == known
    back = built.back()
    assert (back[back] == np.arange(back.size)).all()
    assert (built.source[back] == built.target).all()


def test_edges_are_kept_once():
    assert distinct(np.array([[3, 1], [1, 3], [2, 2], [0, 1], [3, 1]]), 4).tolist() == [[0, 1], [1, 3]]
    assert once(np.array([5, 2, 5, 9, 2])).tolist() == [2, 5, 9]
    assert once(np.empty(0, np.int64)).tolist() == []
