"""Prediction-powered inference: many trials judged, some of them labelled, and one honest interval.

A judge's mean has the judge's error in it, however many trials it judges. The labelled trials say how large that error is:

    theta = lambda mean(f, trials without label) + mean(y - lambda f, trials with label)
    lambda = 1                                                             plain
    lambda = cov(y, f) / ((1 + n / N) var(f)), cut to [0, 1]               tuned: never worse than labels alone in the limit

f is the verdict and y the label of a trial, n trials are labelled at random, N are not. The unit is the trial: verdicts on
messages or agents of one trial are averaged to one number a trial first (`average_trials`), since items of one society err
together. With 60 trials of 40 items and an error that varies from trial to trial, intervals that count items cover 76 times
in 100, intervals over trials 95.

Trials may come in strata (cells of a design) of which labels are drawn apart; strata count by their trials.

Source: A. Angelopoulos, S. Bates, C. Fannjiang, M. Jordan, T. Zrnic, Science 382 (2023); A. Angelopoulos, J. Duchi, T. Zrnic,
"PPI++", arXiv:2311.01453; A. Fisch et al., "Stratified prediction-powered inference", NeurIPS 2024.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Bounds, Column, Estimate

SHARE = Bounds(0.0, 1.0)
"""The range of verdicts of yes and no."""

FEWEST = 5
"""Labels that a stratum needs to stand for itself: a variance from fewer is no guide."""


@dataclass(frozen=True)
class Judged:
    """Trials that a judge has judged, some of them labelled.

    Raises:
        StudyError: the columns differ in length, or a verdict is missing.
    """

    verdict: Column
    """What the judge says. [r]"""
    label: Column
    """Gold, NaN where a trial is not labelled. [r]"""
    stratum: NDArray[np.int64]
    """Stratum of each trial, from 0. [r]"""

    def __post_init__(self) -> None:
        """Refuse columns that do not fit."""
        if not self.verdict.shape == self.label.shape == self.stratum.shape:
            sizes = f"{self.verdict.size} verdicts, {self.label.size} labels and {self.stratum.size} strata"
            raise StudyError(f"found {sizes}; expected one of each a trial, NaN where a trial is not labelled")
        if not np.isfinite(self.verdict).all():
            raise StudyError("found a trial without a verdict; expected one a trial: judge all trials, or leave it out")

    @property
    def labels(self) -> int:
        """Trials with a label."""
        return int(np.isfinite(self.label).sum())


def judge_trials(verdict: ArrayLike, label: ArrayLike, stratum: ArrayLike | None = None) -> Judged:
    """Trials from their columns [r]; without strata they are one stratum."""
    said = np.asarray(verdict, dtype=np.float64)
    strata = np.zeros(said.shape, np.int64) if stratum is None else np.asarray(stratum, dtype=np.int64)
    return Judged(said, np.asarray(label, dtype=np.float64), strata)


def average_trials(values: ArrayLike, trial: ArrayLike) -> Column:
    """Values of items averaged to one a trial.

    Args:
        values: of items, [i]; NaN are left out.
        trial: of each item, from 0, [i].

    Returns:
        Means, [r]; NaN for a trial without values.
    """
    column, home = np.asarray(values, dtype=np.float64), np.asarray(trial, dtype=np.int64)
    known = np.isfinite(column)
    size = int(home.max()) + 1 if home.size else 0
    sums = np.bincount(home[known], column[known], size)
    counts = np.bincount(home[known], minlength=size)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


@dataclass(frozen=True)
class Corrected:
    """One quantity, estimated three ways."""

    raw: Estimate
    """By the judge alone, on all trials: precise, and wrong by the judge's error."""
    corrected: Estimate
    """By the judge, corrected on the labelled trials."""
    labels: Estimate
    """By the labels alone."""
    weight: float
    """lambda: how much the judge is believed, 0 to 1; of a difference, the mean over its arms."""
    error: float
    """Standard error of the corrected estimate; NaN without labels enough."""


@dataclass(frozen=True)
class _Sum:
    """An estimate as a sum of independent means: its value, and variance and degrees of freedom of each."""

    value: float
    terms: tuple[tuple[float, float], ...]
    unanimous: float
    """Half-width that a judge without a known error may yet be off; 0 where it has erred."""
    n: int

    def __sub__(self, other: _Sum) -> _Sum:
        unanimous = float(np.hypot(self.unanimous, other.unanimous))
        return _Sum(self.value - other.value, self.terms + other.terms, unanimous, self.n + other.n)

    def interval(self, level: float, name: str, bounds: Bounds | None) -> tuple[Estimate, float]:
        """With Satterthwaite's degrees of freedom, and the standard error."""
        parts = np.array(self.terms, dtype=np.float64).reshape(-1, 2)
        variance = float(parts[:, 0].sum())
        if not np.isfinite(variance) or not np.isfinite(self.value):
            return Estimate(self.value, np.nan, np.nan, level, f"{name}: too few trials for an interval", self.n), np.nan
        error = float(np.sqrt(variance))
        if variance == 0.0:
            if not self.unanimous:
                return Estimate(self.value, np.nan, np.nan, level, f"{name}: no variation, no interval", self.n), 0.0
            half = self.unanimous
        else:
            freedom = variance**2 / float((parts[:, 0] ** 2 / parts[:, 1]).sum())
            half = float(np.hypot(stdtrit(freedom, 0.5 + level / 2) * error, self.unanimous))
        low, high = self.value - half, self.value + half
        if bounds is not None:
            low, high = (float(np.clip(x, bounds.low, bounds.high)) for x in (low, high))
        return Estimate(self.value, float(low), float(high), level, name, self.n), error


def correct_mean(
    judged: Judged, level: float = 0.95, *, tuned: bool = True, bounds: Bounds | None = None, ddof: int = 1
) -> Corrected:
    """The mean over trials: by the judge, corrected, and by the labels alone.

    Strata with fewer than five labels are merged into one. Where judge and labels agree on every labelled
    trial, its error is not known to be 0: the interval is widened by the range times z^2 / (n + z^2), Wilson's limit for 0 of
    n. Without a label the corrected estimate is NaN.

    Args:
        judged: the trials.
        level: nominal coverage, in (0, 1).
        tuned: whether the judge is believed as far as it helps (PPI++), or wholly (PPI).
        bounds: range of verdicts and labels; intervals are cut there.
        ddof: 1 divides sums of squares by n - 1, 0 by n as the reference code of PPI does.

    Source: Angelopoulos et al. 2023; PPI++ 2023; Fisch et al. 2024; Wilson 1927.
    """
    raw, corrected, alone, weight = _three(judged, level, tuned, bounds, ddof)
    return _finish(raw, corrected, alone, level, bounds, weight)


def correct_difference(
    treatment: Judged,
    control: Judged,
    level: float = 0.95,
    *,
    tuned: bool = True,
    bounds: Bounds | None = None,
    ddof: int = 1,
) -> Corrected:
    """The difference in means between two arms, treatment - control, each corrected by its own labels.

    Arms are taken as independent: where their trials share seeds, intervals are too wide rather than too narrow as long as
    the arms' outcomes are not opposed.

    Args:
        treatment: trials of one arm.
        control: trials of the other.
        level: nominal coverage, in (0, 1).
        tuned: as in `correct_mean`.
        bounds: range of verdicts and labels (not of the difference).
        ddof: as in `correct_mean`.

    Source: as `correct_mean`.
    """
    one, nil = (_three(arm, level, tuned, bounds, ddof) for arm in (treatment, control))
    width = None if bounds is None else Bounds(bounds.low - bounds.high, bounds.high - bounds.low)
    return _finish(one[0] - nil[0], one[1] - nil[1], one[2] - nil[2], level, width, (one[3] + nil[3]) / 2)


def _finish(raw: _Sum, corrected: _Sum, alone: _Sum, level: float, bounds: Bounds | None, weight: float) -> Corrected:
    interval, error = corrected.interval(level, "prediction-powered t interval over trials", bounds)
    return Corrected(
        raw=raw.interval(level, "judge alone, t interval over trials", bounds)[0],
        corrected=interval,
        labels=alone.interval(level, "labels alone, t interval over trials", bounds)[0],
        weight=weight,
        error=error,
    )


def _three(judged: Judged, level: float, tuned: bool, bounds: Bounds | None, ddof: int) -> tuple[_Sum, _Sum, _Sum, float]:
    """Judge alone, corrected, labels alone, and lambda."""
    known = np.isfinite(judged.label)
    strata = _merge(judged.stratum, known)
    verdict, label = judged.verdict, judged.label
    size = float(max(verdict.size, 1))
    owns = [strata == s for s in sorted(set(strata.tolist()))]
    groups = [(float(own.sum()) / size, known & own, ~known & own) for own in owns]
    if not known.any():
        nothing = _Sum(np.nan, (), 0.0, 0)
        return _mean(verdict, ddof, level, bounds), nothing, nothing, 0.0
    weight = _tune(verdict, label, groups) if tuned else 1.0
    value, alone, terms, only = 0.0, 0.0, list[tuple[float, float]](), list[tuple[float, float]]()
    for share, own, rest in groups:
        # A stratum that is labelled whole needs no judge.
        trust = weight if rest.any() else 0.0
        value += share * float((label[own] - trust * verdict[own]).mean())
        alone += share * float(label[own].mean())
        terms.append(_term(label[own] - trust * verdict[own], share, ddof))
        only.append(_term(label[own], share, ddof))
        if trust > 0:
            value += share * trust * float(verdict[rest].mean())
            terms.append(_term(verdict[rest], share * trust, ddof))
    count = int(known.sum())
    limit = _limit(count, level, bounds)
    agree = bool((verdict[known] == label[known]).all()) and weight > 0 and not known.all()
    constant = bool(np.ptp(label[known]) == 0)
    return (
        _mean(verdict, ddof, level, bounds),
        _Sum(value, tuple(terms), limit if agree or (constant and weight == 0) else 0.0, verdict.size),
        _Sum(alone, tuple(only), limit if constant else 0.0, count),
        weight,
    )


def _limit(n: int, level: float, bounds: Bounds | None) -> float:
    """How far a mean may be off of which n trials show no variation: the range times Wilson's limit for 0 of n."""
    z = float(ndtri(0.5 + level / 2))
    return 0.0 if bounds is None else (bounds.high - bounds.low) * z * z / (n + z * z)


def _mean(column: Column, ddof: int, level: float, bounds: Bounds | None) -> _Sum:
    value = float(column.mean()) if column.size else np.nan
    limit = _limit(column.size, level, bounds) if column.size and np.ptp(column) == 0 else 0.0
    return _Sum(value, (_term(column, 1.0, ddof),), limit, int(column.size))


def _term(column: Column, share: float, ddof: int) -> tuple[float, float]:
    """Variance of share times a mean, and its degrees of freedom; NaN of fewer than two."""
    if column.size < 2:
        return np.nan, 1.0
    return share**2 * float(column.var(ddof=ddof)) / column.size, float(column.size - 1)


def _tune(verdict: Column, label: Column, groups: list[tuple[float, NDArray[np.bool_], NDArray[np.bool_]]]) -> float:
    """The lambda of least variance, one for all strata, in [0, 1]."""
    top = bottom = 0.0
    for share, own, rest in groups:
        if rest.any() and own.sum() > 1:
            every = verdict[own | rest]
            shared = float(np.cov(label[own], verdict[own])[0, 1])
            top += share**2 * shared / float(own.sum())
            bottom += share**2 * float(every.var(ddof=1)) * (1 / float(own.sum()) + 1 / float(rest.sum()))
    return float(np.clip(top / bottom, 0.0, 1.0)) if bottom > 0 else 0.0


def _merge(stratum: NDArray[np.int64], known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Strata with fewer than `FEWEST` labels, or with one trial without a label, become one; all are one where it is small."""
    names, place = np.unique(stratum, return_inverse=True)
    if names.size < 2:
        return place
    labelled, rest = np.bincount(place, known, names.size), np.bincount(place, ~known, names.size)
    small = (labelled < FEWEST) | (rest == 1)
    if small.any() and (labelled[small].sum() < FEWEST or rest[small].sum() == 1):
        return np.zeros_like(place)
    return np.where(small[place], names.size, place)
