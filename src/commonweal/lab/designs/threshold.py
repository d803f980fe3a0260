"""Threshold: at which value of one factor does the outcome cross a level? Coverage first, then trials near the crossing."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from commonweal.core.errors import StudyError
from commonweal.lab.designs.design import Allowed, Cell, Design, Seen, Stage
from commonweal.lab.factors import Factor, Level, Levels
from commonweal.statistics.inference import Bounds, Column
from commonweal.statistics.sampling import Axis
from commonweal.statistics.thresholds import Scan, next_points

COVERAGE, BOUNDARY = "coverage", "boundary"
"""Why a cell is run: it covers the axis, or it lies near the crossing."""
_FIGURES = 6
"""Significant figures of a place: a level that a reader can type again."""


@dataclasses.dataclass(frozen=True)
class Threshold(Design):
    """Stages of single trials along one factor that has a range; every trial has a seed of its own.

    Each combination of the other factors' levels has a threshold, and trials, of its own. Whole numbers are rounded, and what
    a constraint forbids is left out. The metric must have a finite range with the level inside.

    Source: `commonweal.statistics.thresholds`.
    """

    kind: ClassVar[str] = "threshold"

    factor: str
    """Label of the factor: it has a range."""
    level: float = 0.5
    """The metric's mean at the threshold, in its unit."""
    runs: int = 64
    """Trials for each combination of the other factors' levels."""
    batch: int = 8
    """Trials of a stage, for each combination."""
    outcome: str = ""
    """Name of the metric; empty: the study's primary one."""
    rising: bool | None = None
    """Whether the outcome rises along the factor; None: to be seen from the trials."""
    coverage: int = 8
    """Trials that are spread over the range before the search begins."""

    def __post_init__(self) -> None:
        """Refuse a search without trials. Raises StudyError."""
        if self.batch < 1 or self.coverage < 2 or self.runs < self.coverage:
            raise StudyError(
                f"a threshold is searched by {self.runs} trials, {self.coverage} of them coverage, in batches of {self.batch}; "
                "expected at least 2 of coverage, no fewer in all, and batches of at least 1"
            )

    def begin(self, factors: tuple[Factor, ...], allowed: Allowed) -> tuple[Cell, ...]:
        """The coverage cells of every combination of the other factors' levels.

        Args:
            factors: the one that is searched, with a range, and others with levels.
            allowed: which combinations may be run.

        Raises:
            StudyError: the factor is missing or has levels, another one has a range, or nothing is allowed.
        """
        self._check(factors)
        # Coverage knows of no outcomes yet, so neither does its scan of their range.
        nothing = np.zeros(0)
        places = next_points(nothing, nothing, Scan(0.0, 1.0), self.coverage, self.coverage)
        cells: list[Cell] = []
        for others in self._combinations(factors):
            cells += self._cells(factors, others, places, (COVERAGE,) * places.size, _next_seed(cells), allowed)
        if not cells:
            raise StudyError(
                f"the constraint allows none of {self.coverage} places along {self.factor!r}; expected at least one: widen it, "
                "or narrow the range"
            )
        return tuple(cells)

    def extend(self, seen: Seen) -> Stage | None:
        """The next trials of every combination; None when all runs are done.

        Args:
            seen: all trials so far.

        Raises:
            StudyError: the metric has no finite range, or the level is outside it.
        """
        self.accept(seen.bounds)
        axis = find_line(self._check(seen.factors))
        scan = Scan(0.0, 1.0, self.level, Bounds(*seen.bounds), self.rising)
        cells: list[Cell] = []
        for others in self._combinations(seen.factors):
            own = [i for i, cell in enumerate(seen.cells) if all(cell.levels[label] == others[label] for label in others)]
            asked = min(self.batch, self.runs - sum(seen.cells[i].seeds or 0 for i in own))
            if asked < 1:
                continue
            mask = np.isin(seen.cell, own) & np.isfinite(seen.outcome)
            values = np.array([float(seen.cells[i].levels[self.factor]) for i in seen.cell[mask]])
            places = next_points(axis.locate(values), seen.outcome[mask], scan, asked, self.coverage)
            first = max(0, min(asked, self.coverage - int(mask.sum())))
            why = (COVERAGE,) * first + (BOUNDARY,) * (asked - first)
            cells += self._cells(seen.factors, others, places, why, _next_seed([*seen.cells, *cells]), seen.allowed)
        return Stage(tuple(cells)) if cells else None

    def further(self, factors: tuple[Factor, ...], seeds: int) -> int:
        """The trials after the first stage, where no constraint leaves any out.

        Args:
            factors: what the part varies: each combination of the others has a search of its own.
            seeds: not used: the design says how many trials there are.
        """
        del seeds
        return (self.runs - self.coverage) * len(self._combinations(factors))

    def metric(self, primary: str) -> str:
        """The design's own, or the study's primary one.

        Args:
            primary: the study's primary metric.
        """
        return self.outcome or primary

    def accept(self, bounds: tuple[float, float]) -> None:
        """Refuse a metric without a finite range, or one whose range does not hold the level inside.

        Args:
            bounds: range of the metric.

        Raises:
            StudyError: it is one of these.
        """
        low, high = bounds
        if not (np.isfinite(bounds).all() and low < self.level < high):
            raise StudyError(
                f"a threshold at {self.level:g} is searched of {self.outcome or 'the primary metric'}, which has the range "
                f"{low:g} to {high:g}; expected a finite one with the level inside: name a metric with limits, as in "
                "Threshold(outcome=...), or another level"
            )

    def _check(self, factors: tuple[Factor, ...]) -> Factor:
        """The factor that is searched. Raises StudyError where it, or another one, cannot be what it has to be."""
        own = next((factor for factor in factors if factor.label == self.factor), None)
        if own is None:
            labels = ", ".join(factor.label for factor in factors) or "none"
            raise StudyError(f"the threshold is searched along {self.factor!r}; expected one of the part's factors: {labels}")
        if not own.ranged:
            raise StudyError(
                f"factor {self.factor!r} has levels {own.levels}; a threshold is searched along a range: "
                f"Factor({self.factor!r}, lens, low=..., high=...)"
            )
        for factor in factors:
            if factor is not own and factor.ranged:
                raise StudyError(
                    f"factor {factor.label!r} has a range as {self.factor!r} has; give it levels, each with a threshold of its "
                    "own, or use Zoom, which searches several ranges"
                )
        return own

    def _combinations(self, factors: tuple[Factor, ...]) -> list[dict[str, Level]]:
        others = [factor for factor in factors if factor.label != self.factor]
        grids = itertools.product(*(factor.levels for factor in others))
        return [dict(zip((factor.label for factor in others), levels, strict=True)) for levels in grids]

    def _cells(
        self,
        factors: tuple[Factor, ...],
        others: Levels,
        places: Column,
        why: Sequence[str],
        first: int,
        allowed: Allowed,
    ) -> list[Cell]:
        """Cells at places of the axis, one a level: a level that is asked for twice has two trials."""
        own = self._check(factors)
        trials: dict[Level, list[str]] = {}
        for level, reason in zip(find_values(own, places), why, strict=True):
            trials.setdefault(level, []).append(reason)
        cells: list[Cell] = []
        for level, reasons in trials.items():
            levels = {factor.label: level if factor is own else others[factor.label] for factor in factors}
            if allowed(levels):
                cells.append(Cell(levels, len(reasons), first, reasons[0]))
                first += len(reasons)
        return cells


def find_line(factor: Factor) -> Axis:
    """The axis of a factor with a range, even where it holds whole numbers only: a threshold lies between two of these.

    Args:
        factor: with a range.
    """
    assert factor.low is not None
    assert factor.high is not None
    return Axis(float(factor.low), float(factor.high), False, factor.logarithmic)


def find_values(factor: Factor, places: Column) -> list[Level]:
    """The values of a factor at places of its axis in [0, 1], rounded. [k]

    Args:
        factor: with a range.
        places: lengths of the axis. [k]
    """
    line = find_line(factor)
    values = line.place(places).tolist()
    if factor.whole:
        return [round(value) for value in values]
    return [min(max(float(f"{value:.{_FIGURES}g}"), line.low), line.high) for value in values]


def _next_seed(cells: Sequence[Cell]) -> int:
    """The first seed that no cell has."""
    return max((cell.first + (cell.seeds or 0) for cell in cells), default=0)
