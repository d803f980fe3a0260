"""Which factors the outcome depends on, with the seed's share beside theirs: Sobol's indices and Morris's screening.

A trial's outcome is y = f(x) + e(x, seed), f(x) the mean over seeds at a point x of the space. Its variance over the space and
over seeds is split into shares that can be compared:

    first_i   Var E[f | x_i] / Var y            what factor i does by itself
    total_i   E Var[f | all but x_i] / Var y    what is lost where all others are known: with its interactions
    seed      E Var[y | x] / Var y              chance: no factor explains it

Classical indices are shares of Var f: divide by 1 - seed. Every point is run with m replicates. A square of a mean over them
holds their noise; products of different replicates do not, so each square or product here is averaged over pairs of different
replicates:  <a, b> = mean over r != s of a_r b_s.  That is exact whether or not compared points share their seeds. With m = 1
it is the plain product and noise counts as interaction.

Points: the base sample A and B, and AB_i, which is A with coordinate i of B. Estimators:

    V total_i = <A - AB_i, A - AB_i> / 2
    V first_i = w (V - <B - AB_i, B - AB_i> / 2) + (1 - w) <B - mean, AB_i - A>

The first term of first_i (Jansen's) is sharp where the share is large, the second (Saltelli's) where it is small; w is what
gives their sum the least variance over base points.

Intervals are percentiles over a bootstrap of base points, each with all its runs: give each base point seeds of its own.

Letters: `n` base points (or paths), `d` factors, `m` replicates.

Source: A. Saltelli et al., Computer Physics Communications 181 (2010); M. Jansen, Computer Physics Communications 117 (1999);
M. Morris, Technometrics 33 (1991); F. Campolongo, J. Cariboni and A. Saltelli, Environmental Modelling & Software 22 (2007),
for mu*.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, stdtrit

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Column, Estimate
from commonweal.statistics.sampling import Points, draw_sobol

Runs: TypeAlias = NDArray[np.float64]
"""Outcomes of the trials: base points (or paths), the points made of each in the sample's order, replicates. [n, p, m]"""

_CHUNK = 1 << 22


def draw_saltelli(base: int, dimensions: int, seed: int = 0) -> Points:
    """The points of a sample for Sobol's indices: of each base point A, then AB_1 to AB_d, then B. [n (d + 2), d]

    A longer sample begins with the shorter one.

    Args:
        base: base points, best a power of 2.
        dimensions: d, of the cube.
        seed: of the scrambled Sobol sequence in 2 d dimensions that A and B come from.
    """
    both = draw_sobol(base, 2 * dimensions, seed)
    a, b = both[:, :dimensions], both[:, dimensions:]
    points = np.repeat(a[:, None, :], dimensions + 2, axis=1)
    for i in range(dimensions):
        points[:, i + 1, i] = b[:, i]
    points[:, -1] = b
    return points.reshape(-1, dimensions)


@dataclass(frozen=True)
class FactorShare:
    """What one factor does to the outcome, as shares of a trial's variance."""

    first: Estimate
    """By itself."""
    total: Estimate
    """With its interactions."""


@dataclass(frozen=True)
class Shares:
    """Where the variance of a trial's outcome comes from."""

    factors: tuple[FactorShare, ...]
    """Of each factor. [d]"""
    seed: Estimate
    """The seed's: chance. NaN with one replicate, where it cannot be told from interaction."""
    variance: float
    """Var y, in the metric's unit squared."""
    points: int
    """Base points that were used."""
    left_out: int
    """Base points that were not, since a trial of theirs is missing or has no value."""
    replicates: int
    """Trials of each point, m."""


def estimate_shares(runs: ArrayLike, level: float = 0.95, draws: int = 1_000, seed: int = 0) -> Shares:
    """Shares of the variance of a trial's outcome.

    Args:
        runs: outcomes [n, d + 2, m] in the order of `draw_saltelli`; NaN where there is none.
        level: nominal coverage of the intervals.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        StudyError: fewer than two base points are complete.

    Source: Saltelli et al. (2010), table 2 (b), and (c) and (f), which are Jansen's.
    """
    whole = np.asarray(runs, dtype=np.float64)
    kept = whole[np.isfinite(whole).all(axis=(1, 2))]
    if len(kept) < 2:
        raise StudyError(
            f"{len(kept)} of {len(whole)} base points have all their trials with a value; expected at least 2: finish the run, "
            "or choose a metric that every trial has"
        )
    n, p, m = kept.shape
    d = p - 2
    sums = _sums(kept - kept[:, [0, -1]].mean())
    sharp = _sharpest(sums, d, m)
    found = _shares(sums.mean(axis=0)[None], n, sharp, m)[0]
    drawn = np.concatenate([_shares(weights @ sums / n, n, sharp, m) for weights in _weights(n, draws, seed)])
    low, high = _limits(drawn, n, level)
    method = f"Jansen's and Saltelli's estimators, percentiles of {draws} bootstrap draws of base points"
    method += "" if m > 1 else "; one replicate: noise counts as interaction"
    estimates = [Estimate(float(v), float(lo), float(hi), level, method, n) for v, lo, hi in zip(found, low, high, strict=True)]
    factors = tuple(FactorShare(estimates[i], estimates[d + i]) for i in range(d))
    between, within = _variances(sums.mean(axis=0)[None], n, m)
    return Shares(factors, estimates[2 * d], float(between[0] + within[0]), n, len(whole) - n, m)


def _sums(runs: Runs) -> NDArray[np.float64]:
    """What every base point adds to the estimators: products of its replicates, then both rows' outcomes. [n, 3 d + 2 + m]"""
    a, mixed, b = runs[:, 0], runs[:, 1:-1], runs[:, -1]
    jansen = _product(b[:, None] - mixed) / 2
    total = _product(a[:, None] - mixed) / 2
    moved = mixed - a[:, None]
    saltelli = (_product(b[:, None] + moved) - _product(b[:, None] - moved)) / 4
    m = runs.shape[2]
    within = (a.var(axis=1, ddof=1) + b.var(axis=1, ddof=1)) / 2 if m > 1 else np.full(len(runs), np.nan)
    square = (_product(a) + _product(b)) / 2
    return np.concatenate([jansen, saltelli, total, within[:, None], square[:, None], (a + b) / 2], axis=1)


def _sharpest(sums: NDArray[np.float64], d: int, m: int) -> Column:
    """The weight of Jansen's estimator of each first-order share that makes its sum with Saltelli's vary least. [d]"""
    whole = sums[:, -m - 1] + (sums[:, -m - 2] if m > 1 else 0.0)
    jansen, saltelli = sums[:, -m - 1][:, None] - sums[:, :d], sums[:, d : 2 * d]
    apart = jansen - saltelli
    spread = apart.var(axis=0)
    # A share is a ratio: what moves it is the numerator less the share's part of the denominator.
    share = jansen.mean(axis=0) / (whole.mean() or 1.0)
    moves = saltelli - share * whole[:, None]
    covariance = ((moves - moves.mean(axis=0)) * apart).mean(axis=0)
    return np.clip(np.divide(-covariance, spread, out=np.ones(d), where=spread > 0), 0.0, 1.0)


def _product(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The square of the mean over replicates (last axis) without their noise: the mean product of two different ones."""
    m = values.shape[-1]
    if m == 1:
        return values[..., 0] ** 2
    return (values.sum(axis=-1) ** 2 - (values**2).sum(axis=-1)) / (m * (m - 1))


def _variances(means: NDArray[np.float64], n: int, m: int) -> tuple[Column, Column]:
    """Variance between points and within them, from means over base points [b, 3 d + 2 + m]."""
    within, square, rows = means[:, -m - 2], means[:, -m - 1], means[:, -m:]
    # Two values of a base point are as good as independent, so the square of the mean has 2 n of them.
    between = (square - _product(rows)) * 2 * n / (2 * n - 1)
    return between, (within if m > 1 else np.zeros_like(within))


def _shares(means: NDArray[np.float64], n: int, sharp: Column, m: int) -> NDArray[np.float64]:
    """First-order shares, total shares and the seed's, from means over base points. [b, 2 d + 1]"""
    between, within = _variances(means, n, m)
    whole, d = (between + within)[:, None], len(sharp)
    with np.errstate(invalid="ignore", divide="ignore"):
        first = (sharp * (between[:, None] - means[:, :d]) + (1 - sharp) * means[:, d : 2 * d]) / whole
        total = means[:, 2 * d : 3 * d] / whole
        chance = within[:, None] / whole if m > 1 else np.full((len(means), 1), np.nan)
    return np.concatenate([first, total, chance], axis=1)


def _limits(drawn: NDArray[np.float64], n: int, level: float) -> tuple[Column, Column]:
    """Percentiles of bootstrap draws [b, k], a little further out than `level` says, as a t interval is for n base points.

    Source: T. Hesterberg, "What teachers should know about the bootstrap", The American Statistician 69 (2015), section 4.2.
    """
    tail = float(ndtr(-math.sqrt(n / (n - 1)) * float(stdtrit(n - 1, 0.5 + level / 2))))
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0, method="weibull")
    return low, high


def _weights(n: int, draws: int, seed: int) -> list[NDArray[np.float64]]:
    """How often a bootstrap draw takes each row, in chunks of draws. [b, n]"""
    rng = np.random.default_rng(seed)
    rows = max(1, _CHUNK // n)
    return [
        rng.multinomial(n, np.full(n, 1 / n), size=min(rows, draws - start)).astype(np.float64)
        for start in range(0, draws, rows)
    ]


def draw_morris(paths: int, dimensions: int, levels: int = 4, seed: int = 0) -> Points:
    """Paths through a grid of the cube, each changing one coordinate after the other by `step(levels)`. [n (d + 1), d]

    Coordinates are i / (levels - 1). More paths begin with the fewer.

    Args:
        paths: how many.
        dimensions: d, of the cube.
        levels: of each coordinate, an even number.
        seed: of starts, directions and orders.

    Raises:
        StudyError: the number of levels is odd, or below 2.
    """
    if levels < 2 or levels % 2:
        raise StudyError(f"paths over {levels} levels; expected an even number: only then is every level as likely")
    step = levels // 2
    found = np.zeros((paths, dimensions + 1, dimensions))
    for path in range(paths):
        rng = np.random.default_rng((seed, path))
        low = rng.integers(0, levels - step, dimensions)
        up = rng.integers(0, 2, dimensions)
        here = low + step * (1 - up)
        found[path, 0] = here
        for place, i in enumerate(rng.permutation(dimensions), 1):
            here = here.copy()
            here[i] = low[i] + step * up[i]
            found[path, place] = here
    return found.reshape(-1, dimensions) / (levels - 1)


@dataclass(frozen=True)
class Effects:
    """What a step of one factor does to the outcome, over the space: per length of the whole axis, in the metric's unit."""

    mu: Estimate
    """Mean of the elementary effects."""
    mu_star: Estimate
    """Mean of their absolute values: how much the factor matters."""
    sigma: Estimate
    """Their standard deviation over the space without the seed's noise: interactions and curves."""
    noise: float
    """What `mu_star` would be if the factor did nothing: the seed's noise alone. NaN with one replicate."""


def estimate_effects(
    points: Points, runs: ArrayLike, level: float = 0.95, draws: int = 1_000, seed: int = 0
) -> tuple[Effects, ...]:
    """Elementary effects of each factor, [d].

    Args:
        points: of the cube, in the order of `draw_morris`. [n (d + 1), d]
        runs: outcomes [n, d + 1, m]; a path with a NaN is left out.
        level: nominal coverage of the intervals.
        draws: of the bootstrap over paths.
        seed: of the bootstrap.

    Raises:
        StudyError: fewer than two paths are complete.
    """
    whole = np.asarray(runs, dtype=np.float64)
    kept = np.isfinite(whole).all(axis=(1, 2))
    n, d, m = int(kept.sum()), points.shape[1], whole.shape[2]
    if n < 2:
        raise StudyError(f"{n} of {len(whole)} paths have all their trials with a value; expected at least 2: finish the run")
    moves = np.diff(points.reshape(len(whole), d + 1, d)[kept], axis=1)
    factor = np.abs(moves).argmax(axis=2)
    slope = np.diff(whole[kept], axis=1) / np.take_along_axis(moves, factor[:, :, None], axis=2)
    ordered = np.take_along_axis(slope, factor.argsort(axis=1)[:, :, None], axis=1)
    means = ordered.mean(axis=2)
    errors = ordered.std(axis=2, ddof=1) / math.sqrt(m) if m > 1 else np.full((n, d), np.nan)
    sums = np.concatenate([means, np.abs(means), _product(ordered), ordered.reshape(n, -1)], axis=1)
    found = _effects(sums.mean(axis=0)[None], n, d, m)[0]
    drawn = np.concatenate([_effects(weights @ sums / n, n, d, m) for weights in _weights(n, draws, seed)])
    low, high = _limits(drawn, n, level)
    method = f"elementary effects, percentiles of {draws} bootstrap draws of paths"
    rows = [Estimate(float(v), float(lo), float(hi), level, method, n) for v, lo, hi in zip(found, low, high, strict=True)]
    noise = np.sqrt(2 / np.pi) * np.sqrt((errors**2).mean(axis=0))
    return tuple(Effects(rows[i], rows[d + i], rows[2 * d + i], float(noise[i])) for i in range(d))


def _effects(means: NDArray[np.float64], n: int, d: int, m: int) -> NDArray[np.float64]:
    """mu, mu* and sigma from means over paths. [b, 3 d]"""
    mean = means[:, 3 * d :].reshape(len(means), d, m)
    variance = (means[:, 2 * d : 3 * d] - _product(mean)) * n / (n - 1)
    return np.concatenate([means[:, : 2 * d], np.sqrt(np.maximum(variance, 0.0))], axis=1)
