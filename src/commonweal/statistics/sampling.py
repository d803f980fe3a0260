"""Where to look in a space of start states: points of the unit cube that fill it evenly, and how well they do.

A design draws points of the cube and places each on the axes of a space: numbers (evenly, or evenly in the logarithm), whole
numbers, and levels. A longer Sobol sequence begins with the shorter one, so a study that is continued keeps its points; what a
constraint forbids is passed over, which keeps that true.

Letters: `n` points, `d` dimensions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.spatial.distance import pdist
from scipy.stats import qmc

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Column

Points: TypeAlias = NDArray[np.float64]
"""Points of the unit cube, each coordinate in [0, 1). [n, d]"""

Allows: TypeAlias = Callable[[Points], NDArray[np.bool_]]
"""Which of some points [n, d] are allowed. [n]"""

LEAST_ALLOWED = 0.01
"""A space of which a constraint leaves less than this share is refused: describe it by other factors."""
_FEW = 2048
"""With few points wanted, as many are tried before a space is refused."""
_REFERENCE = 4096
"""Points that stand for the whole space where coverage is measured."""


@dataclass(frozen=True)
class Axis:
    """One dimension of a space: a range of numbers, or a number of levels."""

    low: float = 0.0
    """Least value."""
    high: float = 1.0
    """Greatest value."""
    whole: bool = False
    """Whether it holds whole numbers only."""
    logarithmic: bool = False
    """Whether it is even in the logarithm; `low` is then above 0."""
    levels: int = 0
    """Number of levels, each as likely; 0: a range."""
    ordered: bool = True
    """Whether neighbouring levels are closer than others."""

    def place(self, unit: Column) -> Column:
        """Values at coordinates in [0, 1): numbers of the range, or numbers of levels from 0. [n]"""
        if self.levels:
            return np.minimum(np.floor(unit * self.levels), self.levels - 1)
        # A whole number owns as much of the axis as any other, so the range ends one above the last.
        high = self.high + 1 if self.whole else self.high
        value = self.low * (high / self.low) ** unit if self.logarithmic else self.low + (high - self.low) * unit
        return np.clip(np.floor(value) if self.whole else value, self.low, self.high)

    def locate(self, values: Column) -> Column:
        """Coordinates of values, at the middle of what a whole number or a level owns of the axis. [n]"""
        if self.levels:
            return (values + 0.5) / self.levels
        high = self.high + 1 if self.whole else self.high
        middle = values + 0.5 if self.whole else values
        if self.logarithmic:
            return np.log(middle / self.low) / math.log(high / self.low)
        return (middle - self.low) / (high - self.low)


def draw_sobol(points: int, dimensions: int, seed: int = 0, skip: int = 0) -> Points:
    """Points of a scrambled Sobol sequence, [n, d].

    A longer sequence of one seed begins with the shorter one, and `skip` continues it exactly.

    Args:
        points: how many.
        dimensions: of the cube.
        seed: of the scrambling.
        skip: points of the sequence that are passed over: those that are there.

    Source: I. Sobol, USSR Comput. Math. Math. Phys. 7 (1967); scrambling after J. Matousek, J. Complexity 14 (1998).
    """
    if points == 0:
        return np.zeros((0, dimensions))
    engine = qmc.Sobol(dimensions, scramble=True, bits=32, rng=np.random.default_rng(seed))
    if skip:
        return engine.fast_forward(skip).random(points)
    return engine.random(2 ** math.ceil(math.log2(points)))[:points]


def draw_latin_hypercube(points: int, dimensions: int, seed: int = 0, draws: int = 32) -> Points:
    """A Latin hypercube, [n, d]: cut in n slices, each axis has one point in every slice.

    Of several draws the one is taken whose closest two points are farthest apart (maximin).

    Args:
        points: how many.
        dimensions: of the cube.
        seed: of the draws.
        draws: how many are compared.

    Source: M. McKay, R. Beckman and W. Conover, Technometrics 21 (1979); maximin after M. Johnson, L. Moore and D. Ylvisaker,
    J. Statistical Planning and Inference 26 (1990), among random hypercubes.
    """
    rng = np.random.default_rng(seed)
    found = [qmc.LatinHypercube(dimensions, rng=rng).random(points) for _ in range(max(1, draws))]
    return max(found, key=_closest) if points > 1 else found[0]


def _closest(points: Points) -> float:
    return float(pdist(points).min()) if len(points) <= 512 else float(KDTree(points).query(points, k=2)[0][:, 1].min())


def draw_allowed(points: int, dimensions: int, allows: Allows, seed: int = 0) -> Points:
    """The first points of a scrambled Sobol sequence that are allowed, [n, d]: a longer sequence begins with the shorter one.

    Args:
        points: how many.
        dimensions: of the cube.
        allows: which points are allowed; asked of the sequence from its start, in order and each point once.
        seed: of the scrambling.

    Raises:
        StudyError: less than 1 % of the space seems to be allowed.
    """
    found: list[Points] = []
    drawn = kept = 0
    limit = max(_FEW, math.ceil(points / LEAST_ALLOWED))
    size = 2 ** math.ceil(math.log2(max(points, 2)))
    while kept < points and drawn < limit:
        chunk = draw_sobol(size, dimensions, seed, skip=drawn)
        mask = allows(chunk)
        found.append(chunk[mask])
        drawn, kept = drawn + size, kept + int(mask.sum())
        size = min(drawn, 2**16)
    if kept < points:
        raise StudyError(
            f"{kept} of {drawn} points of the space were allowed (each combination once) where {points} are wanted; expected "
            "at least 1 % of the space: choose narrower ranges or other factors for it, or ask for fewer points"
        )
    return np.concatenate(found)[:points]


def embed(points: Points, axes: Sequence[Axis]) -> Points:
    """Points with unordered levels spread over dimensions of their own, so that any two differ by 1. [n, d and more]"""
    columns: list[NDArray[np.float64]] = []
    for axis, unit in zip(axes, points.T, strict=True):
        if not axis.levels:
            columns.append(unit[:, None])
        elif axis.ordered:
            columns.append(axis.locate(axis.place(unit))[:, None])
        else:
            columns.append(np.eye(axis.levels)[axis.place(unit).astype(np.int64)] / math.sqrt(2))
    return np.concatenate(columns, axis=1)


@dataclass(frozen=True)
class Coverage:
    """How well points fill the allowed part of a space whose axes have length 1 (two unordered levels differ by 1)."""

    points: int
    """How many there are."""
    dimensions: int
    """Of the space."""
    dispersion: float
    """Distance from the points of what is farthest from all of them: radius of the largest empty ball."""
    typical: float
    """Mean distance from a place in the space to the nearest point."""
    within: float
    """A distance."""
    share: float
    """Share of the space that has a point within that distance."""
    even_share: float
    """That share for as many points of a Sobol sequence, which is as good as can be had without looking."""
    discrepancy: float
    """Centred L2 discrepancy, 0 for perfectly even; NaN where a constraint or a factor's levels leave gaps by themselves."""
    allowed: float
    """Share of the cube that the constraint allows."""


def measure_coverage(
    points: Points, axes: Sequence[Axis], allows: Allows | None = None, within: float | None = None
) -> Coverage:
    """How well points [n, d] cover the allowed space, measured at 4,096 places of it (Sobol).

    Args:
        points: the points, by their coordinates.
        axes: of the space.
        allows: the constraint; None: all is allowed.
        within: a distance; None: a tenth of the cube's diagonal.

    Raises:
        StudyError: there are no points, or the constraint allows less than 1 % of the space.

    Source: H. Niederreiter, Random Number Generation and Quasi-Monte Carlo Methods (1992), chapter 6, for dispersion;
    F. Hickernell, Mathematics of Computation 67 (1998), for the centred discrepancy.
    """
    if len(points) == 0:
        raise StudyError("coverage was asked of no points; expected at least one: run the study first")
    d = len(axes)
    radius = 0.1 * math.sqrt(d) if within is None else within
    tried = draw_sobol(_REFERENCE, d, seed=1)
    share_allowed = 1.0 if allows is None else float(allows(tried).mean())
    places = embed(tried if allows is None else draw_allowed(_REFERENCE, d, allows, seed=1), axes)
    others = draw_sobol(len(points), d) if allows is None else draw_allowed(len(points), d, allows)
    distance = _nearest(embed(points, axes), places)
    gaps = allows is not None or any(axis.levels for axis in axes)
    return Coverage(
        points=len(points),
        dimensions=d,
        dispersion=float(distance.max()),
        typical=float(distance.mean()),
        within=radius,
        share=float((distance <= radius).mean()),
        even_share=float((_nearest(embed(others, axes), places) <= radius).mean()),
        discrepancy=math.nan if gaps else float(qmc.discrepancy(np.clip(points, 0.0, 1.0), method="CD")),
        allowed=share_allowed,
    )


def _nearest(points: Points, places: Points) -> Column:
    return np.asarray(KDTree(points).query(places)[0], dtype=np.float64)
