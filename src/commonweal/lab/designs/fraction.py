"""A fraction of all combinations: main effects of many factors from few cells, with a word on what is confused with what."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from commonweal.core.errors import StudyError
from commonweal.lab.designs.cube import check_factors
from commonweal.lab.designs.design import Allowed, Cell, Design
from commonweal.lab.factors import Factor, Level, Levels
from commonweal.statistics.fractions import TwoLevelFraction, find_fraction, find_resolution, read_effect, say_aliases
from commonweal.statistics.multilevel import Rows, find_level_fraction


@dataclasses.dataclass(frozen=True)
class Fraction(Design):
    """Some combinations of levels, chosen so that main effects are as clear as can be.

    Factors of two levels (of a range: its ends) get the regular fraction with least aberration. Where a factor has more, or a
    constraint forbids a run of it, it is an orthogonal array if there is a simple one, else the D-optimal choice of `runs`
    combinations for main effects.

    Source: G. Box and J. Hunter, Technometrics 3 (1961); A. Fries and W. Hunter, Technometrics 22 (1980).
    """

    kind: ClassVar[str] = "fraction"

    runs: int | None = None
    """How many cells; None: as few as the resolution needs, for factors of two levels."""
    resolution: int = 4
    """Where `runs` is None: at least 3 (main effects clear of each other), 4 (and of interactions), 5 (interactions too)."""
    generators: tuple[str, ...] = ()
    """Products of factors that set the last factors, in letters by the factors' order, as in `ABD`; empty: the best ones."""
    seed: int = 0
    """Of the search for a D-optimal choice."""

    def begin(self, factors: tuple[Factor, ...], allowed: Allowed) -> tuple[Cell, ...]:
        """The cells.

        Args:
            factors: with levels, or with ranges, of which the ends are run.
            allowed: which combinations may be run.

        Raises:
            StudyError: there is no factor, or no fraction of the size from which main effects can be told.
        """
        check_factors(factors)
        grids = [_ends(factor) for factor in factors]
        if all(len(levels) == 2 for levels in grids):
            rows = _name(factors, ((self.regular(len(factors)).runs + 1) // 2).astype(np.int64))
            if all(allowed(levels) for levels in rows):
                return tuple(Cell(levels) for levels in rows)
        if self.runs is None or self.generators:
            raise StudyError(
                "a fraction by resolution or generators was asked of factors with more than two levels, or where a constraint "
                "forbids a run of it; expected a number of runs: Fraction(runs=...) finds the best ones that are allowed"
            )

        def allows(rows: Rows) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
            return np.array([allowed(levels) for levels in _name(factors, rows)], dtype=np.bool_)

        every = np.indices([len(levels) for levels in grids]).reshape(len(grids), -1).T if _few(grids) else None
        free = every is not None and bool(allows(every.astype(np.int64)).all())
        fraction = find_level_fraction([len(levels) for levels in grids], self.runs, None if free else allows, self.seed)
        return tuple(Cell(levels) for levels in _name(factors, np.array(fraction.runs, dtype=np.int64)))

    def regular(self, factors: int) -> TwoLevelFraction:
        """The regular fraction of so many factors of two levels.

        Raises:
            StudyError: there is none of this size.
        """
        if self.generators:
            return TwoLevelFraction(factors, tuple(read_effect(text) for text in self.generators))
        return find_resolution(factors, self.resolution) if self.runs is None else find_fraction(factors, self.runs)

    def aliases(self, factors: tuple[Factor, ...]) -> tuple[str, ...]:
        """What is confused with what among factors of two levels, main effects and products of two, one line a group."""
        return say_aliases(self.regular(len(factors)), [factor.label for factor in factors])


def _few(grids: list[tuple[Level, ...]]) -> bool:
    return int(np.prod([len(levels) for levels in grids])) <= 4096


def _ends(factor: Factor) -> tuple[Level, ...]:
    """The levels of a factor, or the ends of its range."""
    if factor.low is None or factor.high is None:
        return factor.levels
    return (int(factor.low), int(factor.high)) if factor.whole else (factor.low, factor.high)


def _name(factors: tuple[Factor, ...], rows: Rows) -> list[Levels]:
    grids = [_ends(factor) for factor in factors]
    return [{factor.label: levels[i] for factor, levels, i in zip(factors, grids, row, strict=True)} for row in rows.tolist()]
