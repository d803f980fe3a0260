"""Networks without chance against what is known of their spectra, and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.errors import StudyError
from commonweal.core.networks import Complete, Lattice, Ring, Star


def test_ring_by_hand():
    assert Ring(4).contacts(6)[0].tolist() == [1, 5, 2, 4]
    assert Ring(2).contacts(3).tolist() == [[1, 2], [2, 0], [0, 1]]


@given(st.integers(3, 8), st.integers(3, 8))
def test_a_torus_has_the_spectrum_of_two_circles(matrix_of, width, height):
    """Von Neumann: 2 cos a + 2 cos b; Moore: (1 + 2 cos a)(1 + 2 cos b) - 1, over the angles of the two circles."""
    a = 2 * np.cos(2 * np.pi * np.arange(width) / width)[:, None]
    b = 2 * np.cos(2 * np.pi * np.arange(height) / height)
    for neighbourhood, known in (("von-neumann", a + b), ("moore", (1 + a) * (1 + b) - 1)):
        found = matrix_of(Lattice(neighbourhood, width), width * height).todense()
        np.testing.assert_allclose(np.linalg.eigvalsh(found.astype(float)), np.sort(known.ravel()), atol=1e-9)


def test_a_lattice_by_hand():
    # 0 1 2 3 / 4 5 6 7 / 8 9 10 11: right, left, below, above of seats 0 and 6.
    rows = Lattice(width=4).contacts(12)
    assert rows[0].tolist() == [1, 3, 4, 8]
    assert rows[6].tolist() == [7, 5, 10, 2]
    assert Lattice("moore").contacts(9)[4].tolist() == [5, 3, 7, 1, 8, 0, 6, 2]


def test_a_star_and_everybody(matrix_of):
    assert matrix_of(Star(), 6).sum(1).tolist() == [5, 1, 1, 1, 1, 1]
    assert matrix_of(Star(), 1).sum() == 0
    assert Complete().contacts(4).tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]
    assert (matrix_of(Complete(), 30).todense() == 1 - np.eye(30)).all()
    assert Complete().contacts(1).shape == (1, 0)


@pytest.mark.parametrize(
    ("network", "n", "message"),
    [
        (Ring(3), 8, "expected an even degree"),
        (Ring(8), 8, "expected an even degree"),
        (Lattice(), 10, "3 seats a row over 10 seats"),
        (Lattice(width=2), 10, "at least 3 whole rows"),
        (Lattice(width=5), 10, "at least 3 whole rows"),
        (Complete(), 5000, "leave Seating.network out"),
    ],
)
def test_impossible_shapes_are_refused(network, n, message):
    with pytest.raises(StudyError, match=message):
        network.contacts(n)
