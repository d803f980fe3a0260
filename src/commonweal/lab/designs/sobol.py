"""A scrambled Sobol sequence over the factors' ranges and levels: even coverage, and a longer study keeps its points."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from commonweal.lab.designs.cube import Fresh, check_counts, check_factors, find_levels, make_cells
from commonweal.lab.designs.design import Allowed, Cell, Design
from commonweal.lab.factors import Factor
from commonweal.statistics.sampling import draw_allowed


@dataclasses.dataclass(frozen=True)
class Sobol(Design):
    """The first points of a scrambled Sobol sequence that are allowed, each combination once.

    With more points the cells that were there stay, with their numbers and seeds.

    Source: I. Sobol, USSR Comput. Math. Math. Phys. 7 (1967); scrambling after J. Matousek, J. Complexity 14 (1998).
    """

    kind: ClassVar[str] = "sobol"

    points: int
    """How many cells."""
    replicates: int | None = None
    """Trials a cell, on seeds of its own; None: as many as the part says, on seeds that all cells share."""
    seed: int = 0
    """Of the scrambling."""

    def __post_init__(self) -> None:
        """Refuse an empty sample."""
        check_counts(self.points, self.replicates)

    def begin(self, factors: tuple[Factor, ...], allowed: Allowed) -> tuple[Cell, ...]:
        """The cells.

        Args:
            factors: with ranges or levels.
            allowed: which combinations may be run.

        Raises:
            StudyError: there is no factor, or less than 1 % of the space is allowed and not there yet.
        """
        check_factors(factors)
        points = draw_allowed(self.points, len(factors), Fresh(factors, allowed), self.seed)
        return make_cells(find_levels(factors, points), self.replicates)
