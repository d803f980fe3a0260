"""Where an outcome crosses a level, of a curve known only to rise or to fall: the monotone fit and its interval.

Letters: `p` distinct places on the axis, `r` trials.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression
from scipy.special import xlog1py, xlogy

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Column, Estimate, is_binary
from commonweal.statistics.thresholds import Scan

QUANTILES = {0.9: 1.60, 0.95: 2.27, 0.99: 3.86}
"""Quantiles of the likelihood ratio's limit for a monotone curve's value at one place, by confidence: simulated, to .03."""


@dataclass(frozen=True)
class MonotoneFit:
    """The monotone curve that fits the trials best."""

    threshold: Estimate
    """Where it crosses the level, with its interval: -inf and inf where the trials leave a side open, NaN where the curve does
    not cross."""
    places: Column
    """Distinct places of trials, in order. [p]"""
    means: Column
    """Mean outcome of the curve at each. [p]"""
    rising: bool
    """Whether the curve rises along the axis."""


def fit_monotone(x: ArrayLike, y: ArrayLike, scan: Scan, confidence: float = 0.95) -> MonotoneFit:
    """The monotone curve through trials by pool-adjacent-violators, and the likelihood ratio interval of its crossing.

    The threshold is the middle between the last place below the level and the first one above it (between which the
    data know nothing). The interval holds all thresholds for which the best monotone curve that is below the level
    before and above it after has a likelihood ratio under its limit's quantile: no shape is assumed and no bandwidth chosen.
    Outcomes 0 and 1 are binomial; others have normal noise of one variance.

    Args:
        x: Place of each trial. [r]
        y: Outcome of each trial. [r]
        scan: The axis and the level.
        confidence: 0.9, 0.95 or 0.99.

    Raises:
        StudyError: there are no trials, or not as many places as outcomes, one is no number, or another confidence is asked.

    Source: Ayer, Brunk, Ewing, Reid & Silverman 1955; Banerjee & Wellner 2001 for the ratio's limit.
    """
    column, outcome = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if column.size == 0 or column.shape != outcome.shape or not bool(np.all(np.isfinite(column) & np.isfinite(outcome))):
        found = f"{column.size} places and {outcome.size} outcomes"
        raise StudyError(f"threshold: found {found}, expected one finite place and outcome a trial; leave others out")
    if confidence not in QUANTILES:
        raise StudyError(
            f"threshold: found confidence {confidence:g}, expected one of {', '.join(map(str, QUANTILES))}; choose it"
        )
    fits = [_fit(sign, column, outcome, scan, confidence) for sign in {True: (1,), False: (-1,), None: (1, -1)}[scan.rising]]
    return min(fits, key=lambda found: found[0])[1]


def _fit(sign: int, x: Column, y: Column, scan: Scan, confidence: float) -> tuple[float, MonotoneFit]:
    """Sum of squares of a rising curve along sign x, and that curve along x."""
    places, owner = np.unique(sign * x, return_inverse=True)
    n = np.bincount(owner).astype(np.float64)
    means = np.bincount(owner, y) / n
    curve = _pool(means, n)
    inside = (_ratios(means, n, curve, y, scan) <= QUANTILES[confidence]).nonzero()[0]
    # A threshold between two places splits them: the interval reaches to the places that it must not pass.
    limits = np.concatenate([[-np.inf], places, [np.inf]])
    ends = sorted((sign * float(limits[inside[0]]), sign * float(limits[inside[-1] + 1])))
    below, over = (curve < scan.level).nonzero()[0], (curve > scan.level).nonzero()[0]
    value, method = float("nan"), "monotone curve, likelihood ratio interval over trials"
    if below.size and over.size:
        value = sign * 0.5 * float(places[below[-1]] + places[over[0]])
    else:
        method += "; the curve does not cross on the axis"
    estimate = Estimate(value, ends[0], ends[1], confidence, method, x.size)
    turned = (sign * places, curve) if sign > 0 else (sign * places[::-1], curve[::-1])
    return float(n @ (means - curve) ** 2), MonotoneFit(estimate, *turned, sign > 0)


def _pool(means: Column, n: Column) -> Column:
    """The closest rising curve (pool-adjacent-violators). [p]"""
    return np.asarray(isotonic_regression(means, weights=n).x, dtype=np.float64) if means.size else means


def _ratios(means: Column, n: Column, curve: Column, y: Column, scan: Scan) -> Column:
    """Twice the log likelihood ratio against a threshold before place 0, 1, ..., p. [p + 1]

    Args:
        means: Mean outcomes. [p]
        n: Trials at each place. [p]
        curve: The best rising curve. [p]
        y: All outcomes. [r]
        scan: The axis and the level.
    """
    splits = range(means.size + 1)
    before = [np.minimum(_pool(means[:at], n[:at]), scan.level) for at in splits]
    after = [np.maximum(_pool(means[at:], n[at:]), scan.level) for at in splits]
    held = np.stack([np.concatenate(sides) for sides in zip(before, after, strict=True)])
    if is_binary(scan.share(y)):
        ones = scan.share(means)
        best, others = (xlogy(ones, scan.share(p)) + xlog1py(1 - ones, -scan.share(p)) for p in (curve, held))
        return 2 * (best - others) @ n
    squares = float(y @ y - n @ means**2 + n @ (means - curve) ** 2)
    variance = squares / max(y.size - np.unique(curve).size, 1)
    floor = 1e-12 * (scan.bounds.high - scan.bounds.low) ** 2
    return ((held - means) ** 2 - (curve - means) ** 2) @ n / max(variance, floor)
