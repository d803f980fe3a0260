"""Saltelli's sample: from it the share of the outcome's variance is found that each factor makes, and the seed."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from commonweal.core.errors import StudyError
from commonweal.lab.designs.cube import check_counts, check_factors, constrain, find_levels, make_cells
from commonweal.lab.designs.design import Allowed, Cell, Design
from commonweal.lab.factors import Factor
from commonweal.statistics.sensitivity import draw_saltelli


@dataclasses.dataclass(frozen=True)
class Saltelli(Design):
    """Base points A and B and, for each factor, A with that factor's level of B: base (d + 2) cells for d factors.

    The cells of one base point share their seeds, so that differences between them are the factors' and not the seeds'; each
    base point has seeds of its own, so that base points are independent. With more of them the first ones stay.

    Source: A. Saltelli et al., Computer Physics Communications 181 (2010).
    """

    kind: ClassVar[str] = "saltelli"

    base: int
    """Base points; best a power of 2."""
    replicates: int = 2
    """Trials of each cell, at least 2: from one trial noise cannot be told from interaction."""
    seed: int = 0
    """Of the scrambling."""

    def __post_init__(self) -> None:
        """Refuse a sample that gives no indices."""
        check_counts(self.base, self.replicates)
        if self.replicates < 2:
            raise StudyError("Saltelli(replicates=1); expected at least 2: only then is the seed's share known")

    def begin(self, factors: tuple[Factor, ...], allowed: Allowed) -> tuple[Cell, ...]:
        """The cells: of each base point A, then A with each factor of B in turn, then B.

        Args:
            factors: with ranges or levels.
            allowed: must allow everything.

        Raises:
            StudyError: there is no factor, or a constraint ties factors together.
        """
        check_factors(factors)
        points = draw_saltelli(self.base, len(factors), self.seed)
        if not constrain(factors, allowed)(points).all():
            raise StudyError(
                "Saltelli's sample was given a constraint between factors; expected none: shares of variance need factors that "
                "vary independently. Choose factors that do, such as a share in place of two counts"
            )
        return make_cells(find_levels(factors, points), self.replicates, share=len(factors) + 2)
