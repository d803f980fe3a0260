"""Finite-size scaling: whether the curves of several sizes fall on one, where the transition is, and its exponents.

Near a transition at x_c the mean outcome of a society of N follows

    y(N, x) = N^-b f((x - x_c) N^a),

so that y N^b against (x - x_c) N^a is one curve for all sizes. a = 1 / nu and b = beta / nu (on graphs without a length, nu
times the upper critical dimension). The quality of a collapse is the mean squared distance of each point from the line
through its neighbours of other sizes, in standard errors: about 1 for a true collapse.

Letters: `m` points, each a mean over trials.

Source: J. Houdayer & A. Hartmann, Physical Review B 70 (2004) 014418, appendix, with straight lines instead of local fits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Column

LEAST_SIZES = 4
"""A collapse of fewer sizes is no evidence of one."""


@dataclass(frozen=True)
class Curves:
    """Mean outcomes over a control parameter at several sizes."""

    size: Column
    """Size of each point, above 0. [m]"""
    x: Column
    """Control parameter. [m]"""
    mean: Column
    """Mean outcome over trials. [m]"""
    error: Column
    """Its standard error, above 0. [m]"""


@dataclass(frozen=True)
class Collapse:
    """The best collapse."""

    critical: float
    """x_c."""
    a: float
    """Exponent of the size in the scaled distance from x_c, above 0."""
    b: float
    """Exponent of the size in the scaled outcome, at least 0."""
    quality: float
    """Mean squared distance in standard errors: about 1 where the curves are one within their errors."""


def fit_collapse(curves: Curves) -> Collapse:
    """The x_c and exponents under which the curves are most nearly one.

    Args:
        curves: at least 4 sizes with 3 points each.

    Raises:
        StudyError: there are too few sizes or points, or a standard error is not above 0.
    """
    sizes, counts = np.unique(curves.size, return_counts=True)
    if sizes.size < LEAST_SIZES or counts.min() < 3 or sizes[0] <= 0:
        raise StudyError(
            f"a finite-size collapse was asked of {sizes.size} sizes with at least {counts.min() if counts.size else 0} "
            f"points; expected {LEAST_SIZES} sizes above 0 with 3 points each: run more sizes"
        )
    if not (curves.error > 0).all():
        raise StudyError("a point of a collapse has no standard error above 0; expected one: give each at least 2 trials")
    low, high = float(curves.x.min()), float(curves.x.max())
    starts = [(low + (high - low) * share, a, 0.1) for share in (0.3, 0.7) for a in (0.3, 1.0)]
    best = min((_descend(curves, start) for start in starts), key=lambda found: found[1])
    critical, a, b = best[0]
    return Collapse(critical, abs(a), abs(b), best[1])


def _descend(curves: Curves, start: tuple[float, float, float]) -> tuple[tuple[float, float, float], float]:
    def cost(point: Column) -> float:
        return measure_collapse(curves, float(point[0]), abs(float(point[1])), abs(float(point[2])))

    found = minimize(cost, np.array(start), method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-4, "maxiter": 400})
    return (float(found.x[0]), float(found.x[1]), float(found.x[2])), float(found.fun)


def measure_collapse(curves: Curves, critical: float, a: float, b: float) -> float:
    """Mean squared distance in standard errors of points from the lines through other sizes' neighbours.

    Args:
        curves: the points.
        critical: x_c.
        a: exponent of the size in the scaled distance.
        b: exponent of the size in the scaled outcome.

    Returns:
        The mean; infinite where fewer than half of the points have neighbours on both sides.
    """
    x, stretch = (curves.x - critical) * curves.size**a, curves.size**b
    y, error = curves.mean * stretch, curves.error * stretch
    total, points = 0.0, 0
    for size in np.unique(curves.size):
        own, found = curves.size == size, list[Column]()
        for other in np.unique(curves.size[~own]):
            line = np.flatnonzero(curves.size == other)
            line = line[np.argsort(x[line])]
            at = np.searchsorted(x[line], x[own])
            inside = (at > 0) & (at < line.size)
            right = line[np.clip(at, 1, line.size - 1)]
            left = line[np.clip(at, 1, line.size - 1) - 1]
            share = (x[own] - x[left]) / np.maximum(x[right] - x[left], 1e-300)
            there = (1 - share) * y[left] + share * y[right]
            variance = error[own] ** 2 + ((1 - share) * error[left]) ** 2 + (share * error[right]) ** 2
            found.append(np.where(inside, (y[own] - there) ** 2 / variance, np.nan))
        squares = np.array(found)
        known = squares[np.isfinite(squares)]
        total, points = total + float(known.sum()), points + known.size
    enough = points >= curves.x.size / 2
    return total / points if enough else float("inf")
