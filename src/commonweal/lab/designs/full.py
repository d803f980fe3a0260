"""Every combination of all levels: the full factorial design."""

from __future__ import annotations

import dataclasses
import itertools
from typing import ClassVar

from commonweal.core.errors import StudyError
from commonweal.lab.designs.design import Allowed, Cell, Design
from commonweal.lab.factors import Factor


@dataclasses.dataclass(frozen=True)
class Full(Design):
    """The full factorial: each level of each factor with each of all others, the last factor running fastest.

    Source: R. A. Fisher, The Design of Experiments (1935), chapter VI.
    """

    kind: ClassVar[str] = "full"

    first: int = 0
    """Seed of each cell's first trial: a study that is locked after some trials were seen begins beyond them."""

    def begin(self, factors: tuple[Factor, ...], allowed: Allowed) -> tuple[Cell, ...]:
        """Every allowed combination; without factors the one cell there is.

        Args:
            factors: all with levels.
            allowed: which combinations may be run.

        Raises:
            StudyError: a factor has a range, or nothing is allowed.
        """
        for factor in factors:
            if factor.ranged:
                raise StudyError(
                    f"factor {factor.label!r} has a range, of which a full factorial design cannot run every value; give "
                    "levels, or a design that samples: Part(design=Sobol(64))"
                )
        grids = itertools.product(*(factor.levels for factor in factors))
        rows = [dict(zip((factor.label for factor in factors), levels, strict=True)) for levels in grids]
        cells = tuple(Cell(levels, first=self.first) for levels in rows if allowed(levels))
        if not cells:
            raise StudyError(f"the constraint allows none of {len(rows)} combinations of levels; expected at least one")
        return cells
