"""Seats at random places of the unit square, in contact with those that are near."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonweal.core.errors import StudyError
from commonweal.core.networks.adjacency import Adjacency, distinct


def places(n: int, seed: int) -> NDArray[np.float64]:
    """Uniform random points [n, 2] of the unit square: where the seats of the networks in this module are.

    They are numbered strip by strip, there and back, so that near seats have near numbers: building and running are faster.
    """
    found = np.random.default_rng(seed).random((n, 2))
    strips = max(1, math.isqrt(n) // 2)
    strip = (found[:, 0] * strips).astype(np.int64)
    return found[np.lexsort((np.where(strip % 2, -found[:, 1], found[:, 1]), strip))]


@dataclass(frozen=True)
class Delaunay:
    """Seats in contact where their places are corners of one triangle of the Delaunay triangulation.

    A planar graph: with h places on the outer border there are 3 n - 3 - h edges, so that the mean degree tends to 6.

    Source: B. Delaunay, "Sur la sphere vide" (1934); computed by Qhull, C. Barber et al., ACM Transactions on Mathematical
    Software 22 (1996).
    """

    seed: int = 0
    """Which of the random places."""

    def contacts(self, n: int) -> Adjacency:
        """Edges of the triangulation."""
        from scipy.spatial import Delaunay as Triangles

        if n < 3:
            raise StudyError(f"a triangulation of {n} seats; expected at least 3")
        corners = Triangles(places(n, self.seed)).simplices.astype(np.int64)
        return Adjacency.of(distinct(np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]), n), n)


@dataclass(frozen=True)
class Geometric:
    """Seats in contact where their places are no farther apart than a radius.

    A pair is in contact with probability pi r^2 - 8 r^3 / 3 + r^4 / 2 (r <= 1): the border of the square takes its share.

    Source: E. Gilbert, "Random plane networks", Journal of the SIAM 9 (1961); M. Penrose, Random Geometric Graphs (2003).
    """

    radius: float = 0.1
    """Farthest distance of contacts, in sides of the square, above 0."""
    seed: int = 0
    """Which of the random places."""

    def contacts(self, n: int) -> Adjacency:
        """Edges of the pairs that are near; some seats may have none."""
        from scipy.spatial import KDTree

        if not self.radius > 0:
            raise StudyError(f"a geometric network of radius {self.radius:g}; expected a radius above 0")
        near = KDTree(places(n, self.seed)).query_pairs(self.radius, output_type="ndarray")
        return Adjacency.of(near.astype(np.int64), n)
