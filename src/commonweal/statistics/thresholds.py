"""Where along one axis does an outcome cross a level? The logistic curve, its intervals, and where to look next.

The curve's parameter is the crossing itself, so its interval is a profile of the likelihood. Outcomes 0 and 1 are binomial;
others have normal noise of one variance. One crossing is assumed: a curve that turns is another question.

Letters: `r` trials, `k` points asked for. x is a place on the axis, y a trial's outcome.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit, ndtri, stdtrit

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Bounds, Column, Estimate, is_binary

_Array: TypeAlias = NDArray[np.float64]

SLOPES = (1.0, 400.0)
"""Steepness of the curve that is looked at, in logits per length of the axis."""
LAPSES = (0.0, 0.2)
"""Share of trials that are a coin's toss, looked at where lapses are allowed."""
FLANK = 2.0
"""Logits from the crossing at which the slope is looked at: there the mean outcome is .12 or .88."""
_SIZES = 17
"""Slopes of one sign on the grid."""
_BEYOND = 0.25
"""How far beyond its ends, in lengths of the axis, a crossing is looked for."""


@dataclass(frozen=True)
class Scan:
    """One axis, and the level of the outcome whose crossing is looked for."""

    low: float
    """Lower end of the axis."""
    high: float
    """Upper end of the axis."""
    level: float = 0.5
    """The outcome's mean at the threshold, inside `bounds`."""
    bounds: Bounds = field(default_factory=lambda: Bounds(0.0, 1.0))
    """The outcome's means far below and far above the threshold: its range."""
    rising: bool | None = None
    """Whether the outcome rises along the axis; None to see from the trials."""

    def __post_init__(self) -> None:
        """Refuse an axis without length and a level that no curve can cross."""
        if not (self.low < self.high and self.bounds.low < self.level < self.bounds.high):
            raise StudyError(
                f"scan: found an axis from {self.low:g} to {self.high:g} and the level {self.level:g} of outcomes from "
                f"{self.bounds.low:g} to {self.bounds.high:g}; expected low < high and the level inside; change the scan"
            )

    def place(self, x: ArrayLike) -> Column:
        """Places in lengths of the axis: 0 at `low`, 1 at `high`. [r]"""
        return (np.asarray(x, dtype=np.float64) - self.low) / (self.high - self.low)

    def share(self, y: ArrayLike | float) -> Column:
        """Outcomes in lengths of their range. [r]"""
        return (np.asarray(y, dtype=np.float64) - self.bounds.low) / (self.bounds.high - self.bounds.low)


@dataclass(frozen=True)
class LogisticFit:
    """The logistic curve that fits the trials best."""

    threshold: Estimate
    """Where it crosses the level, with its interval: -inf and inf where the trials leave a side open, NaN where the best
    curve does not cross on the axis."""
    slope: float
    """Steepness at the middle, logits per unit of the axis; negative where the outcome falls."""
    lapse: float
    """Share of trials that are a coin's toss; 0 where none are allowed."""
    scan: Scan
    """The axis and the level."""
    middle: float
    """Where the curve crosses the level, on the axis or not."""

    def at(self, x: ArrayLike) -> Column:
        """Mean outcome of the curve at places x. [r]"""
        q, bounds = float(self.scan.share(self.scan.level)), self.scan.bounds
        z = self.slope * (np.asarray(x, dtype=np.float64) - self.middle) + _offset(q, self.lapse)
        return bounds.low + (bounds.high - bounds.low) * (self.lapse / 2 + (1 - self.lapse) * expit(z))


def fit_logistic(
    x: ArrayLike, y: ArrayLike, scan: Scan, confidence: float = 0.95, lapse: bool = False, integrated: bool = False
) -> LogisticFit:
    """The logistic curve through trials, and the profile likelihood interval of its crossing.

    y = low + (high - low) (l/2 + (1 - l) expit(b (x - threshold) + c)), c such that the level is met at the threshold. The
    interval holds all thresholds whose best b (and l) come within t^2/2 of the best log likelihood, t Student's quantile of
    r - 2 degrees of freedom; normal noise counts in units of the residual variance. b is bounded by `SLOPES`, so that a
    clean split has an estimate too.

    Args:
        x: Place of each trial. [r]
        y: Outcome of each trial. [r]
        scan: The axis and the level.
        confidence: Nominal coverage.
        lapse: Whether a share of trials up to `LAPSES` may be a coin's toss.
        integrated: For trials that `next_points` chose: an interval from the likelihood averaged over all log slopes, as the
            profile's best slope is too steep for these.

    Raises:
        StudyError: there are no trials, or not as many places as outcomes, or one is no number.

    Source: Venzon & Moolgavkar 1988 for the profile; Finney 1971 for the curve; Wichmann & Hill 2001 for lapses.
    """
    u, v = _columns(x, y, scan)
    grid = _refine(u, v, scan, lapse)
    profile, slopes = _profile(grid)
    best = int(profile.argmax())
    lapsed = int(grid.likelihood[best].max(axis=0).argmax())
    theta = _peak(grid.theta, profile, best)
    cut = 0.5 * float(stdtrit(max(u.size - 2 - lapse, 1), 0.5 + confidence / 2)) ** 2
    low, high = _average(grid, confidence) if integrated else _hull(grid.theta, profile, float(profile.max()) - cut)
    length = scan.high - scan.low
    middle, inside = scan.low + length * theta, 0 <= theta <= 1
    method = (
        f"logistic curve{' with lapses' if lapse else ''}, {'integrated' if integrated else 'profile'} likelihood over trials"
    )
    estimate = Estimate(
        middle if inside else float("nan"),
        scan.low + length * low,
        scan.low + length * high,
        confidence,
        method if inside else f"{method}; the best curve does not cross on the axis",
        u.size,
    )
    return LogisticFit(estimate, float(slopes[best]) / length, float(grid.lapse[lapsed]), scan, middle)


def bound_by_fieller(x: ArrayLike, y: ArrayLike, scan: Scan, confidence: float = 0.95) -> Estimate:
    """The threshold -(a - logit(level)) / b of a logistic regression a + b x on outcomes 0 and 1, with Fieller's interval.

    {m: (a' + b m)^2 <= z^2 (V_aa + 2 m V_ab + m^2 V_bb)}. It is open on both sides where b is not distinct from 0, and does
    not exist where the trials split cleanly.

    Args:
        x: Place of each trial. [r]
        y: Outcome of each trial, 0 or 1 in lengths of its range. [r]
        scan: The axis and the level.
        confidence: Nominal coverage.

    Raises:
        StudyError: as `fit_logistic`, or the outcomes are not two-valued.

    Source: Fieller 1954; Finney 1971.
    """
    u, v = _columns(x, y, scan)
    if not is_binary(v):
        raise StudyError(
            "threshold: found outcomes other than 0 and 1, expected these for Fieller's interval; use fit_logistic"
        )
    design = np.stack([np.ones(u.size), u], axis=1)
    found = _regress(design, v)
    nothing = Estimate(np.nan, -np.inf, np.inf, confidence, "no interval: the trials split cleanly or do not vary", u.size)
    if found is None:
        return nothing
    (a, b), covariance = found
    a, z2 = a - float(logit(scan.share(scan.level))), float(ndtri(0.5 + confidence / 2)) ** 2
    square = b * b - z2 * covariance[1, 1]
    half = a * b - z2 * covariance[0, 1]
    rest = a * a - z2 * covariance[0, 0]
    length, method = scan.high - scan.low, "logistic regression, Fieller interval over trials"
    value = scan.low - length * a / b
    if square <= 0:
        return Estimate(value, -np.inf, np.inf, confidence, f"{method}; the slope is not distinct from 0", u.size)
    root = np.sqrt(max(half * half - square * rest, 0.0))
    low, high = (-half - root) / square, (-half + root) / square
    return Estimate(value, scan.low + length * low, scan.low + length * high, confidence, method, u.size)


def bootstrap_threshold(
    x: ArrayLike,
    y: ArrayLike,
    find: Callable[[Column, Column], float],
    confidence: float = 0.95,
    draws: int = 400,
    seed: int = 0,
) -> Estimate:
    """Any threshold with the percentile interval of a bootstrap over trials (place and outcome of a trial together).

    Args:
        x: Place of each trial. [r]
        y: Outcome of each trial. [r]
        find: The threshold of trials [r], [r]; NaN where there is none, which opens the side that too many of these reach.
        confidence: Nominal coverage.
        draws: Resamples.
        seed: Of the resampling.

    Source: Efron 1979; Efron & Tibshirani 1993, chapter 13.
    """
    places, outcomes = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    rng = np.random.default_rng(seed)
    chosen = rng.integers(0, places.size, (draws, places.size))
    found = np.array([find(places[row], outcomes[row]) for row in chosen])
    tail = (1 - confidence) / 2
    ends = [
        np.quantile(np.where(np.isnan(found), side, found), q, method="nearest")
        for side, q in ((-np.inf, tail), (np.inf, 1 - tail))
    ]
    method = f"percentile bootstrap over trials, {draws} draws, seed {seed}"
    return Estimate(find(places, outcomes), float(ends[0]), float(ends[1]), confidence, method, places.size)


def next_points(x: ArrayLike, y: ArrayLike, scan: Scan, batch: int, coverage: int = 8) -> Column:
    """Where to run the next trials, each with a fresh seed, to find the crossing with few of them. [k]

    The first `coverage` trials spread over the axis, in van der Corput's order. Then trials stand at the quantiles of what
    the trials so far say of the crossing (its posterior, all crossings on the axis and all log slopes alike before), so they
    draw together as it is known better; every second one is moved by `FLANK` logits, to alternate sides: without these the
    slope comes out too steep and the interval too narrow. A batch is asked for at once; the answer depends on the trials so
    far alone.

    Args:
        x: Places of the trials so far. [r]
        y: Their outcomes. [r]
        scan: The axis and the level.
        batch: Trials asked for.
        coverage: Trials that spread over the axis first.

    Raises:
        StudyError: there are not as many places as outcomes, or one is no number.

    Source: Watson & Pelli 1983 (the next trial at the crossing's posterior); Chaloner & Larntz 1989 (spread of the design
        while the crossing is unknown).
    """
    done = int(np.asarray(x).size)
    first = max(0, min(batch, coverage - done))
    spread = (_van_der_corput(np.arange(done, done + first)) + 0.5 / max(coverage, 1)) % 1.0
    if first == batch or done == 0:
        rest = _van_der_corput(np.arange(done + first, done + batch))
        return scan.low + (scan.high - scan.low) * np.concatenate([spread, rest])
    u, v = _columns(x, y, scan)
    grid = _refine(u, v, scan, False)
    weight = np.exp(grid.likelihood[:, :, 0] - grid.likelihood.max())
    weight[(grid.theta < 0) | (grid.theta > 1)] = 0.0
    if weight.sum() == 0:
        weight[:] = 1.0
    ahead = np.cumsum(weight.sum(axis=1)) / weight.sum()
    asked = batch - first
    places = np.interp((np.arange(asked) + 0.5) / asked, ahead, grid.theta)
    flank = FLANK / float(np.exp((weight.sum(axis=0) * np.log(np.abs(grid.slope))).sum() / weight.sum()))
    number = np.arange(done + first, done + batch)
    side = np.where(number // 2 % 2 == 0, 1.0, -1.0)
    places = np.clip(np.where(number % 2 == 1, places + side * flank, places), 0.0, 1.0)
    return scan.low + (scan.high - scan.low) * np.concatenate([spread, places])


@dataclass(frozen=True)
class _Grid:
    """The log likelihood over crossings, slopes and lapses, in lengths of the axis."""

    theta: Column
    slope: Column
    lapse: Column
    likelihood: _Array
    """[theta, slope, lapse]"""
    binary: bool


def _columns(x: ArrayLike, y: ArrayLike, scan: Scan) -> tuple[Column, Column]:
    u, v = scan.place(x), scan.share(y)
    if u.size == 0 or u.shape != v.shape or not bool(np.all(np.isfinite(u) & np.isfinite(v))):
        raise StudyError(
            f"threshold: found {u.size} places and {v.size} outcomes, expected one finite place and outcome a trial; "
            "leave out trials without a value"
        )
    return u, v


def _refine(u: Column, v: Column, scan: Scan, lapse: bool) -> _Grid:
    """The likelihood on a coarse grid, then on a fine one around what the coarse one leaves."""
    q, binary = float(scan.share(scan.level)), is_binary(v)
    places, owner = np.unique(u, return_inverse=True)
    n, total, squares = (np.bincount(owner, weights).astype(np.float64) for weights in (np.ones(u.size), v, v * v))
    sizes = np.linspace(np.log(SLOPES[0]), np.log(SLOPES[1]), _SIZES)
    signs = {True: (1.0,), False: (-1.0,), None: (-1.0, 1.0)}[scan.rising]
    theta, size = np.linspace(-_BEYOND, 1 + _BEYOND, 91), sizes
    lapses = np.linspace(*LAPSES, 9) if lapse else np.zeros(1)
    for last in (False, True):
        slope = np.concatenate([sign * np.exp(size) for sign in signs])
        parts = [
            _likelihood(theta, slope, float(share), q, (places, n, total, None if binary else squares)) for share in lapses
        ]
        likelihood = np.stack(parts, axis=2)
        if not binary:
            # The noise is that of the best curve; its share of the range has a floor, so that a perfect fit has a peak.
            freedom = max(u.size - 2 - lapse, 1)
            likelihood = likelihood / max(-2 * float(likelihood.max()) / freedom, 1e-8)
        if last:
            break
        near = likelihood >= likelihood.max() - 8.0
        rows, columns = near.any(axis=(1, 2)).nonzero()[0], near.any(axis=(0, 2)).nonzero()[0]
        theta = np.linspace(theta[max(rows[0] - 1, 0)], theta[min(rows[-1] + 1, 90)], 81)
        signs = tuple(sign for i, sign in enumerate(signs) if (columns // _SIZES == i).any())
        columns = columns % _SIZES
        size = np.linspace(sizes[max(columns.min() - 1, 0)], sizes[min(columns.max() + 1, _SIZES - 1)], _SIZES)
    return _Grid(theta, slope, lapses, likelihood, binary)


def _likelihood(
    theta: Column, slope: Column, lapse: float, q: float, trials: tuple[Column, Column, Column, Column | None]
) -> _Array:
    """[theta, slope]: binomial log likelihood, or minus half the sum of squares where the squares are given."""
    places, n, total, squares = trials
    z = slope[None, :, None] * (places - theta[:, None, None]) + _offset(q, lapse)
    if squares is None and lapse == 0:
        return z @ total - np.logaddexp(0.0, z) @ n
    mean = lapse / 2 + (1 - lapse) * expit(z)
    if squares is None:
        return np.log(mean) @ total + np.log1p(-mean) @ (n - total)
    return -0.5 * (squares.sum() - 2 * mean @ total + mean**2 @ n)


def _offset(q: float, lapse: float) -> float:
    """Logits at the crossing: 0 at half the range."""
    return float(logit(np.clip((q - lapse / 2) / (1 - lapse), 1e-6, 1 - 1e-6)))


def _profile(grid: _Grid) -> tuple[Column, Column]:
    """The best likelihood over slope and lapse at each crossing, between slopes by a parabola, and that slope. [theta] each"""
    likelihood, rows = grid.likelihood.max(axis=2), np.arange(grid.theta.size)
    best = likelihood.argmax(axis=1)
    inner = (best % _SIZES > 0) & (best % _SIZES < _SIZES - 1)
    middle = np.where(inner, best, 1)
    before, top, after = (likelihood[rows, middle + step] for step in (-1, 0, 1))
    bend = before - 2 * top + after
    usable = inner & (bend < 0)
    bend = np.where(usable, bend, -1.0)
    gain = np.where(usable, (before - after) ** 2 / (-8 * bend), 0.0)
    shift = np.where(usable, 0.5 * (before - after) / bend, 0.0)
    step = float(np.log(np.abs(grid.slope[1] / grid.slope[0])))
    return likelihood[rows, best] + gain, grid.slope[best] * np.exp(shift * step)


def _peak(theta: Column, profile: Column, best: int) -> float:
    """The top of the parabola through the best point and its neighbours."""
    if not 0 < best < theta.size - 1:
        return float(theta[best])
    before, top, after = profile[best - 1 : best + 2]
    bend = before - 2 * top + after
    shift = 0.5 * (before - after) / bend if bend < 0 else 0.0
    return float(theta[best] + np.clip(shift, -0.5, 0.5) * (theta[1] - theta[0]))


def _hull(theta: Column, profile: Column, cut: float) -> tuple[float, float]:
    """First and last crossing above the cut, between grid points by a line; -inf and inf beyond the grid."""
    inside = (profile >= cut).nonzero()[0]
    ends: list[float] = []
    for at, step, beyond in ((int(inside[0]), -1, -np.inf), (int(inside[-1]), 1, np.inf)):
        out = at + step
        if not 0 <= out < theta.size:
            ends.append(beyond)
            continue
        ends.append(float(theta[at] + (theta[out] - theta[at]) * (profile[at] - cut) / (profile[at] - profile[out])))
    return ends[0], ends[1]


def _average(grid: _Grid, confidence: float) -> tuple[float, float]:
    """Quantiles of the likelihood averaged over log slopes and lapses; -inf and inf beyond the ends of the axis."""
    mass = np.exp(grid.likelihood - grid.likelihood.max()).sum(axis=(1, 2))
    below = (np.cumsum(mass) - 0.5 * mass) / mass.sum()
    low, high = np.interp([(1 - confidence) / 2, (1 + confidence) / 2], below, grid.theta)
    return (float(low) if low >= 0 else -np.inf), (float(high) if high <= 1 else np.inf)


def _regress(design: _Array, outcome: Column) -> tuple[Column, _Array] | None:
    """Logistic regression by Newton's method: coefficients and their covariance; None where it does not converge."""
    beta = np.zeros(design.shape[1])
    for _ in range(50):
        mean = expit(design @ beta)
        information = (design * (mean * (1 - mean))[:, None]).T @ design
        if np.linalg.cond(information) > 1e12:
            return None
        step = np.linalg.solve(information, design.T @ (outcome - mean))
        beta = beta + step
        if float(np.abs(step).max()) < 1e-10 * max(1.0, float(np.abs(beta).max())):
            return beta, np.asarray(np.linalg.inv(information))
    return None


def _van_der_corput(index: NDArray[np.int64]) -> Column:
    """Radical inverse in base 2: 0, 1/2, 1/4, 3/4, 1/8, ... [k]"""
    found, scale, left = np.zeros(index.size), 0.5, index.copy()
    while left.any():
        found += scale * (left % 2)
        left, scale = left // 2, scale / 2
    return found
