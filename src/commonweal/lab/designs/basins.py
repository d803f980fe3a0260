"""Basins: does where a society ends depend on where it starts? Every setting is run from two start states."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from commonweal.core.errors import StudyError
from commonweal.lab.designs.design import Allowed, Cell, Design
from commonweal.lab.designs.full import Full
from commonweal.lab.factors import Factor

LEAST_SETTINGS = 3
"""Settings along which a loop can be seen."""


@dataclasses.dataclass(frozen=True)
class Basins(Design):
    """The full factorial of a setting and two start states, with the same seeds everywhere: one seed's societies are a sweep.

    Give the part 20 seeds or more, so that two modes at one setting can be told from one.

    Source: M. Scheffer et al., Nature 413 (2001); `commonweal.statistics.basins`.
    """

    kind: ClassVar[str] = "basins"

    along: str
    """Label of the factor that may tip the society: at least 3 levels, all numbers."""
    start: str
    """Label of the factor with two levels: the first puts the society into the basin of the lowest level of `along`, the
    second into that of the highest."""
    outcome: str = ""
    """Name of the metric, best a continuous one that is the order parameter; empty: the study's primary one."""
    level: float | None = None
    """The outcome that parts the basins; None: the middle between the means of the two ends."""
    first: int = 0
    """Seed of each cell's first trial, as in `Full`."""

    def begin(self, factors: tuple[Factor, ...], allowed: Allowed) -> tuple[Cell, ...]:
        """Every allowed combination of levels, the last factor running fastest.

        Args:
            factors: all with levels.
            allowed: which combinations may be run.

        Raises:
            StudyError: one of the two factors is missing or has other levels than it has to have, or nothing is allowed.
        """
        found = {factor.label: factor for factor in factors}
        for label in (self.along, self.start):
            if label not in found or self.along == self.start:
                raise StudyError(
                    f"basins are looked for along {self.along!r} from {self.start!r}; expected two of the part's factors: "
                    f"{', '.join(found) or 'none'}"
                )
        along, start = found[self.along], found[self.start]
        if along.ranged or not along.numeric or len(along.levels) < LEAST_SETTINGS:
            raise StudyError(
                f"basins are looked for along {self.along!r} with levels {along.levels}; expected at least {LEAST_SETTINGS} "
                "numbers, as in 0.0, 0.1, 0.2, 0.3"
            )
        if len(start.levels) != 2:
            raise StudyError(
                f"basins start from {self.start!r} with levels {start.levels}; expected two: the one that belongs to the "
                f"lowest {self.along}, then the one that belongs to the highest"
            )
        return Full(self.first).begin(factors, allowed)

    def metric(self, primary: str) -> str:
        """The design's own, or the study's primary one.

        Args:
            primary: the study's primary metric.
        """
        return self.outcome or primary
