"""The bootstrap of trials: an interval for any statistic, by drawing trials again with replacement.

What is drawn is a unit: a trial, a pair of trials, or a whole cluster. Units are drawn among those that lie in the same arms
and blocks, so that no arm of a block is ever left empty. The interval is bias-corrected and accelerated (BCa).

Letters: `r` trials, `b` draws, `u` units of a stratum.

Source: B. Efron, Journal of the American Statistical Association 82 (1987); A. Davison & D. Hinkley, Bootstrap Methods
(1997), section 5.3 for several samples; T. Hesterberg, The American Statistician 69 (2015) for the expansion.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri, stdtrit

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Column, Contrast, Estimate

Statistic: TypeAlias = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""A statistic of trials, taken over the last axis: [..., r] -> [...]."""
Rows: TypeAlias = NDArray[np.int64]
"""Numbers of trials within an arm of a block."""

_CHUNK = 4_000_000
"""Numbers that are drawn at once."""


def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over the last axis: [..., r] -> [...]."""
    return np.asarray(values.mean(axis=-1))


@dataclass(frozen=True)
class _Stratum:
    """Units that lie in the same places. A place is an arm of a block."""

    places: tuple[int, ...]
    units: tuple[tuple[Rows, ...], ...]
    """The rows of each unit in each of its places. [u]"""

    @functools.cached_property
    def stacked(self) -> tuple[Rows, ...] | None:
        """The rows [u, m] in each place; None where units differ in size."""
        if any(unit[i].size != self.units[0][i].size for unit in self.units for i in range(len(self.places))):
            return None
        return tuple(np.stack([unit[i] for unit in self.units]) for i in range(len(self.places)))


@dataclass(frozen=True)
class _Sample:
    """Values in places, the sign and weight of each place, and the units."""

    values: tuple[Column, ...]
    weights: tuple[float, ...]
    strata: tuple[_Stratum, ...]
    statistic: Statistic

    def evaluate(self, chosen: Sequence[Rows]) -> NDArray[np.float64]:
        """The weighted sum of the statistic over places, for rows [..., r] of each place."""
        parts = [w * self.statistic(v[rows]) for v, w, rows in zip(self.values, self.weights, chosen, strict=True)]
        return np.sum(np.stack([np.asarray(part, dtype=np.float64) for part in parts]), axis=0)

    def gather(self, chosen: Sequence[NDArray[np.int64]]) -> list[Rows]:
        """The rows of each place, for units [..., u] of each stratum (one draw where units differ in size)."""
        found: list[list[Rows]] = [[] for _ in self.values]
        for stratum, units in zip(self.strata, chosen, strict=True):
            stacked = stratum.stacked
            for i, place in enumerate(stratum.places):
                if stacked is not None:
                    rows = stacked[i][units]
                    found[place].append(rows.reshape(*rows.shape[:-2], -1))
                else:
                    found[place].append(np.concatenate([stratum.units[int(unit)][i] for unit in units]))
        return [np.concatenate(rows, axis=-1) for rows in found]

    @property
    def even(self) -> bool:
        return all(stratum.stacked is not None for stratum in self.strata)

    def spread_out(self, chosen: Sequence[NDArray[np.int64]]) -> Column:
        """The statistic for units [b, u] of each stratum, some draws at once. [b]"""
        draws = chosen[0].shape[0]
        if not self.even:
            return np.array([self.evaluate(self.gather([units[i] for units in chosen])) for i in range(draws)])
        step = max(1, _CHUNK // sum(column.size for column in self.values))
        parts = [self.evaluate(self.gather([units[i : i + step] for units in chosen])) for i in range(0, draws, step)]
        return np.concatenate(parts)

    def draw(self, draws: int, rng: np.random.Generator) -> Column:
        """The statistic of `draws` resamples. [b]"""
        counts = [len(stratum.units) for stratum in self.strata]
        return self.spread_out([rng.integers(0, count, (draws, count)) for count in counts])

    def influences(self) -> list[Column]:
        """Jackknife influence of each unit: (u - 1) (mean of all without one - that without it). [u] for each stratum."""
        whole = [np.arange(len(stratum.units)) for stratum in self.strata]
        found: list[Column] = []
        for place, units in enumerate(whole):
            u = units.size
            chosen: list[NDArray[np.int64]] = [np.broadcast_to(own, (u, own.size)) for own in whole]
            # Row i: all units but i.
            chosen[place] = np.arange(u - 1)[None, :] + (np.arange(u - 1)[None, :] >= units[:, None])
            thetas = self.spread_out(chosen)
            found.append((u - 1) * (thetas.mean() - thetas))
        return found


def bootstrap_statistic(
    values: ArrayLike,
    statistic: Statistic = mean,
    level: float = 0.95,
    draws: int = 9_999,
    seed: int = 0,
    clusters: ArrayLike | None = None,
    expanded: bool = True,
) -> Estimate:
    """The BCa interval of a statistic of trials.

    Expanded, it covers a normal mean as often as Student's (94.6 % at 10 trials, where it is 90.1 % unexpanded). Skewed metrics
    remain hard: of the mean of a lognormal (sigma 1), 10 trials cover 87 % and 40 trials 91 % (Student's: 83 and 89).

    Args:
        values: one number a trial. [r]
        statistic: over the last axis.
        level: nominal coverage, in (0, 1).
        draws: how many resamples.
        seed: of the draws.
        clusters: a label a trial [r]; trials with the same label are drawn together.
        expanded: whether quantiles are widened for few trials (Hesterberg 2015).

    Raises:
        StudyError: lengths differ.
    """
    column = np.asarray(values, dtype=np.float64)
    labels = np.arange(column.size) if clusters is None else np.asarray(clusters)
    _same_length(column.size, labels.size)
    strata = _stratify((np.arange(column.size),), (np.zeros(column.size, np.int64),), (labels,))
    sample = _Sample((column,), (1.0,), strata, statistic)
    return _interval(sample, level, draws, seed, expanded, None if clusters is None else "clusters")


def bootstrap_difference(
    arms: Contrast,
    statistic: Statistic = mean,
    level: float = 0.95,
    draws: int = 9_999,
    seed: int = 0,
    clusters: tuple[ArrayLike, ArrayLike] | None = None,
    expanded: bool = True,
) -> Estimate:
    """The BCa interval of the difference in a statistic, treatment - control, every block counting the same.

    Trials are drawn within their arm and block, pairs as pairs; clusters whole, among the clusters that lie in the same arms
    and blocks. At 10 and 40 trials an arm it covers the difference in means of normal trials in 93.9 and 94.3 % of 2,000
    studies, of 0/1 trials with share .5 in 97.9 and 96.7, but of lognormal trials (sigma 1) in 88.9 and 90.5, where Welch's
    covers 96.9 and 95.7: for a difference of two means, prefer Welch's.

    Args:
        arms: the trials of two arms.
        statistic: over the last axis.
        level: nominal coverage, in (0, 1).
        draws: how many resamples.
        seed: of the draws.
        clusters: labels of treatment [r1] and control [r0] trials; the same label in both arms is one cluster.
        expanded: whether quantiles are widened for few trials (Hesterberg 2015).

    Raises:
        StudyError: lengths differ.
    """
    if arms.treatment.size == 0 or arms.control.size == 0:
        return Estimate(np.nan, np.nan, np.nan, level, "no trials", 0)
    blocks = arms.blocks
    one, nil = arms.treatment_block, arms.control_block
    if clusters is not None:
        labels = np.unique(np.concatenate([np.asarray(side).ravel() for side in clusters]), return_inverse=True)[1]
        _same_length(one.size + nil.size, labels.size)
        names = labels[: one.size], labels[one.size :]
    else:
        names = np.arange(one.size), np.arange(nil.size) + (0 if arms.paired else one.size)
    places = one, nil + blocks
    rows = tuple(_within(place) for place in places)
    strata = _stratify(rows, places, names)
    values = tuple(
        v[p == place]
        for v, p, ids in zip((arms.treatment, arms.control), places, (0, 1), strict=True)
        for place in range(ids * blocks, (ids + 1) * blocks)
    )
    sample = _Sample(values, (1 / blocks,) * blocks + (-1 / blocks,) * blocks, strata, statistic)
    what = "clusters" if clusters is not None else "pairs" if arms.paired else None
    found = _interval(sample, level, draws, seed, expanded, what)
    return Estimate(found.value, found.low, found.high, level, found.method, arms.n)


def _same_length(trials: int, labels: int) -> None:
    if trials != labels:
        raise StudyError(f"found {labels} cluster labels for {trials} trials; expected one a trial")


def _within(places: NDArray[np.int64]) -> Rows:
    """The number of each trial among those of its place. [r]"""
    found = np.empty(places.size, np.int64)
    for place in np.unique(places):
        here = places == place
        found[here] = np.arange(int(here.sum()))
    return found


def _stratify(
    rows: tuple[Rows, ...], places: tuple[NDArray[np.int64], ...], names: tuple[NDArray[np.int64], ...]
) -> tuple[_Stratum, ...]:
    """Units with the same name, sorted into strata by the places they lie in; in order of first appearance."""
    units: dict[object, dict[int, list[int]]] = {}
    for own, where, named in zip(rows, places, names, strict=True):
        for row, place, name in zip(own.tolist(), where.tolist(), named.tolist(), strict=True):
            units.setdefault(name, {}).setdefault(place, []).append(row)
    strata: dict[tuple[int, ...], list[tuple[Rows, ...]]] = {}
    for unit in units.values():
        key = tuple(sorted(unit))
        strata.setdefault(key, []).append(tuple(np.array(unit[place], dtype=np.int64) for place in key))
    return tuple(_Stratum(key, tuple(found)) for key, found in strata.items())


def _interval(sample: _Sample, level: float, draws: int, seed: int, expanded: bool, what: str | None) -> Estimate:
    n = sum(column.size for column in sample.values)
    counts = [len(stratum.units) for stratum in sample.strata]
    name = f"BCa bootstrap of {what or 'trials'}, {draws} draws, seed {seed}"
    if n == 0:
        return Estimate(np.nan, np.nan, np.nan, level, "no trials", 0)
    value = float(sample.evaluate([np.arange(column.size) for column in sample.values]))
    if min(counts) < 2:
        reason = f"no interval: only one {(what or 'trials')[:-1]} where more must be drawn from"
        return Estimate(value, np.nan, np.nan, level, reason, n)
    influence = sample.influences()
    thetas = sample.draw(draws, np.random.default_rng(seed))
    # Resamples that repeat the sample tie with it; rounding must not tell on which side.
    near = 1e-10 * float(np.ptp(thetas)) + 1e-14 * float(np.abs(thetas).max())
    below = float(((thetas < value - near).sum() + (thetas <= value + near).sum()) / (2 * draws))
    spread = sum(float((u**2).sum()) / u.size**2 for u in influence)
    if np.ptp(thetas) <= 1e-12 * max(1.0, abs(value)) or not 0 < below < 1:
        return Estimate(value, np.nan, np.nan, level, "no interval: resamples do not vary around the estimate", n)
    skew = sum(float((u**3).sum()) / u.size**3 for u in influence) / 6 / spread**1.5 if spread > 0 else 0.0
    quantile = _widened(influence, level) if expanded and spread > 0 else float(ndtri(0.5 + level / 2))
    bias = float(ndtri(below))
    z = np.array([bias - quantile, bias + quantile])
    if np.any(1 - skew * z <= 0):
        return Estimate(value, np.nan, np.nan, level, "no interval: too skewed for so few trials", n)
    low, high = np.quantile(thetas, ndtr(bias + z / (1 - skew * z)))
    if what == "clusters":
        name += f", {sum(counts)} clusters"
    return Estimate(value, float(low), float(high), level, name, n)


def _widened(influence: list[Column], level: float) -> float:
    """The normal quantile times what the bootstrap's variance lacks, with Student's quantile for a normal one."""
    parts = np.array([[float((u**2).sum()) / u.size / (u.size - 1), u.size - 1] for u in influence])
    lacking = sum(float((u**2).sum()) / u.size**2 for u in influence)
    total = float(parts[:, 0].sum())
    freedom = total**2 / float((parts[:, 0] ** 2 / parts[:, 1]).sum())
    return float(stdtrit(freedom, 0.5 + level / 2)) * float(np.sqrt(total / lacking))
