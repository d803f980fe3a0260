"""Networks: degrees, mutual contacts, slots that lead back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.errors import StudyError
from commonweal.core.networks import Regular, Ring, back_slots

recipes = st.one_of(
    st.builds(Regular, st.sampled_from([2, 4, 8]), st.integers(0, 10**6)), st.builds(Ring, st.sampled_from([2, 4, 8]))
)


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


def test_ring_by_hand():
    assert Ring(4).contacts(6)[0].tolist() == [1, 5, 2, 4]
    assert Ring(2).contacts(3).tolist() == [[1, 2], [2, 0], [0, 1]]
    assert back_slots(Ring(2).contacts(5))[2].tolist() == [1, 0]


def test_regular_graphs_are_rarely_repeated_and_differ_by_seed():
    # Wormald (1999): in the permutation model repeated contacts stay about degree / n of all: here 8 / 1000, bound 3 %.
    rows = Regular(8, 1).contacts(1000)
    repeats = sum(8 - len(set(row)) for row in rows.tolist()) / 8000
    assert repeats < 0.03
    assert (rows != Regular(8, 2).contacts(1000)).mean() > 0.9
    assert (rows == Regular(8, 1).contacts(1000)).all()


def test_regular_graphs_mix():
    # Friedman (2008): the second eigenvalue of a random 8-regular graph is about 2 sqrt(7) = 5.29.
    rows = Regular(8, 3).contacts(500)
    matrix = np.zeros((500, 500))
    np.add.at(matrix, (np.repeat(np.arange(500), 8), rows.ravel()), 1)
    values = np.sort(np.abs(np.linalg.eigvalsh(matrix)))
    assert values[-1] == pytest.approx(8.0)
    assert values[-2] < 5.8


def test_short_rows():
    rows = np.array([[1, 2], [0, -1], [0, -1]], np.int32)
    assert back_slots(rows).tolist() == [[0, 0], [0, -1], [1, -1]]


def test_one_sided_contacts_are_refused():
    with pytest.raises(StudyError, match="not mutual: seat 0 names 1"):
        back_slots(np.array([[1], [2], [0]], np.int32))
    with pytest.raises(StudyError, match="more often"):
        back_slots(np.array([[1, 1], [0, 2], [1, -1]], np.int32))


@pytest.mark.parametrize("network", [Regular(3), Regular(0), Regular(8), Ring(3), Ring(8)])
def test_impossible_degrees_are_refused(network):
    with pytest.raises(StudyError, match="expected an even degree"):
        network.contacts(8)
