"""Spatial networks against brute force over all pairs and triangles, Euler's formula, and the border's share."""

from itertools import combinations

import numpy as np
import pytest
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist, squareform

from commonweal.core.errors import StudyError
from commonweal.core.networks import Delaunay, Geometric
from commonweal.core.networks.spatial import places


def empty_circle(at, corners):
    """Whether no other place lies in the circle through three."""
    system = np.c_[2 * at[list(corners)], np.ones(3)]
    x, y, rest = np.linalg.solve(system, (at[list(corners)] ** 2).sum(1))
    others = np.delete(at, corners, axis=0)
    return bool((((others - (x, y)) ** 2).sum(1) > rest + x**2 + y**2).all())


@pytest.mark.parametrize("seed", range(5))
def test_a_triangulation_by_empty_circles(matrix_of, seed):
    n = 25
    at = places(n, seed)
    known = np.zeros((n, n), int)
    for corners in combinations(range(n), 3):
        if empty_circle(at, corners):
            for i, j in combinations(corners, 2):
                known[i, j] = known[j, i] = 1
    assert (matrix_of(Delaunay(seed), n).todense() == known).all()


def test_edges_by_euler(matrix_of):
    """3 n - 3 - h edges with h places on the hull: the mean degree is 6 - (6 + 2 h) / n."""
    n = 20_000
    edges = matrix_of(Delaunay(3), n).sum() / 2
    hull = len(ConvexHull(places(n, 3)).vertices)
    assert edges == 3 * n - 3 - hull
    assert 2 * edges / n == pytest.approx(6, abs=0.01)


def test_who_is_near(matrix_of):
    at = places(60, 5)
    near = squareform(pdist(at)) <= 0.2
    np.fill_diagonal(near, False)
    assert (matrix_of(Geometric(0.2, 5), 60).todense() == near).all()


@pytest.mark.parametrize("radius", [0.05, 0.3, 0.9])
def test_the_border_takes_its_share(radius):
    """A pair is near with probability pi r^2 - 8 r^3 / 3 + r^4 / 2: the law of the distance of two points in a square."""
    n, trials = 200, 60
    found = [Geometric(radius, seed).contacts(n).target.size / (n * (n - 1)) for seed in range(trials)]
    known = np.pi * radius**2 - 8 * radius**3 / 3 + radius**4 / 2
    assert abs(np.mean(found) - known) < 5 * np.std(found) / np.sqrt(trials)


def test_near_seats_have_near_numbers():
    """Numbered strip by strip, one seat and the next are 1 / sqrt(n) apart, not the 0.52 of two random places."""
    at = places(10_000, 0)
    assert np.hypot(*(at[1:] - at[:-1]).T).mean() < 0.03
    assert np.abs(at.mean(0) - 0.5).max() < 5 * np.sqrt(1 / 12 / 10_000)


def test_impossible_numbers_are_refused():
    with pytest.raises(StudyError, match="at least 3"):
        Delaunay().contacts(2)
    with pytest.raises(StudyError, match="radius above 0"):
        Geometric(0.0).contacts(5)
