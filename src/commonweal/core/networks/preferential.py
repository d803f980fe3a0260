"""Preferential attachment: who has many contacts gets more, so that a few hubs have very many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonweal.core.errors import StudyError
from commonweal.core.networks.adjacency import Adjacency


@dataclass(frozen=True)
class BarabasiAlbert:
    """Seats come one by one, each to m different seats, chosen in proportion to the contacts that they have.

    The first m + 1 seats are all in contact. For large n a seat has k contacts with probability

        p(k) = 2 m (m + 1) / (k (k + 1) (k + 2)),   k >= m

    and the largest degree grows as m sqrt(n). Early seats are the hubs: minds are seated in a random order by default.

    Source: A.-L. Barabasi and R. Albert, "Emergence of scaling in random networks", Science 286 (1999); B. Bollobas et al.,
    Random Structures and Algorithms 18 (2001), for p(k); the edge list that is drawn from by V. Batagelj and U. Brandes,
    "Efficient generation of large random networks", Physical Review E 71 (2005).
    """

    m: int = 4
    """Contacts that a seat makes when it comes, at least 1."""
    seed: int = 0
    """Which of the random graphs."""

    def contacts(self, n: int) -> Adjacency:
        """m (n - m - 1) + m (m + 1) / 2 edges."""
        m = self.m
        if m < 1 or n <= m:
            raise StudyError(f"preferential attachment of {m} contacts a seat over {n} seats; expected at least 1, below n")
        random = np.random.default_rng(self.seed)
        low, high = np.triu_indices(m + 1, 1)
        # The list of edge ends: a random entry is a seat drawn in proportion to its degree.
        ends = np.empty(2 * (low.size + m * (n - m - 1)), np.int64)
        ends[: 2 * low.size : 2], ends[1 : 2 * low.size : 2] = low, high
        start = m + 1
        while start < n:
            # Seats come in cohorts that double, so that what a cohort draws from itself is a few steps deep.
            stop = min(n, start + max(start // 2, 1))
            _join(ends, m, start, stop, random)
            start = stop
        return Adjacency.of(ends.reshape(-1, 2), n)


def _join(ends: NDArray[np.int64], m: int, start: int, stop: int, random: np.random.Generator) -> None:
    """Add the edges of the seats from `start` to before `stop` to the list of edge ends."""
    seats = np.arange(start, stop, dtype=np.int64)
    base = m * (m + 1) + 2 * m * (start - m - 1)
    known = m * (m + 1) + 2 * m * (seats - m - 1)  # how long the list is when the seat comes
    ends[base : base + 2 * m * seats.size : 2] = np.repeat(seats, m)
    drawn = random.integers(0, known[:, None], (seats.size, m))
    while True:
        found = _followed(ends, drawn.reshape(-1), base).reshape(drawn.shape)
        order = np.argsort(found, axis=1, kind="stable")
        ranked = np.take_along_axis(found, order, 1)
        row, rank = np.nonzero(ranked[:, 1:] == ranked[:, :-1])
        if row.size == 0:
            break
        drawn[row, order[row, rank + 1]] = random.integers(0, known[row])
    ends[base + 1 : base + 2 * m * seats.size : 2] = found.reshape(-1)


def _followed(ends: NDArray[np.int64], drawn: NDArray[np.int64], base: int) -> NDArray[np.int64]:
    """The seats that places in the list lead to: a place of the cohort's own second ends leads on to what was drawn there."""
    place = drawn.copy()
    open_ = np.flatnonzero((place >= base) & (place % 2 == 1))
    while open_.size:
        place[open_] = drawn[(place[open_] - base) // 2]
        open_ = open_[(place[open_] >= base) & (place[open_] % 2 == 1)]
    return ends[place]
