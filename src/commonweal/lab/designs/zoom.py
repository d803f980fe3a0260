"""Zoom: where does the outcome flip? Coverage first, then half coverage and half search along the boundary, stage by stage."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from commonweal.core.errors import StudyError
from commonweal.lab.designs.cube import check_factors, constrain, find_axes, find_levels, sort_levels
from commonweal.lab.designs.design import Allowed, Cell, Design, Seen, Stage
from commonweal.lab.factors import Factor
from commonweal.statistics import zoom
from commonweal.statistics.inference import Bounds
from commonweal.statistics.sampling import Points
from commonweal.statistics.zoom import Batch, ZoomRule

_GRID = 2.0**30
"""Sobol points are multiples of 1 over this, so a coordinate is found again exactly from the value that it stood for."""


@dataclasses.dataclass(frozen=True)
class Zoom(Design):
    """Stages of cells near the place where the mean of a metric crosses a level; every trial has a seed of its own.

    The metric must have a finite range. The coverage cells alone are the control arm that the report shows beside the whole.

    Source: `commonweal.statistics.zoom`.
    """

    kind: ClassVar[str] = "zoom"

    level: float = 0.5
    """The metric's mean at the boundary, in its unit."""
    runs: int = 192
    """Trials in all."""
    outcome: str = ""
    """Name of the metric; empty: the study's primary one."""
    batch: int = 32
    """Trials of a stage, once there is a search."""
    replicates: int = 2
    """Trials of each cell, at least 2: noise is measured too."""
    first: int = 128
    """Trials before the search begins."""
    confirm: float = 0.125
    """Share of the later trials that are fresh seeds on the boundary."""
    seed: int = 0
    """Of the Sobol sequence."""

    def __post_init__(self) -> None:
        """Refuse what cannot be searched. Raises StudyError."""
        self.rule  # noqa: B018 - it checks itself

    @property
    def rule(self) -> ZoomRule:
        """How the boundary is searched."""
        return ZoomRule(self.level, self.runs, self.batch, self.replicates, min(self.first, self.runs), self.confirm, self.seed)

    def begin(self, factors: tuple[Factor, ...], allowed: Allowed) -> tuple[Cell, ...]:
        """The first coverage cells.

        Args:
            factors: with ranges or levels.
            allowed: which combinations may be run.

        Raises:
            StudyError: there is no factor, or less than 1 % of the space is allowed.
        """
        check_factors(factors)
        nothing = np.zeros(0, np.int64)
        seen = zoom.Seen(
            find_axes(factors),
            np.zeros((0, len(factors))),
            (),
            nothing,
            np.zeros(0),
            None,
            Bounds(min(0.0, self.level), max(1.0, self.level)),
            constrain(factors, allowed),
        )
        return _cells(factors, zoom.next_batch(seen, self.rule))

    def extend(self, seen: Seen) -> Stage | None:
        """The next cells; None when all runs are done.

        Args:
            seen: all trials so far.

        Raises:
            StudyError: the metric has no finite range.
        """
        self.accept(seen.bounds)
        told = zoom.Seen(
            axes=find_axes(seen.factors),
            points=find_points(seen.factors, seen.cells),
            why=tuple(_why(cell) for cell in seen.cells),
            point=seen.cell,
            outcome=seen.outcome,
            cost=seen.seconds,
            bounds=Bounds(*seen.bounds),
            allows=constrain(seen.factors, seen.allowed),
        )
        batch = zoom.next_batch(told, self.rule)
        return Stage(_cells(seen.factors, batch)) if len(batch.why) else None

    def accept(self, bounds: tuple[float, float]) -> None:
        """Refuse a metric without limits, or one that cannot cross the level.

        Args:
            bounds: range of the metric.

        Raises:
            StudyError: the range is not finite, or the level does not lie inside it.
        """
        if not np.isfinite(bounds).all() or not bounds[0] < self.level < bounds[1]:
            raise StudyError(
                f"the zoom looks where {self.outcome or 'the primary metric'} crosses {self.level:g}, and its range is "
                f"{bounds[0]:g} to {bounds[1]:g}; expected finite limits with the level between them: name another metric or "
                "level, as in Zoom(level=..., outcome=...)"
            )

    def further(self, factors: tuple[Factor, ...], seeds: int) -> int:
        """The trials after the first stage.

        Args:
            factors: not used: the zoom says how many trials there are.
            seeds: not used, likewise.
        """
        del factors, seeds
        return max(self.runs - min(self.first, self.runs), 1)

    def metric(self, primary: str) -> str:
        """The zoom's own, or the study's primary one.

        Args:
            primary: the study's primary metric.
        """
        return self.outcome or primary


def find_points(factors: tuple[Factor, ...], cells: tuple[Cell, ...]) -> Points:
    """The points of the unit cube that cells stand for, exactly as they were drawn. [k, d]

    Args:
        factors: of the part.
        cells: of the part.
    """
    columns: list[np.ndarray] = []
    for factor, axis in zip(factors, find_axes(factors), strict=True):
        if factor.ranged:
            values = np.array([float(cell.levels[factor.label]) for cell in cells])
            unit = axis.locate(values)
            columns.append(unit if factor.whole else np.round(unit * _GRID) / _GRID)
        else:
            order = sort_levels(factor)
            columns.append(axis.locate(np.array([float(order.index(cell.levels[factor.label])) for cell in cells])))
    return np.stack(columns, axis=1) if columns else np.zeros((len(cells), 0))


def _cells(factors: tuple[Factor, ...], batch: Batch) -> tuple[Cell, ...]:
    rows = zip(find_levels(factors, batch.points), batch.replicates, batch.first, batch.why, strict=True)
    return tuple(Cell(levels, int(count), int(first), why) for levels, count, first, why in rows)


def _why(cell: Cell) -> zoom.Why:
    if cell.why == "boundary" or cell.why == "confirm":
        return cell.why
    return "coverage"
