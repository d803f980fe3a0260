"""Communities: contacts are likelier within a block of seats than between blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonweal.core.errors import StudyError
from commonweal.core.networks.adjacency import Adjacency, Pairs, once


@dataclass(frozen=True)
class StochasticBlock:
    """Each pair of seats is in contact with a probability that depends on their blocks alone, independently.

    Seats of one block stand together, in the order of the shares. With one block it is the Erdos-Renyi graph G(n, p).

    Source: P. Holland, K. Laskey and S. Leinhardt, "Stochastic blockmodels: first steps", Social Networks 5 (1983);
    E. Gilbert, "Random graphs", Annals of Mathematical Statistics 30 (1959), for one block.
    """

    share: tuple[float, ...] = (0.5, 0.5)
    """Share of the seats in each block, adding up to 1; counts are to the nearest seat, cumulatively."""
    p: tuple[tuple[float, ...], ...] = ((0.1, 0.01), (0.01, 0.1))
    """Row i, column j: probability that a seat of block i and one of block j are in contact, 0 to 1; symmetric."""
    seed: int = 0
    """Which of the random graphs."""

    @staticmethod
    def communities(count: int, within: float, between: float, seed: int = 0) -> StochasticBlock:
        """Blocks of equal size (a planted partition) with one probability within them and one between them."""
        rows = tuple(tuple(within if i == j else between for j in range(count)) for i in range(count))
        return StochasticBlock((1 / count,) * count, rows, seed)

    def sizes(self, n: int) -> tuple[int, ...]:
        """How many of n seats are in each block."""
        ends = np.floor(np.cumsum([0.0, *self.share]) * n + 0.5).astype(int)
        return tuple(np.diff(ends).tolist())

    def contacts(self, n: int) -> Adjacency:
        """Edges, of which block i and j have p (pairs between them) on average."""
        self._check()
        random = np.random.default_rng(self.seed)
        starts = np.cumsum((0, *self.sizes(n))).tolist()
        found: list[Pairs] = []
        for i in range(len(self.share)):
            for j in range(i, len(self.share)):
                a, b = starts[i + 1] - starts[i], starts[j + 1] - starts[j]
                drawn = _chosen(a * (a - 1) // 2 if i == j else a * b, self.p[i][j], random)
                low, high = _triangle(drawn) if i == j else np.divmod(drawn, max(b, 1))
                found.append(np.stack([low + starts[i], high + starts[j]], 1))
        return Adjacency.of(np.concatenate(found), n)

    def _check(self) -> None:
        size = len(self.share)
        square = len(self.p) == size and all(len(row) == size for row in self.p)
        if not square or any(self.p[i][j] != self.p[j][i] for i in range(size) for j in range(i)):
            raise StudyError(f"{size} blocks with probabilities {self.p}; expected a symmetric table, {size} by {size}")
        if any(not 0.0 <= p <= 1.0 for row in self.p for p in row):
            raise StudyError(f"blocks with probabilities {self.p}; expected numbers from 0 to 1")
        if not self.share or min(self.share) < 0 or abs(sum(self.share) - 1) > 1e-6:
            raise StudyError(f"blocks with shares {self.share}; expected shares of at least 0 that add up to 1")


def _chosen(pairs: int, p: float, random: np.random.Generator) -> NDArray[np.int64]:
    """Which of so many pairs are chosen, each with probability p on its own: numbers from 0 to pairs - 1, rising.

    How many is binomial, and which ones, given how many, is any set alike; so nothing is done for a pair that is not chosen.
    """
    count = int(random.binomial(pairs, p)) if pairs else 0
    if 4 * count > pairs:
        return np.sort(random.permutation(pairs)[:count])
    chosen = np.empty(0, np.int64)
    while chosen.size < count:
        chosen = once(np.concatenate([chosen, random.integers(0, pairs, count - chosen.size)]))
    return chosen


def _triangle(number: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pair i < j with a number among all pairs, counted as j (j - 1) / 2 + i."""
    high = ((1 + np.sqrt(1 + 8 * number.astype(np.float64))) / 2).astype(np.int64)
    high -= high * (high - 1) // 2 > number
    high += (high + 1) * high // 2 <= number
    return number - high * (high - 1) // 2, high
