"""Networks without chance: the circle, the square grid on a torus, the star, and everybody with everybody."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.networks.adjacency import Adjacency, Rows

_MOST_COMPLETE = 4096
"""A complete network of more seats is not spelled out: its rows would be gigabytes."""
_STEPS = {
    "von-neumann": ((0, 1), (0, -1), (1, 0), (-1, 0)),
    "moore": ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, -1), (1, -1), (-1, 1)),
}


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


@dataclass(frozen=True)
class Lattice:
    """A square grid on a torus: row by row, the last seat of a row beside its first, the last row beside the first.

    Source: M. Nowak and R. May, "Evolutionary games and spatial chaos", Nature 359 (1992), for games on it.
    """

    neighbourhood: Literal["von-neumann", "moore"] = "von-neumann"
    """The 4 seats beside each, or the 8 around it."""
    width: int = 0
    """Seats in a row, at least 3; 0: the grid is a square."""

    def contacts(self, n: int) -> Rows:
        """Rows [n, 4 or 8]: right, left, below, above, then the corners."""
        width = self.width or math.isqrt(n)
        if width < 3 or n % width or n // width < 3:
            raise StudyError(
                f"a lattice of {width} seats a row over {n} seats; expected at least 3 whole rows of at least 3 seats: choose "
                "n = width x height, or width=0 and n a square number"
            )
        row, column = np.divmod(np.arange(n), width)
        height = n // width
        places = [(row + down) % height * width + (column + right) % width for down, right in _STEPS[self.neighbourhood]]
        return np.stack(places, 1).astype(np.int32)


@dataclass(frozen=True)
class Star:
    """Seat 0 in contact with everybody, everybody else with seat 0 alone."""

    def contacts(self, n: int) -> Adjacency:
        """n - 1 edges."""
        leaves = np.arange(1, n, dtype=np.int64)
        return Adjacency.of(np.stack([np.zeros_like(leaves), leaves], 1), n)


@dataclass(frozen=True)
class Complete:
    """Everybody in contact with everybody else, contact by contact.

    Only for rules that need contacts spelled out: a society without a network is well mixed already, at no memory at all.
    """

    def contacts(self, n: int) -> Rows:
        """Rows [n, n - 1], in rising order.

        Raises:
            StudyError: there are so many seats that the rows would not fit.
        """
        if n > _MOST_COMPLETE:
            raise StudyError(
                f"a complete network over {n} seats; expected at most {_MOST_COMPLETE}: leave Seating.network out (None), then "
                "everybody meets everybody without n^2 contacts in memory"
            )
        place, own = np.arange(max(n - 1, 0)), np.arange(n)[:, None]
        return (place + (place >= own)).astype(np.int32)
