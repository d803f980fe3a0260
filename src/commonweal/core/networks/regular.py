"""A random regular network: the same number of contacts for every seat, otherwise drawn at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonweal.core.errors import StudyError
from commonweal.core.networks.adjacency import Rows


@dataclass(frozen=True)
class Regular:
    """A random regular multigraph: the union of `degree / 2` random permutations and their inverses.

    Every seat has exactly `degree` contacts; for n much larger than the degree, repeated contacts and self-contacts are rare
    (about degree / n of all). Source: the permutation model, N. Wormald, "Models of random regular graphs" (1999).
    """

    degree: int = 8
    """Contacts of each seat: even, at least 2."""
    seed: int = 0
    """Which of the random graphs."""

    def contacts(self, n: int) -> Rows:
        """Rows [n, degree]; slot 2m holds the m-th permutation and slot 2m + 1 its inverse."""
        if self.degree < 2 or self.degree % 2 or n <= self.degree:
            raise StudyError(
                f"a regular network of degree {self.degree} over {n} seats; expected an even degree of at least 2, below n"
            )
        random = np.random.default_rng(self.seed)
        rows = np.empty((n, self.degree), np.int32)
        for m in range(self.degree // 2):
            order = _without_fixed_points(random.permutation(n))
            rows[:, 2 * m] = order
            rows[order, 2 * m + 1] = np.arange(n, dtype=np.int32)
        return rows


def _without_fixed_points(order: NDArray[np.int64]) -> NDArray[np.int64]:
    """The permutation with its fixed points moved along one cycle, so that nobody is their own contact."""
    fixed = np.flatnonzero(order == np.arange(order.size))
    if fixed.size == 1:
        other = (fixed[0] + 1) % order.size
        order[[fixed[0], other]] = order[[other, fixed[0]]]
    elif fixed.size:
        order[fixed] = np.roll(fixed, 1)
    return order
