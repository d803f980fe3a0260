"""How much of the space of start states a part has looked at, and where its later stages went.

The space is the box of all factors' ranges and levels. What a constraint forbids counts as not looked at, since a plan does not
hold the constraint itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from commonweal.analysis.plans import Cell, Factor, Part
from commonweal.analysis.trials import Trials
from commonweal.statistics.fractions import say_confused
from commonweal.statistics.sampling import Axis, Points, measure_coverage


@dataclass(frozen=True)
class Span:
    """Where cells lie along one factor whose levels are numbers."""

    factor: str
    """Label of the factor."""
    low: float
    """Least level."""
    middle: float
    """Median level."""
    high: float
    """Greatest level."""


@dataclass(frozen=True)
class Visit:
    """The cells that one stage added for one reason."""

    stage: int
    """0 for those of the plan, else the later stage."""
    why: str
    """`coverage`, `boundary`, `held out`; empty in a plain design."""
    cells: int
    """Cells with at least one finished trial."""
    trials: int
    """Finished trials of these cells."""
    spans: tuple[Span, ...]
    """Where they lie."""


@dataclass(frozen=True)
class StartCoverage:
    """What a part has seen of its space of start states."""

    part: str
    """Name of the part."""
    design: str
    """Kind of its design."""
    factors: tuple[str, ...]
    """Labels of the factors that have a range or several levels; the space has an axis of length 1 for each."""
    cells: int
    """Cells with at least one finished trial."""
    planned: int
    """Cells that were planned."""
    share: float
    """Share of the space that has a cell within `within`."""
    within: float
    """A tenth of the space's diagonal; two words differ by 1."""
    even_share: float
    """What that share would be for as many points of a Sobol sequence."""
    dispersion: float
    """Distance to the nearest cell from the place that is farthest from all."""
    typical: float
    """Mean distance to the nearest cell."""
    discrepancy: float | None
    """Centred L2 discrepancy, 0 for perfectly even; None where a factor has levels."""
    visits: tuple[Visit, ...]
    """Which stage looked where, in order."""
    aliases: tuple[str, ...] = ()
    """Of a fraction of two levels each: which effects of one or two factors cannot be told apart."""


def find_axis(factor: Factor) -> Axis:
    """The axis of a factor: its range, or its levels, which have an order where they are numbers."""
    if factor.low is not None and factor.high is not None:
        return Axis(factor.low, factor.high, factor.whole, factor.logarithmic)
    return Axis(levels=len(factor.levels), ordered=not any(isinstance(level, str) for level in factor.levels))


def locate_cells(factors: tuple[Factor, ...], cells: tuple[Cell, ...]) -> Points:
    """Where cells lie in the unit cube of some factors, [n, d]."""
    columns: list[np.ndarray[tuple[int], np.dtype[np.float64]]] = []
    for factor in factors:
        levels = [cell.levels[factor.label] for cell in cells]
        if factor.low is None:
            words = any(isinstance(level, str) for level in factor.levels)
            order = list(factor.levels) if words else sorted(factor.levels, key=float)
            levels = [order.index(level) for level in levels]
        columns.append(find_axis(factor).locate(np.array(levels, dtype=np.float64)))
    return np.column_stack(columns)


def find_coverage(trials: Trials, part: Part) -> StartCoverage | None:
    """The coverage of a part's space; None where nothing varies or no trial is finished.

    Args:
        trials: the table of the run.
        part: the part.

    Source: H. Niederreiter, Random Number Generation and Quasi-Monte Carlo Methods (1992), chapter 6.
    """
    factors = tuple(factor for factor in part.factors if factor.low is not None or len(factor.levels) > 1)
    own = trials.cell[trials.part == part.name]
    seen = tuple(cell for cell in part.cells if cell.cell in set(own.tolist()))
    if not factors or not seen:
        return None
    found = measure_coverage(locate_cells(factors, seen), [find_axis(factor) for factor in factors])
    counts = dict(zip(*(column.tolist() for column in np.unique(own, return_counts=True)), strict=True))
    return StartCoverage(
        part=part.name,
        design=str(part.design.get("kind", "full")),
        factors=tuple(factor.label for factor in factors),
        cells=len(seen),
        planned=len(part.cells),
        share=found.share,
        within=found.within,
        even_share=found.even_share,
        dispersion=found.dispersion,
        typical=found.typical,
        discrepancy=None if math.isnan(found.discrepancy) else found.discrepancy,
        visits=_visits(factors, seen, counts),
        aliases=_aliases(factors, seen) if part.design.get("kind") == "fraction" else (),
    )


def _aliases(factors: tuple[Factor, ...], seen: tuple[Cell, ...]) -> tuple[str, ...]:
    places = locate_cells(factors, seen)
    low, high = places.min(axis=0), places.max(axis=0)
    if not ((places == low) | (places == high)).all():
        return ()
    return say_confused(np.where(places == high, 1, -1).astype(np.int8), [factor.label for factor in factors])


def _visits(factors: tuple[Factor, ...], seen: tuple[Cell, ...], counts: dict[int, int]) -> tuple[Visit, ...]:
    groups: dict[tuple[int, str], list[Cell]] = {}
    for cell in seen:
        groups.setdefault((cell.stage, cell.why), []).append(cell)
    found: list[Visit] = []
    for (stage, why), cells in sorted(groups.items()):
        spans: list[Span] = []
        for factor in factors:
            numbers = [level for cell in cells if isinstance(level := cell.levels[factor.label], float)]
            if len(numbers) == len(cells):
                spans.append(Span(factor.label, min(numbers), float(np.median(numbers)), max(numbers)))
        found.append(Visit(stage, why, len(cells), sum(counts[cell.cell] for cell in cells), tuple(spans)))
    return tuple(found)
