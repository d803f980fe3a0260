"""Small worlds: a circle of neighbours, of whose contacts a share leads anywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonweal.core.errors import StudyError
from commonweal.core.networks.adjacency import Adjacency, Pairs


@dataclass(frozen=True)
class WattsStrogatz:
    """A ring whose edges are each rewired with probability p: one end stays, the other moves to a random seat.

    No edge is drawn twice and nobody is its own contact. Degrees are `degree` on average and at least `degree / 2`; clustering
    falls as C(p) = C(0) (1 - p)^3 with C(0) = 3 (k - 2) / (4 (k - 1)), up to 1 / n.

    Source: D. Watts and S. Strogatz, "Collective dynamics of 'small-world' networks", Nature 393 (1998); A. Barrat and
    M. Weigt, European Physical Journal B 13 (2000), for C(p).
    """

    degree: int = 8
    """Contacts of each seat before rewiring, k: even, at least 2."""
    p: float = 0.1
    """Probability that an edge is rewired, 0 to 1."""
    seed: int = 0
    """Which of the random graphs."""

    def contacts(self, n: int) -> Adjacency:
        """n degree / 2 edges."""
        if self.degree < 2 or self.degree % 2 or n <= self.degree + 1 or not 0.0 <= self.p <= 1.0:
            raise StudyError(
                f"a small world of degree {self.degree} and p = {self.p:g} over {n} seats; expected an even degree of at least "
                "2, below n - 1, and a probability from 0 to 1"
            )
        random = np.random.default_rng(self.seed)
        half = self.degree // 2
        stays = np.tile(np.arange(n, dtype=np.int64), half)
        ends = (stays + np.repeat(np.arange(1, half + 1), n)) % n
        moved = np.flatnonzero(random.random(stays.size) < self.p)
        pairs = np.stack([stays, ends], 1)
        kept = np.delete(pairs, moved, axis=0)
        return Adjacency.of(np.concatenate([kept, _rewired(kept, stays[moved], n, random)]), n)


def _rewired(kept: Pairs, stays: NDArray[np.int64], n: int, random: np.random.Generator) -> Pairs:
    """New edges from the ends that stay, drawn again until they are distinct from each other and from those that are kept."""
    taken = np.sort(_keys(kept[:, 0], kept[:, 1], n))
    ends = np.empty_like(stays)
    open_ = np.arange(stays.size)
    while open_.size:
        ends[open_] = (stays[open_] + 1 + random.integers(0, n - 1, open_.size)) % n
        keys = _keys(stays[open_], ends[open_], n)
        at = np.minimum(np.searchsorted(taken, keys), max(taken.size - 1, 0))
        free = np.ones(keys.size, bool) if taken.size == 0 else taken[at] != keys
        fresh = np.zeros(keys.size, bool)
        fresh[np.unique(keys, return_index=True)[1]] = True
        good = free & fresh
        taken = np.sort(np.concatenate([taken, keys[good]]))
        open_ = open_[~good]
    return np.stack([stays, ends], 1)


def _keys(i: NDArray[np.int64], j: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    return np.minimum(i, j) * n + np.maximum(i, j)
