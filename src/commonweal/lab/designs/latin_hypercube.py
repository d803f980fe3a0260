"""A Latin hypercube over the factors' ranges and levels: every slice of every axis is looked at once."""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar

from commonweal.core.errors import StudyError
from commonweal.lab.designs.cube import Fresh, check_counts, check_factors, find_levels, make_cells
from commonweal.lab.designs.design import Allowed, Cell, Design
from commonweal.lab.factors import Factor
from commonweal.statistics.sampling import LEAST_ALLOWED, draw_latin_hypercube


@dataclasses.dataclass(frozen=True)
class LatinHypercube(Design):
    """A Latin hypercube whose closest points are as far apart as in any of 32 draws.

    Where a constraint or few levels leave points out, a larger hypercube is drawn and its first allowed combinations are
    taken: then slices are those of the larger one, and some of them are empty.

    Source: M. McKay, R. Beckman and W. Conover, Technometrics 21 (1979).
    """

    kind: ClassVar[str] = "latin-hypercube"

    points: int
    """How many cells."""
    replicates: int | None = None
    """Trials a cell, on seeds of its own; None: as many as the part says, on seeds that all cells share."""
    seed: int = 0
    """Of the draws."""

    def __post_init__(self) -> None:
        """Refuse an empty sample."""
        check_counts(self.points, self.replicates)

    def begin(self, factors: tuple[Factor, ...], allowed: Allowed) -> tuple[Cell, ...]:
        """The cells.

        Args:
            factors: with ranges or levels.
            allowed: which combinations may be run.

        Raises:
            StudyError: there is no factor, or less than 1 % of a hypercube is allowed and not there yet.
        """
        check_factors(factors)
        size = self.points
        while True:
            points = draw_latin_hypercube(size, len(factors), self.seed, draws=32 if size <= 512 else 1)
            kept = points[Fresh(factors, allowed)(points)]
            if len(kept) >= self.points:
                return make_cells(find_levels(factors, kept[: self.points]), self.replicates)
            if size >= self.points / LEAST_ALLOWED:
                raise StudyError(
                    f"{len(kept)} of {size} points of a Latin hypercube were allowed (each combination once) where "
                    f"{self.points} are wanted; expected at least 1 %: narrow the ranges, or ask for fewer points"
                )
            size = math.ceil(size * min(4.0, 1.1 * self.points / max(len(kept), 1)))
