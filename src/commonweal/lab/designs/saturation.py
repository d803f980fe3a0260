"""A two-stage saturation design: what a treatment does to the treated, to the others, and to whole societies.

Stage one gives societies a saturation, the share of seats that is treated (that hold a certain mind); stage two is the
society's own seating, which draws the seats at random.

Source: M. Hudgens and M. E. Halloran, J. American Statistical Association 103 (2008); S. Baird et al., Review of Economics and
Statistics 100 (2018).
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import ClassVar

from commonweal.core.errors import StudyError
from commonweal.lab.designs.cube import check_counts, make_cells
from commonweal.lab.designs.design import Allowed, Cell, Design
from commonweal.lab.factors import Factor, Level


@dataclasses.dataclass(frozen=True)
class Saturation(Design):
    """Societies at each saturation, crossed with all levels of the other factors.

    A seed is a society. Unless they are matched, each saturation has societies of its own: seeds are drawn from the study's
    name without regard to cells, so handing them out in turn is handing them out at random.

    Source: Hudgens and Halloran (2008).
    """

    kind: ClassVar[str] = "saturation"

    share: str
    """Label of the factor that sets the share of treated seats."""
    treated: str
    """Name of the study's metric that holds the outcome of treated seats."""
    untreated: str
    """Name of the metric that holds the outcome of the other seats."""
    everybody: str
    """Name of the metric that holds the outcome of all seats."""
    levels: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75)
    """Saturations, 0 to 1: 0 and at least one above; spillover is seen below 1 only."""
    replicates: int = 40
    """Societies at each saturation (and each combination of other levels)."""
    matched: bool = False
    """Whether the same seeds are run at every saturation: pairs, as no field experiment has them, which are more precise."""

    def __post_init__(self) -> None:
        """Refuse saturations from which nothing can be told."""
        check_counts(len(self.levels), self.replicates)
        if 0.0 not in self.levels or len(set(self.levels)) < 2 or not all(0.0 <= level <= 1.0 for level in self.levels):
            raise StudyError(
                f"a saturation design with the shares {self.levels}; expected 0, the untreated societies, and at least one "
                "above, at most 1"
            )

    def begin(self, factors: tuple[Factor, ...], allowed: Allowed) -> tuple[Cell, ...]:
        """The cells, the last factor running fastest.

        Args:
            factors: that of the share, with a range or levels, and others with levels.
            allowed: which combinations may be run.

        Raises:
            StudyError: the share is no factor or does not admit a saturation, another factor has a range, or
                nothing is allowed.
        """
        labels = [factor.label for factor in factors]
        if self.share not in labels:
            raise StudyError(
                f"the saturation is set by {self.share!r}, which is no factor; expected one of {', '.join(labels)}"
            )
        for factor in factors:
            wrong = [level for level in self.levels if factor.label == self.share and not factor.admits(level)]
            if wrong or (factor.ranged and factor.label != self.share):
                found = f"does not admit the saturation {wrong[0]:g}" if wrong else "has a range"
                raise StudyError(f"factor {factor.label!r} {found}; expected every saturation of it, and levels of the others")
        grids: list[tuple[Level, ...]] = [
            self.levels if label == self.share else factor.levels for label, factor in zip(labels, factors, strict=True)
        ]
        rows = [dict(zip(labels, row, strict=True)) for row in itertools.product(*grids)]
        rows = [levels for levels in rows if allowed(levels)]
        if not rows:
            raise StudyError("the constraint allows no combination of levels; expected at least one")
        return make_cells(rows, self.replicates, share=len(rows) if self.matched else 1)
