"""Morris's screening: which of many factors matter at all, from few trials."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from commonweal.core.errors import StudyError
from commonweal.lab.designs.cube import check_counts, check_factors, constrain, find_levels, make_cells
from commonweal.lab.designs.design import Allowed, Cell, Design
from commonweal.lab.factors import Factor
from commonweal.statistics.sampling import LEAST_ALLOWED
from commonweal.statistics.sensitivity import draw_morris


@dataclasses.dataclass(frozen=True)
class Morris(Design):
    """Paths through the space that change one factor after the other: paths (d + 1) cells for d factors.

    The cells of a path share their seeds, and each path has seeds of its own. Where a constraint forbids a cell, its path is
    left out and another one is drawn.

    Source: M. Morris, Technometrics 33 (1991).
    """

    kind: ClassVar[str] = "morris"

    paths: int
    """How many."""
    levels: int = 4
    """Grid levels of each factor, an even number."""
    replicates: int = 2
    """Trials of each cell."""
    seed: int = 0
    """Of the paths."""

    def __post_init__(self) -> None:
        """Refuse a screening without paths, or over an odd grid."""
        check_counts(self.paths, self.replicates)
        draw_morris(0, 1, self.levels)

    def begin(self, factors: tuple[Factor, ...], allowed: Allowed) -> tuple[Cell, ...]:
        """The cells, path by path.

        Args:
            factors: with ranges or levels.
            allowed: which combinations may be run.

        Raises:
            StudyError: there is no factor, one that cannot change, or less than 1 % of the paths are allowed.
        """
        check_factors(factors)
        for factor in factors:
            if len(factor.levels) == 1:
                raise StudyError(f"factor {factor.label!r} has one level, which no step can change; give two, or leave it out")
        length = len(factors) + 1
        drawn, kept = self.paths, np.zeros((0, length, len(factors)))
        while True:
            points = draw_morris(drawn, len(factors), self.levels, self.seed)
            whole = constrain(factors, allowed)(points).reshape(drawn, length).all(axis=1)
            kept = points.reshape(drawn, length, -1)[whole]
            if len(kept) >= self.paths:
                chosen = kept[: self.paths].reshape(-1, len(factors))
                return make_cells(find_levels(factors, chosen), self.replicates, share=length)
            if drawn >= self.paths / LEAST_ALLOWED:
                raise StudyError(
                    f"{len(kept)} of {drawn} paths keep to the constraint where {self.paths} are wanted; expected at least "
                    "1 %: choose narrower ranges or other factors, or ask for fewer paths"
                )
            drawn *= 2
