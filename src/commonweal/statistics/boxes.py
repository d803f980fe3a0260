"""A region in words: a box of few limits that holds most of what is of interest and little else.

Patient rule induction. From the whole space a thin slice at a time is peeled off the side where it loses least; what was
peeled too far is pasted back. Every box on the way trades density (share of the box that is of interest) against coverage
(share of what is of interest that is in the box). The best by the harmonic mean of the two is taken, then limits that might be
there by chance are dropped, and the others are moved to the roundest number that leaves the box's trials the same.

Letters: `r` trials, `d` dimensions.

Source: J. Friedman and N. Fisher, Bump hunting in high-dimensional data, Statistics and Computing 9 (1999); density, coverage
and quasi-p after B. Bryant and R. Lempert, Technological Forecasting and Social Change 77 (2010); gain by trial peeled after
J. Kwakkel and M. Jaxa-Rozen, Environmental Modelling and Software 79 (2016).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Column, is_binary
from commonweal.statistics.sampling import Axis, Points

Values: TypeAlias = NDArray[np.float64]
"""Trials by axis, in the axis's unit; a level by its number. [r, d]"""

Flags: TypeAlias = NDArray[np.bool_]
"""One truth value a trial. [r]"""


@dataclass(frozen=True)
class BoxRule:
    """How patiently a box is sought."""

    peel: float = 0.05
    """Share of the box's trials in a slice."""
    least: float = 0.02
    """Share of all trials that a box has at least; never fewer than 10 trials."""
    chance: float = 0.05
    """A limit with a quasi-p above this is dropped."""

    def __post_init__(self) -> None:
        """Refuse shares that peel nothing or everything."""
        if not (0 < self.peel < 0.5 and 0 < self.least < 1 and 0 < self.chance <= 1):
            raise StudyError(
                f"a box was sought with peel {self.peel}, least {self.least} and chance {self.chance}; expected "
                "0 < peel < 0.5, 0 < least < 1, 0 < chance <= 1"
            )


@dataclass(frozen=True)
class Limit:
    """What a box asks of one axis."""

    axis: int
    """Number of the axis."""
    low: float = -math.inf
    """Least value, in the axis's unit; -inf: no lower limit."""
    high: float = math.inf
    """Greatest value; inf: no upper limit."""
    levels: tuple[int, ...] = ()
    """Numbers of the levels it holds, on an axis of unordered levels; empty: there `low` and `high` count."""
    quasi_p: float = math.nan
    """Chance of a density as high as the box's if this limit did nothing: it was sought for, so it is no p-value."""

    def holds(self, values: Column) -> Flags:
        """Whether values of its axis are within. [r]"""
        return np.isin(values, self.levels) if self.levels else (values >= self.low) & (values <= self.high)


@dataclass(frozen=True)
class Box:
    """A region: all limits at once."""

    limits: tuple[Limit, ...]
    """One an axis at most; empty: the whole space."""
    density: float
    """Share of its trials that are of interest."""
    coverage: float
    """Share of the trials of interest that it holds."""
    support: float
    """Share of all trials that it holds."""
    trials: int
    """Trials it holds."""

    @property
    def merit(self) -> float:
        """Harmonic mean of density and coverage, in [0, 1]."""
        return 2 * self.density * self.coverage / (self.density + self.coverage) if self.density + self.coverage > 0 else 0.0

    def holds(self, points: Points, axes: Sequence[Axis]) -> Flags:
        """Which points [r, d] are inside. [r]"""
        return _inside(self.limits, place_all(points, axes))


@dataclass(frozen=True)
class Peeling:
    """The boxes on the way, and the one taken."""

    path: tuple[Box, ...]
    """From the whole space to the smallest box, as peeled and pasted."""
    best: Box
    """The best of them, with limits dropped and rounded."""


def place_all(points: Points, axes: Sequence[Axis]) -> Values:
    """Points [r, d] in the axes' units. [r, d]"""
    return np.stack([axis.place(unit) for axis, unit in zip(axes, points.T, strict=True)], axis=1)


def find_box(points: Points, interest: Column, axes: Sequence[Axis], rule: BoxRule | None = None) -> Peeling:
    """The box that best describes where trials are of interest.

    Args:
        points: coordinates of each trial. [r, d]
        interest: 1 where a trial is of interest, else 0. [r]
        axes: of the space. [d]
        rule: how patiently; None: the default.

    Raises:
        StudyError: the column is not 0 and 1, or nothing is of interest.
    """
    if not is_binary(interest) or not interest.any():
        raise StudyError(
            f"a box was asked for among {interest.size} trials of which {float(np.sum(interest)):g} are of interest; expected "
            "a column of 0 and 1 with at least one 1: compare a continuous outcome with its level first"
        )
    values, wanted, used = place_all(points, axes), interest.astype(bool), rule or BoxRule()
    path = [measure_box((), values, wanted)]
    while (box := _peel(path[-1], values, wanted, axes, used)) is not None:
        path.append(box)
    best = max(path, key=lambda box: box.merit)
    while (box := _adjust(best, values, wanted, used)) is not None:
        path.append(box)
        best = box
    best = _drop(best, values, wanted, used)
    limits = tuple(_round(best, limit, values, axes[limit.axis]) for limit in best.limits)
    return Peeling(tuple(path), _test(measure_box(limits, values, wanted), values, wanted))


def measure_box(limits: Sequence[Limit], values: Values, interest: Flags) -> Box:
    """Density, coverage and support of limits on trials, which may be others than those they were found on.

    Args:
        limits: one an axis at most.
        values: of the trials, in the axes' units. [r, d]
        interest: whether each trial is of interest. [r]
    """
    inside = _inside(limits, values)
    hits, trials = int((inside & interest).sum()), int(inside.sum())
    return Box(
        limits=tuple(limits),
        density=hits / trials if trials else 0.0,
        coverage=hits / max(int(interest.sum()), 1),
        support=trials / max(len(values), 1),
        trials=trials,
    )


def _inside(limits: Sequence[Limit], values: Values) -> Flags:
    inside = np.ones(len(values), bool)
    for limit in limits:
        inside &= limit.holds(values[:, limit.axis])
    return inside


def _with(limits: Sequence[Limit], limit: Limit) -> tuple[Limit, ...]:
    """Limits with that of one axis replaced."""
    return tuple(sorted([*(other for other in limits if other.axis != limit.axis), limit], key=lambda one: one.axis))


def _peel(box: Box, values: Values, interest: Flags, axes: Sequence[Axis], rule: BoxRule) -> Box | None:
    """The box after its best slice is off; None: no slice gains, or too little would be left."""
    inside = values[_inside(box.limits, values)]
    least = max(rule.least * len(values), 10)
    best, gain = None, 0.0
    for number, axis in enumerate(axes):
        for limit in _slices(box, number, axis, inside[:, number], rule.peel):
            found = measure_box(_with(box.limits, limit), values, interest)
            if least <= found.trials < box.trials:
                gained = (found.density - box.density) / (box.trials - found.trials)
                if gained > gain:
                    best, gain = found, gained
    return best


def _slices(box: Box, number: int, axis: Axis, inside: Column, share: float) -> Iterator[Limit]:
    old = next((limit for limit in box.limits if limit.axis == number), Limit(number))
    levels = np.unique(inside)
    if len(levels) < 2:
        return
    if axis.levels and not axis.ordered:
        for level in levels:
            yield Limit(number, levels=tuple(int(other) for other in levels if other != level))
        return
    ordered = np.sort(inside)
    cut = max(int(share * len(ordered)), 1)
    # Values that are alike go together: at least the outermost one, else as many as fit in a slice.
    yield replace(old, low=float(ordered[cut] if ordered[cut] > ordered[0] else levels[1]))
    yield replace(old, high=float(ordered[-1 - cut] if ordered[-1 - cut] < ordered[-1] else levels[-2]))


def _adjust(box: Box, values: Values, interest: Flags, rule: BoxRule) -> Box | None:
    """The box with one limit moved out, or in again, by a slice or one value, where that is best; None: nowhere better."""
    least = max(rule.least * len(values), 10)
    best = None
    for limit in box.limits:
        others = [other for other in box.limits if other.axis != limit.axis]
        column = values[_inside(others, values), limit.axis]
        for moved in _moves(limit, column, max(int(rule.peel * box.trials), 1)):
            found = measure_box(_with(box.limits, moved), values, interest)
            if found.merit > (best or box).merit + 1e-12 and found.trials >= least:
                best = found
    return best


def _moves(limit: Limit, column: Column, slice_size: int) -> Iterator[Limit]:
    if limit.levels:
        for level in np.setdiff1d(np.unique(column), limit.levels):
            yield replace(limit, levels=tuple(sorted({*limit.levels, int(level)})))
        return
    ordered = np.sort(column)
    for size in sorted({slice_size, 1}):
        # Places of the limits among the values, and as many values further out or in.
        low = int(np.searchsorted(ordered, limit.low))
        high = int(np.searchsorted(ordered, limit.high, side="right")) - 1
        for at in (low - size, low + size) if np.isfinite(limit.low) else ():
            yield replace(limit, low=float(ordered[min(max(at, 0), high)]))
        for at in (high - size, high + size) if np.isfinite(limit.high) else ():
            yield replace(limit, high=float(ordered[max(min(at, len(ordered) - 1), low)]))


def _test(box: Box, values: Values, interest: Flags) -> Box:
    """The box with each limit's quasi-p: binomial, one-sided, against the density without that limit."""
    hits = round(box.density * box.trials)
    limits: list[Limit] = []
    for limit in box.limits:
        without = measure_box([other for other in box.limits if other is not limit], values, interest)
        limits.append(replace(limit, quasi_p=float(binom.sf(hits - 1, box.trials, without.density))))
    return replace(box, limits=tuple(limits))


def _drop(box: Box, values: Values, interest: Flags, rule: BoxRule) -> Box:
    """The box without limits, or sides of limits, that might be there by chance, the likeliest first."""
    while box.limits:
        sides = [side for limit in box.limits for side in _sides(box, limit)]
        hits = round(box.density * box.trials)
        without = [measure_box(side, values, interest) for side in sides]
        chances = [float(binom.sf(hits - 1, box.trials, other.density)) for other in without]
        likeliest = int(np.argmax(chances))
        if chances[likeliest] <= rule.chance:
            break
        box = without[likeliest]
    return box


def _sides(box: Box, limit: Limit) -> Iterator[tuple[Limit, ...]]:
    """The box's limits without one side of one of them."""
    others = tuple(other for other in box.limits if other is not limit)
    if limit.levels or not (np.isfinite(limit.low) and np.isfinite(limit.high)):
        yield others
    else:
        yield _with(others, replace(limit, low=-math.inf))
        yield _with(others, replace(limit, high=math.inf))


def _round(box: Box, limit: Limit, values: Values, axis: Axis) -> Limit:
    """The limit at the shortest decimal between the last trial it keeps and the first it sheds."""
    if limit.levels or axis.levels or axis.whole:
        return limit
    others = [other for other in box.limits if other.axis != limit.axis]
    column = values[_inside(others, values), limit.axis]
    kept = column[limit.holds(column)]
    low, high = limit.low, limit.high
    if np.isfinite(low):
        shed = column[column < low]
        low = shortest_between(float(shed.max()) if shed.size else axis.low, float(kept.min()))
    if np.isfinite(high):
        shed = column[column > high]
        high = shortest_between(float(kept.max()), float(shed.min()) if shed.size else axis.high)
    return replace(limit, low=low, high=high)


def shortest_between(low: float, high: float) -> float:
    """The decimal with fewest digits in (low, high), nearest the middle; the middle itself where there is none."""
    middle = (low + high) / 2
    if not low < high:
        return middle
    start = math.floor(math.log10(max(abs(low), abs(high)))) if max(abs(low), abs(high)) > 0 else 0
    for digits in range(-start - 1, -start + 16):
        found = round(middle, digits)
        if low < found < high:
            return found
    return middle


def say_box(box: Box, labels: Sequence[str], levels: Sequence[Sequence[str]]) -> str:
    """A box in words, as in `harvest at least 0.59 and mind a or b`; `everywhere` where it has no limits.

    Args:
        box: the box.
        labels: of the axes. [d]
        levels: names of each axis's levels; empty where it has numbers. [d]
    """
    parts: list[str] = []
    for limit in box.limits:
        names = levels[limit.axis]
        if limit.levels:
            parts.append(f"{labels[limit.axis]} {' or '.join(names[level] for level in limit.levels)}")
            continue
        low, high = (names[int(end)] if names and np.isfinite(end) else f"{end:g}" for end in (limit.low, limit.high))
        if np.isfinite(limit.low) and np.isfinite(limit.high):
            parts.append(f"{labels[limit.axis]} {low} to {high}")
        else:
            parts.append(f"{labels[limit.axis]} " + (f"at least {low}" if np.isfinite(limit.low) else f"at most {high}"))
    return " and ".join(parts) or "everywhere"
