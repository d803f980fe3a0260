"""How far raters, or a judge and its gold labels, agree: alpha, kappa, shares, sensitivity and specificity.

The unit is the trial: ratings are one value a trial and rater, and every interval is over trials.

    alpha = 1 - D_o / D_e        observed over expected disagreement, of any number of raters, with ratings missing
    kappa = 1 - sum w o / sum w e   of two raters, w the weight of a disagreement

Letters: `m` raters, `r` trials, `v` distinct values.

Source: K. Krippendorff, "Computing Krippendorff's alpha-reliability" (2011); J. Cohen, Educational and Psychological
Measurement 20 (1960); J. Cohen, Psychological Bulletin 70 (1968) for weights; B. Efron and R. Tibshirani, An Introduction to
the Bootstrap (1993) for percentile intervals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Column, Estimate, estimate_proportion

Scale: TypeAlias = Literal["nominal", "ordinal", "interval", "ratio"]
"""What differences between ratings mean."""

_CHUNK = 256
"""Bootstrap draws that are reckoned at once: bounds the memory."""


def krippendorff_alpha(ratings: ArrayLike, scale: Scale = "nominal") -> float:
    """Krippendorff's alpha: 1 is perfect agreement, 0 what chance gives, below 0 is worse than chance.

    Args:
        ratings: [m, r], NaN where a rater has not rated a trial.
        scale: nominal, ordinal, interval or ratio (ratings of at least 0).

    Returns:
        Alpha; NaN where fewer than two ratings can be paired, or all paired ratings are the same.

    Raises:
        StudyError: no such scale, or negative ratings on a ratio scale.

    Source: Krippendorff 2011.
    """
    values, counts = _count(ratings, scale)
    return float(_alpha(_pair(counts).sum(0)[None], values, scale)[0])


def estimate_alpha(
    ratings: ArrayLike, scale: Scale = "nominal", level: float = 0.95, draws: int = 2_000, seed: int = 0
) -> Estimate:
    """Alpha with a percentile bootstrap interval over trials.

    Where nobody disagrees, resampling cannot say how often they would. Then the lower limit lets a share q of trials be in
    the worst disagreement, with q the Wilson limit for 0 of n.

    Args:
        ratings: [m, r], NaN where a rater has not rated a trial.
        scale: as in `krippendorff_alpha`.
        level: nominal coverage, in (0, 1).
        draws: bootstrap samples of trials.
        seed: of the draws.

    Raises:
        StudyError: as `krippendorff_alpha`.

    Source: Krippendorff 2011; Efron and Tibshirani 1993; Wilson 1927.
    """
    values, counts = _count(ratings, scale)
    pairs = _pair(counts)
    n = len(pairs)
    value = float(_alpha(pairs.sum(0)[None], values, scale)[0])
    if not np.isfinite(value):
        return Estimate(value, np.nan, np.nan, level, "no interval: nothing to compare, or one value only", n)
    if value >= 1.0 - 1e-12:
        z = float(ndtri(0.5 + level / 2))
        worst = z * z / (n + z * z) / _expected(pairs.sum(0), values, scale)
        return Estimate(value, max(-1.0, 1.0 - worst), 1.0, level, "no disagreement: Wilson limit on trials that may", n)
    rng = np.random.default_rng(seed)
    flat, found = pairs.reshape(n, -1), list[Column]()
    for start in range(0, draws, _CHUNK):
        weights = rng.multinomial(n, np.full(n, 1 / n), min(_CHUNK, draws - start)).astype(np.float64)
        found.append(_alpha((weights @ flat).reshape(-1, len(values), len(values)), values, scale))
    known = np.concatenate(found)
    known = known[np.isfinite(known)]
    low, high = np.quantile(known, [0.5 - level / 2, 0.5 + level / 2])
    return Estimate(value, float(low), float(high), level, "percentile bootstrap over trials", n)


def _count(ratings: ArrayLike, scale: Scale) -> tuple[Column, NDArray[np.float64]]:
    """The distinct values [v], and how often each was given to each trial that has two ratings or more [r, v]."""
    table = np.atleast_2d(np.asarray(ratings, dtype=np.float64))
    if scale not in ("nominal", "ordinal", "interval", "ratio"):
        raise StudyError(f"found the scale {scale!r}; expected nominal, ordinal, interval or ratio")
    table = table[:, np.isfinite(table).sum(0) >= 2]
    values = np.unique(table[np.isfinite(table)])
    if scale == "ratio" and values.size and values[0] < 0:
        raise StudyError(f"found the rating {values[0]:g} on a ratio scale; expected at least 0: use the scale interval")
    return values, (table[:, :, None] == values).sum(0).astype(np.float64)


def _pair(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each trial's part of the coincidence matrix, [r, v, v]: ordered pairs of its ratings over (ratings - 1)."""
    pairs = counts[:, :, None] * counts[:, None, :]
    pairs -= counts[:, :, None] * np.eye(counts.shape[1])
    return pairs / np.maximum(counts.sum(1) - 1, 1)[:, None, None]


def _distances(values: Column, totals: NDArray[np.float64], scale: Scale) -> NDArray[np.float64]:
    """Squared differences [k, v, v] between values, given how often each occurs in each sample, [k, v]."""
    if scale == "nominal":
        return np.broadcast_to(1.0 - np.eye(values.size), (len(totals), values.size, values.size))
    if scale == "ordinal":
        # Ranks between c and k, each end counted half: midranks differ by just that.
        middle = np.cumsum(totals, 1) - totals / 2
        return (middle[:, :, None] - middle[:, None, :]) ** 2
    gap = np.subtract.outer(values, values)
    if scale == "ratio":
        both = np.add.outer(values, values)
        gap = np.divide(gap, both, out=np.zeros_like(gap), where=both > 0)
    return np.broadcast_to(gap**2, (len(totals), *gap.shape))


def _alpha(coincidences: NDArray[np.float64], values: Column, scale: Scale) -> Column:
    """Alpha of each coincidence matrix, [k, v, v]; NaN where nothing differs."""
    totals = coincidences.sum(2)
    n = totals.sum(1)
    apart = _distances(values, totals, scale)
    observed = (coincidences * apart).sum((1, 2))
    expected = (totals[:, :, None] * totals[:, None, :] * apart).sum((1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 0, 1.0 - (n - 1) * observed / expected, np.nan)


def _expected(coincidences: NDArray[np.float64], values: Column, scale: Scale) -> float:
    """Expected disagreement as a share of the largest difference."""
    totals = coincidences.sum(1)
    apart = _distances(values, totals[None], scale)[0]
    n = totals.sum()
    return float((np.outer(totals, totals) * apart).sum() / (n * (n - 1)) / apart.max())


def cohen_kappa(first: ArrayLike, second: ArrayLike, weights: Literal["none", "linear", "quadratic"] = "none") -> float:
    """Cohen's kappa of two raters.

    Args:
        first: ratings, [r]; trials that one of them has not rated (NaN) are left out.
        second: ratings, [r].
        weights: how bad it is to be k of the occurring values apart: any alike, k, or k^2.

    Returns:
        Kappa, at most 1; NaN where no trial has both or only one value occurs.

    Raises:
        StudyError: the columns differ in length.

    Source: Cohen 1960, 1968.
    """
    one, two = _paired(first, second)
    values, both = np.unique(np.concatenate([one, two])), one.size
    if values.size < 2:
        return float("nan")
    table = np.zeros((values.size, values.size))
    np.add.at(table, (np.searchsorted(values, one), np.searchsorted(values, two)), 1 / both)
    gap = np.abs(np.subtract.outer(np.arange(values.size), np.arange(values.size))).astype(np.float64)
    weight = {"none": (gap > 0).astype(np.float64), "linear": gap, "quadratic": gap**2}[weights]
    chance = float((weight * np.outer(table.sum(1), table.sum(0))).sum())
    return 1.0 - float((weight * table).sum()) / chance if chance > 0 else float("nan")


def _paired(first: ArrayLike, second: ArrayLike) -> tuple[Column, Column]:
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != two.shape:
        raise StudyError(f"found {one.size} and {two.size} ratings; expected one of each rater a trial, NaN where missing")
    known = np.isfinite(one) & np.isfinite(two)
    return one[known], two[known]


def estimate_agreement(first: ArrayLike, second: ArrayLike, level: float = 0.95) -> Estimate:
    """The share of trials on which two raters agree, with Wilson's interval; trials that one has not rated are left out.

    Source: Wilson 1927.
    """
    one, two = _paired(first, second)
    return estimate_proportion((one == two).astype(np.float64), level)


@dataclass(frozen=True)
class Screening:
    """A judge of yes and no beside its gold labels, trial by trial; every interval is Wilson's over trials."""

    gold: Estimate
    """Base rate: share of trials that are yes by gold."""
    judge: Estimate
    """Share of the same trials that are yes by the judge."""
    sensitivity: Estimate
    """Of the trials that are yes by gold, the share that the judge finds."""
    specificity: Estimate
    """Of the trials that are no by gold, the share that the judge leaves alone."""


def screen(judge: ArrayLike, gold: ArrayLike, level: float = 0.95) -> Screening:
    """Sensitivity and specificity of a judge, with the base rates that they must be read beside.

    Args:
        judge: verdicts, 0 or 1, [r].
        gold: labels, 0 or 1, [r]; trials with a NaN in either are left out.
        level: nominal coverage, in (0, 1).

    Raises:
        StudyError: the columns differ in length, or a value is neither 0 nor 1.

    Source: J. Yerushalmy, Public Health Reports 62 (1947); Wilson 1927.
    """
    one, two = _paired(judge, gold)
    odd = np.concatenate([one, two])
    odd = odd[(odd != 0) & (odd != 1)]
    if odd.size:
        raise StudyError(f"found the verdict {odd[0]:g}; expected 0 or 1: say which scores count as yes first")
    return Screening(
        gold=estimate_proportion(two, level),
        judge=estimate_proportion(one, level),
        sensitivity=estimate_proportion(one[two == 1], level),
        specificity=estimate_proportion(1 - one[two == 0], level),
    )
