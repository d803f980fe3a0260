"""From points of the unit cube to cells of a part: each coordinate is placed on the axis of a factor."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from commonweal.core.errors import StudyError
from commonweal.lab.designs.design import Allowed, Cell
from commonweal.lab.factors import Factor, Level, Levels
from commonweal.statistics.sampling import Allows, Axis, Points


def find_axes(factors: tuple[Factor, ...]) -> tuple[Axis, ...]:
    """The axis of each factor: its range, or its levels, which have an order where they are numbers. [d]"""
    return tuple(
        Axis(levels=len(factor.levels), ordered=factor.numeric)
        if factor.low is None or factor.high is None
        else Axis(float(factor.low), float(factor.high), factor.whole, factor.logarithmic)
        for factor in factors
    )


def find_levels(factors: tuple[Factor, ...], points: Points) -> list[Levels]:
    """The levels at points of the cube [n, d], by label; levels that are numbers stand on their axis in order. [n]"""
    columns: list[list[Level]] = []
    for factor, axis, unit in zip(factors, find_axes(factors), points.T, strict=True):
        values = axis.place(np.ascontiguousarray(unit)).tolist()
        if factor.ranged:
            columns.append([int(value) if factor.whole else value for value in values])
        else:
            levels = sort_levels(factor)
            columns.append([levels[int(value)] for value in values])
    labels = [factor.label for factor in factors]
    return [dict(zip(labels, row, strict=True)) for row in zip(*columns, strict=True)]


def sort_levels(factor: Factor) -> tuple[Level, ...]:
    """A factor's levels in the order of their axis."""
    numbers = [level for level in factor.levels if isinstance(level, (int, float))]
    return tuple(sorted(numbers)) if factor.numeric else factor.levels


class Fresh:
    """Which points of the cube may be run and are not there yet: what a constraint allows, each combination once.

    It is asked point by point in the order of a sequence, so that a longer sequence keeps the cells of a shorter one.
    """

    def __init__(self, factors: tuple[Factor, ...], allowed: Allowed) -> None:
        """Begin with nothing seen.

        Args:
            factors: what the part varies.
            allowed: the constraint.
        """
        self._factors, self._allowed = factors, allowed
        self._seen: set[tuple[Level, ...]] = set()

    def __call__(self, points: Points) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which of these points [n, d] are allowed and new; they count as seen. [n]"""
        return np.fromiter((self._take(levels) for levels in find_levels(self._factors, points)), np.bool_, len(points))

    def _take(self, levels: Levels) -> bool:
        combination = tuple(levels.values())
        if combination in self._seen or not self._allowed(levels):
            return False
        self._seen.add(combination)
        return True


def constrain(factors: tuple[Factor, ...], allowed: Allowed) -> Allows:
    """A constraint on levels as one on points of the cube [n, d]."""
    return lambda points: np.fromiter((allowed(levels) for levels in find_levels(factors, points)), np.bool_, len(points))


def make_cells(rows: Iterable[Levels], replicates: int | None, share: int = 1) -> tuple[Cell, ...]:
    """A cell a row of levels.

    Args:
        rows: levels of each cell.
        replicates: trials a cell, with fresh seeds; None: as many as the part says, with the same seeds everywhere.
        share: how many rows in turn share their seeds, and so their random draws.
    """
    if replicates is None:
        return tuple(Cell(levels) for levels in rows)
    return tuple(Cell(levels, replicates, number // share * replicates) for number, levels in enumerate(rows))


def check_counts(points: int, replicates: int | None) -> None:
    """Refuse a sample without points or without trials.

    Raises:
        StudyError: one of them is below 1.
    """
    if points < 1 or (replicates is not None and replicates < 1):
        raise StudyError(f"a design of {points} points with {replicates} trials each; expected at least 1 of each")


def check_factors(factors: tuple[Factor, ...]) -> None:
    """Refuse a part in which nothing varies.

    Raises:
        StudyError: there is no factor.
    """
    if not factors:
        raise StudyError("a design that samples was given no factors; expected at least one, with a range or levels")
