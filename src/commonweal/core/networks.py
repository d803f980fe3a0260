"""Who could meet whom: networks as small recipes, built on the host into rows of contacts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from commonweal.core.errors import StudyError

Rows = NDArray[np.int32]


class Network(Protocol):
    """A recipe for contacts, a frozen value."""

    def contacts(self, n: int) -> Rows:
        """Rows [n, k] of contacts, -1 where a row is shorter; symmetric: if i names j, j names i as often."""
        ...


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


@dataclass(frozen=True)
class Ring:
    """Seats on a circle, each in contact with the `degree / 2` nearest on either side."""

    degree: int = 2
    """Contacts of each seat: even, at least 2."""

    def contacts(self, n: int) -> Rows:
        """Rows [n, degree], the nearest first, right before left."""
        if self.degree < 2 or self.degree % 2 or n <= self.degree:
            raise StudyError(f"a ring of degree {self.degree} over {n} seats; expected an even degree of at least 2, below n")
        steps = [step for d in range(1, self.degree // 2 + 1) for step in (d, -d)]
        return ((np.arange(n)[:, None] + np.asarray(steps)) % n).astype(np.int32)


def back_slots(rows: Rows) -> Rows:
    """For each contact j of i, the slot in j's row that names i: rows [n, k], -1 where there is no contact.

    Repeated contacts are matched in order.

    Raises:
        StudyError: the rows are not symmetric.
    """
    n, k = rows.shape
    there = rows >= 0
    source, slot = np.nonzero(there)
    target = rows[there].astype(np.int64)
    forward = np.lexsort((slot, target, source))
    backward = np.lexsort((slot, source, target))
    same = (source[forward] == target[backward]) & (target[forward] == source[backward])
    if not bool(same.all()):
        bad = int(np.flatnonzero(~same)[0])
        raise StudyError(
            f"contacts are not mutual: seat {int(source[forward][bad])} names {int(target[forward][bad])} more often than it "
            "is named by it; expected rows in which whoever i names also names i"
        )
    back = np.full((n, k), -1, np.int32)
    back[source[forward], slot[forward]] = slot[backward]
    return back
