"""Small worlds against the ring, the survival of triangles, and the degrees of full rewiring."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from commonweal.core.errors import StudyError
from commonweal.core.networks import Ring, WattsStrogatz


@given(st.integers(10, 60), st.sampled_from([2, 4, 8]), st.floats(0, 1), st.integers(0, 10**6))
def test_edges_are_as_many_as_the_ring_has_and_one_end_stays(matrix_of, n, degree, p, seed):
    found = matrix_of(WattsStrogatz(degree, p, seed), n)
    assert found.sum() == n * degree
    assert found.sum(1).min() >= degree // 2


def test_without_rewiring_it_is_the_ring(matrix_of):
    assert abs(matrix_of(WattsStrogatz(6, 0.0), 50) - matrix_of(Ring(6), 50)).sum() == 0


@pytest.mark.parametrize("p", [0.0, 0.1, 0.3, 0.7])
def test_clustering_falls_with_the_cube(matrix_of, triangles_of, p):
    """Barrat and Weigt (2000): a triangle lives where its three edges stay, C(p) = C(0) (1 - p)^3.

    A ring of degree 8 has 6 triangles a seat and C(0) = 3 (k - 2) / (4 (k - 1)) = 9 / 14. A rewired edge closes one with a
    chance of the order 1 / n.
    """
    n = 20_000
    found = matrix_of(WattsStrogatz(8, p, seed=3), n)
    assert triangles_of(found) / (6 * n) == pytest.approx((1 - p) ** 3, abs=0.01)
    degree = found.sum(1)
    closed = (found @ found).multiply(found).sum(1)
    if p <= 0.3:  # degrees have not spread much yet
        assert np.mean(closed / (degree * (degree - 1))) == pytest.approx(9 / 14 * (1 - p) ** 3, abs=0.01)


def test_degrees_of_full_rewiring(matrix_of):
    """Barrat and Weigt (2000): at p = 1 a seat keeps one end of k / 2 edges and gets a Poisson number, mean k / 2."""
    n = 50_000
    count = np.bincount(matrix_of(WattsStrogatz(8, 1.0), n).sum(1), minlength=20)
    chance = poisson.pmf(np.arange(16), 4)
    assert (np.abs(count[4:20] - n * chance) < 5 * np.sqrt(n * chance) + 1).all()


def test_by_seed(matrix_of):
    one, two, again = (matrix_of(WattsStrogatz(4, 0.5, seed), 200) for seed in (1, 2, 1))
    assert abs(one - again).sum() == 0
    assert abs(one - two).sum() > 0


@pytest.mark.parametrize("network", [WattsStrogatz(3), WattsStrogatz(8, 1.5), WattsStrogatz(8, -0.1), WattsStrogatz(10)])
def test_impossible_numbers_are_refused(network):
    with pytest.raises(StudyError, match="a small world"):
        network.contacts(11)
