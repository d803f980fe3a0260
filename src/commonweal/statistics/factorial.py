"""Main effects and two-factor interactions of a full two-level factorial design, with intervals from the trials of its cells.

With s_j = -1 where factor j is low and +1 where it is high, and y the mean of a cell over its trials,

    effect of j             mean over cells of 2 s_j y        the mean where j is high, less the mean where it is low
    interaction of i and j  mean over cells of 2 s_i s_j y    half of what i does where j is high, less half where it is low

Cells may differ in their variance: each has its own, and the degrees of freedom are Welch's and Satterthwaite's. Where the two
cells that differ in one factor alone share their random draws, the pair of trials is the unit: effects of that factor rest on
differences within pairs, all others on their means.

Source: G. Box, W. Hunter and J. Hunter, Statistics for Experimenters (1978), chapter 10.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Estimate
from commonweal.statistics.multiplicity import adjust_holm

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FactorialEffect:
    """What one factor does, or two beyond their sum."""

    factors: tuple[int, ...]
    """One factor, or two, by number."""
    estimate: Estimate
    """In the unit of the outcome; `n` is the number of trials, or of pairs."""
    adjusted: float
    """p-value of no effect, adjusted for all the others (Holm); 1 where nothing varies."""


def estimate_effects(values: ArrayLike, paired: int | None = None, level: float = 0.95) -> tuple[FactorialEffect, ...]:
    """All main effects, then all interactions of two factors.

    Args:
        values: outcome of each trial, in cells of which the last factor runs fastest and low comes first. [2^k, r]
        paired: number of the factor whose two cells share their draws trial by trial; None: all trials are independent.
        level: nominal coverage of the intervals, each by itself.

    Raises:
        StudyError: cells are no power of two, a cell has fewer than two trials, or a value is missing.
    """
    table = np.asarray(values, np.float64)
    cells = table.shape[0]
    k = cells.bit_length() - 1
    if table.ndim != 2 or cells != 1 << k or k < 1 or table.shape[1] < 2 or not np.isfinite(table).all():
        raise StudyError(
            f"a factorial design of shape {table.shape}; expected 2^k cells with the same two or more trials each, none missing"
        )
    signs = np.array([[1.0 if cell >> (k - 1 - factor) & 1 else -1.0 for factor in range(k)] for cell in range(cells)])
    chosen = [*((factor,) for factor in range(k)), *combinations(range(k), 2)]
    found = [_estimate(table, signs, factors, paired, level) for factors in chosen]
    adjusted = adjust_holm([p for _, p in found])
    return tuple(
        FactorialEffect(factors, estimate, float(p)) for factors, (estimate, _), p in zip(chosen, found, adjusted, strict=True)
    )


def _estimate(
    table: Floats, signs: Floats, factors: tuple[int, ...], paired: int | None, level: float
) -> tuple[Estimate, float]:
    """One effect with its p-value."""
    weight = 2.0 * np.prod(signs[:, factors], axis=1)[:, None] * table
    if paired is not None:
        # A unit is the pair: of each, the sum of the two weighted cells, halved.
        high = signs[:, paired] > 0
        weight = (weight[high] + weight[~high]) / 2
    means, trials = weight.mean(1), weight.shape[1]
    squares = weight.var(1, ddof=1) / trials
    value, error = float(means.mean()), float(np.sqrt(squares.sum())) / means.size
    method = "Welch-Satterthwaite t" + ("" if paired is None else " over pairs of trials")
    if error == 0.0:
        return Estimate(value, np.nan, np.nan, level, "no interval: the trials of each cell agree", weight.size), 1.0
    freedom = float(squares.sum() ** 2 / (squares**2 / (trials - 1)).sum())
    reach = float(stats.t.ppf((1 + level) / 2, freedom)) * error
    p = float(2 * stats.t.sf(abs(value) / error, freedom))
    return Estimate(value, value - reach, value + reach, level, method, weight.size), p
