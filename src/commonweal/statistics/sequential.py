"""Looking while trials come in: intervals that hold at every look at once, e-values, and the rule when to stop.

A fixed interval looked at after every trial excludes the truth sooner or later; a confidence sequence covers it at all n
together with probability `level`, so a study may stop when it has seen enough. What enters is one value a trial, or one
difference a pair or block of trials, in the order of their seeds.

Letters: `r` trials (or pairs, or blocks) in order, alpha = 1 - level. `...` stands for studies handled at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Bounds

_Array: TypeAlias = NDArray[np.float64]

_CAP = 0.5
"""Share of the capital that one bet may risk at most."""
_HALVINGS = 24
"""Bisections for a limit: to 6e-8 of the range, outwards."""


@dataclass(frozen=True)
class Limits:
    """Limits of a mean after the last value, those of all earlier looks intersected."""

    estimate: _Array
    """Mean of the values so far. [...]"""
    low: _Array
    """Lower limit; -inf where the values cannot give one yet. [...]"""
    high: _Array
    """Upper limit; inf where the values cannot give one yet. Below `low` where no mean fits all looks. [...]"""


def bound_differences(bounds: Bounds) -> Bounds:
    """The range of a difference of two outcomes that lie in `bounds`."""
    return Bounds(bounds.low - bounds.high, bounds.high - bounds.low)


def bound_by_betting(values: ArrayLike, bounds: Bounds, level: float = 0.95) -> Limits:
    """The hedged betting confidence sequence for the mean of bounded values, at the last of them.

    For every mean m, two gamblers bet on values above and below m; m is out as soon as one of them has multiplied a stake
    by 2/alpha. K+(m) = prod_i (1 + min(l_i, c/m) (x_i - m)), K-(m) likewise downwards, l_i = sqrt(2 log(2/alpha) /
    (s2_{i-1} i log(i+1))), s2 the running variance. K+ falls and K- rises in m, so what is left is an interval.

    Args:
        values: In order, one a trial or pair. [..., r]
        bounds: The range that no value can leave.
        level: Coverage at all n at once, in (0, 1).

    Raises:
        StudyError: a value lies outside `bounds`.

    Source: Waudby-Smith & Ramdas 2024, theorem 3 and section 4.2.
    """
    unit, alpha = _to_unit(values, bounds), 1 - level
    bets = _bets(unit, alpha)
    low, high = _lowest(unit, bets, alpha), 1 - _lowest(1 - unit, bets, alpha)
    width = bounds.high - bounds.low
    return Limits(_mean(values), bounds.low + width * low, bounds.low + width * high)


def bound_by_bernstein(values: ArrayLike, bounds: Bounds, level: float = 0.95) -> Limits:
    """The predictable plug-in empirical-Bernstein confidence sequence for the mean of bounded values, at the last of them.

    sum(l x) / sum(l) +- (log(2/alpha) + sum(v psi(l))) / sum(l), v_i = 4 (x_i - m_{i-1})^2, psi(l) = (-log(1-l) - l)/4, m the
    running mean. In closed form, and wider than betting's.

    Args:
        values: In order, one a trial or pair. [..., r]
        bounds: The range that no value can leave.
        level: Coverage at all n at once, in (0, 1).

    Raises:
        StudyError: a value lies outside `bounds`.

    Source: Waudby-Smith & Ramdas 2024, theorem 2.
    """
    unit, alpha = _to_unit(values, bounds), 1 - level
    bets = np.minimum(_bets(unit, alpha), _CAP)
    before = _before(_running_mean(unit), 0.5)
    cost = (unit - before) ** 2 * (-np.log1p(-bets) - bets)
    stake = np.cumsum(bets, axis=-1)
    centre = np.cumsum(bets * unit, axis=-1) / stake
    half = (np.log(2 / alpha) + np.cumsum(cost, axis=-1)) / stake
    low = np.clip((centre - half).max(axis=-1), 0.0, 1.0)
    high = np.clip((centre + half).min(axis=-1), 0.0, 1.0)
    width = bounds.high - bounds.low
    return Limits(_mean(values), bounds.low + width * low, bounds.low + width * high)


def bound_by_mixture(values: ArrayLike, first: int, most: int, level: float = 0.95) -> Limits:
    """The confidence sequence for the mean of unbounded values from a normal mixture with estimated variance, at the last.

    m_n +- s_n / sqrt(n) sqrt((n-1) (A-1) / (1 - A/(1+ng))), A = ((1+ng) / alpha^2)^(1/n): where the t statistic's Bayes
    factor for an effect of N(0, g) standard deviations reaches 1/alpha. Exact for normal values at every n; for others it
    holds asymptotically (it tends to Robbins' mixture, the asymptotic confidence sequence), so looks before `first` do not
    count. g is such that the interval is narrowest, for what it is, at sqrt(first most).

    Args:
        values: In order, one a trial or pair. [..., r]
        first: Values at the first look, at least 2.
        most: Values at the last look.
        level: Coverage at all n from `first` on at once, in (0, 1).

    Source: Robbins 1970; Lai 1976; Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024, section 2; Wang & Ramdas 2024.
    """
    column, alpha = np.asarray(values, dtype=np.float64), 1 - level
    if column.shape[-1] < max(first, 2):
        nothing = np.full(column.shape[:-1], np.inf)
        return Limits(_mean(column), -nothing, nothing)
    n, mean, spread = _moments(column)
    grown = 1 + n * _prior_variance(first, most, alpha)
    reach = (grown / alpha**2) ** (1 / n)
    with np.errstate(divide="ignore", invalid="ignore"):
        squared = np.where(reach < grown, (n - 1) * (reach - 1) / (1 - reach / grown), np.inf)
        half = spread * np.sqrt(squared / n)
    # Values that agree so far have shown no variance yet, which is not the same as having none.
    half = np.where(spread > 0, half, np.inf)[..., max(first, 2) - 1 :]
    mean = mean[..., max(first, 2) - 1 :]
    return Limits(_mean(column), (mean - half).max(axis=-1), (mean + half).min(axis=-1))


def measure_evidence(values: ArrayLike, mean: float = 0.0, bounds: Bounds | None = None) -> _Array:
    """The e-value against "the mean is `mean`": what a stake of 1 has become by betting against it. [...]

    Its expectation under that hypothesis is at most 1 whenever one stops, so 20 is evidence at the level .05 and 1/e a
    p-value. With bounds it is the mean of the two capitals of `bound_by_betting`; without, the Bayes factor of
    `bound_by_mixture` with g = 1, exact for normal values only.

    Args:
        values: In order, one a trial or pair. [..., r]
        mean: The hypothesis, inside the bounds.
        bounds: The range that no value can leave; None if there is none.

    Raises:
        StudyError: a value or `mean` lies outside `bounds`.

    Source: Waudby-Smith & Ramdas 2024; Grunwald, de Heide & Koolen 2024; Vovk & Wang 2021.
    """
    column = np.asarray(values, dtype=np.float64)
    if bounds is not None:
        unit, at = _to_unit(column, bounds), float(_to_unit(np.array([mean]), bounds)[0])
        bets = _bets(unit, 0.05)
        up, down = (np.log1p(_cap(bets, np.array(m)) * (x - m)).sum(axis=-1) for x, m in ((unit, at), (1 - unit, 1 - at)))
        return np.asarray(0.5 * (np.exp(up) + np.exp(down)))
    if column.shape[-1] < 2:
        return np.ones(column.shape[:-1])
    n, centre, spread = (part[..., -1] for part in _moments(column))
    with np.errstate(divide="ignore", invalid="ignore"):
        squared = n * ((centre - mean) / spread) ** 2 / (n - 1)
        factor = ((1 + squared) / (1 + squared / (1 + n))) ** (n / 2) / np.sqrt(1 + n)
    return np.where(spread > 0, factor, 1.0)


def merge_evidence(evidence: ArrayLike, independent: bool = False) -> float:
    """One e-value from several against one hypothesis: their mean, or their product where the trials are independent.

    Args:
        evidence: E-values, at least 0. [k]
        independent: Whether no trial and no seed enters two of them.

    Raises:
        StudyError: there is none, or one is negative or no number.

    Source: Vovk & Wang 2021: the mean is the only symmetric merging that always holds and cannot be bettered.
    """
    column = np.asarray(evidence, dtype=np.float64)
    if column.size == 0 or not bool(np.all(column >= 0)):
        raise StudyError(f"found e-values {column.tolist()[:5]}, expected one or more numbers of at least 0; mend the values")
    return float(np.prod(column) if independent else column.mean())


@dataclass(frozen=True)
class Stopping:
    """When a study may stop: at the first look at which one of its aims is reached, and at `most` at the latest."""

    half_width: float | None = None
    """Stop when the interval is at most twice this wide."""
    excludes_zero: bool = False
    """Stop when the interval excludes 0: there is an effect."""
    within: float | None = None
    """Stop when the interval lies inside +- this, the smallest effect of interest: there is none that matters."""
    first: int = 10
    """Values (trials, pairs or blocks) at the first look, at least 2."""
    every: int = 10
    """Values from one look to the next, at least 1."""
    most: int = 200
    """Values at which the study ends in any case."""
    level: float = 0.95
    """Coverage of the interval at all looks at once, in (0, 1)."""
    bounds: Bounds | None = None
    """Range of a value (of differences: `bound_differences`); None makes the interval hold asymptotically only."""

    def __post_init__(self) -> None:
        """Refuse a rule that could not stop or look."""
        aims = [aim for aim in (self.half_width, self.within) if aim is not None]
        for wrong, found, expected in (
            (not aims and not self.excludes_zero, "no aim", "half_width, excludes_zero or within"),
            (any(not aim > 0 for aim in aims), f"half_width or within {aims}", "a number above 0"),
            (self.first < 2 or self.every < 1, f"first={self.first}, every={self.every}", "at least 2 and 1"),
            (self.most < self.first, f"most={self.most}", f"at least first={self.first}"),
            (not 0 < self.level < 1, f"level={self.level}", "a number between 0 and 1"),
            (self.bounds is not None and not self.bounds.low < self.bounds.high, f"{self.bounds}", "low below high"),
        ):
            if wrong:
                raise StudyError(f"stopping rule: found {found}, expected {expected}; change the rule before the run")

    @property
    def looks(self) -> tuple[int, ...]:
        """Numbers of values at which the rule looks: first, first + every, ..., and most."""
        return (*range(self.first, self.most, self.every), self.most)


@dataclass(frozen=True)
class Decision:
    """What a stopping rule says after the values so far."""

    stop: bool
    """Whether the study ends here."""
    why: str
    """The aim that was reached, or what is waited for."""
    n: int
    """Values that the decision rests on: those up to its look."""
    estimate: float
    """Mean of these values; after an early stop for an effect it is on average too far from 0, the interval is not."""
    low: float
    """Lower limit; -inf before the first look, NaN where the mean has left the limits of earlier looks."""
    high: float
    """Upper limit; inf before the first look, NaN where the mean has left the limits of earlier looks."""


def decide(values: ArrayLike, rule: Stopping) -> Decision:
    """The decision of a rule on the values so far: that of its first look at which it stops, else of its last.

    It depends on the values up to that look alone, so a replay over a finished run stops where the run did. NaN stands for
    a trial that gave no value: it counts for the looks and not for the interval.

    Args:
        values: One a trial, pair or block, in the order of their seeds. [r]
        rule: The rule, with the range of a value.

    Raises:
        StudyError: a value lies outside the rule's bounds.
    """
    column = np.asarray(values, dtype=np.float64)
    due = [look for look in rule.looks if look <= column.size]
    if not due:
        why = f"the first look is at {rule.first}"
        return Decision(False, why, int(column.size), float(np.mean(column)) if column.size else np.nan, -np.inf, np.inf)
    decision = _look(column, due[0], rule)
    for look in due[1:]:
        if decision.stop:
            break
        decision = _look(column, look, rule)
    return decision


def _look(values: _Array, look: int, rule: Stopping) -> Decision:
    seen = values[:look][np.isfinite(values[:look])]
    if rule.bounds is None:
        limits = bound_by_mixture(seen, rule.first, rule.most, rule.level)
    else:
        limits = bound_by_betting(seen, rule.bounds, rule.level)
    low, high, mean = float(limits.low), float(limits.high), float(limits.estimate)
    if seen.size and not low <= mean <= high:
        # Intersected looks of trials that drift shrink around a mean that no longer is one: no aim may rest on that.
        low = high = float("nan")
        why = "the mean has left the limits of earlier looks: trials drift along the seeds"
    elif rule.half_width is not None and high - low <= 2 * rule.half_width:
        why = f"the interval is within +-{rule.half_width:g}"
        return Decision(True, why, look, mean, low, high)
    elif rule.excludes_zero and (low > 0 or high < 0):
        return Decision(True, "the interval excludes 0", look, mean, low, high)
    elif rule.within is not None and -rule.within < low and high < rule.within:
        why = f"the interval lies inside +-{rule.within:g}"
        return Decision(True, why, look, mean, low, high)
    else:
        why = "no aim is reached"
    if look >= rule.most:
        why += f"; {rule.most} is the most"
    return Decision(look >= rule.most, why, look, mean, low, high)


def _to_unit(values: ArrayLike, bounds: Bounds) -> _Array:
    column = (np.asarray(values, dtype=np.float64) - bounds.low) / (bounds.high - bounds.low)
    if column.size and not (float(column.min()) >= -1e-9 and float(column.max()) <= 1 + 1e-9):
        found = np.asarray(values, dtype=np.float64)
        raise StudyError(
            f"found values from {found.min():g} to {found.max():g}, expected {bounds.low:g} to {bounds.high:g}; "
            "give the range that they cannot leave (of differences: bound_differences)"
        )
    return np.clip(column, 0.0, 1.0)


def _mean(values: ArrayLike) -> _Array:
    column = np.asarray(values, dtype=np.float64)
    return column.mean(axis=-1) if column.shape[-1] else np.full(column.shape[:-1], np.nan)


def _before(running: _Array, start: float) -> _Array:
    """What was known before each value. [..., r]"""
    return np.concatenate([np.full((*running.shape[:-1], 1), start), running[..., :-1]], axis=-1)


def _running_mean(unit: _Array) -> _Array:
    """Mean of the values so far and one more of 1/2. [..., r]"""
    return (0.5 + np.cumsum(unit, axis=-1)) / (np.arange(unit.shape[-1]) + 2.0)


def _bets(unit: _Array, alpha: float) -> _Array:
    """The plug-in bets, each from the values before it. [..., r]"""
    i = np.arange(unit.shape[-1]) + 1.0
    variance = (0.25 + np.cumsum((unit - _running_mean(unit)) ** 2, axis=-1)) / (i + 1)
    return np.sqrt(2 * np.log(2 / alpha) / (_before(variance, 0.25) * i * np.log(i + 1)))


def _cap(bets: _Array, mean: _Array) -> _Array:
    """Bets of which none can lose more than `_CAP` of the capital; mean 0 cannot be lost against."""
    return np.minimum(bets, _CAP / np.maximum(mean, 1e-300))


def _lowest(unit: _Array, bets: _Array, alpha: float) -> _Array:
    """The least mean that no gambler on higher values has grown rich against, at any look. [...]"""
    low, high = np.zeros(unit.shape[:-1]), np.ones(unit.shape[:-1])
    if unit.shape[-1] == 0:
        return low
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        gains = np.log1p(_cap(bets, middle[..., None]) * (unit - middle[..., None]))
        rich = np.cumsum(gains, axis=-1).max(axis=-1) >= np.log(2 / alpha)
        low, high = np.where(rich, middle, low), np.where(rich, high, middle)
    return low


def _moments(column: _Array) -> tuple[_Array, _Array, _Array]:
    """Number, mean and sample standard deviation of the values so far. [r], [..., r], [..., r]"""
    n = np.arange(column.shape[-1]) + 1.0
    centred = column - column[..., :1]  # sums of squares lose no digits to a large mean
    mean = np.cumsum(centred, axis=-1) / n
    squares = np.cumsum(centred**2, axis=-1) - n * mean**2
    scale = np.cumsum(centred**2, axis=-1)
    spread = np.sqrt(np.where(squares > 1e-12 * scale, squares, 0.0) / np.maximum(n - 1, 1))
    return n, mean + column[..., :1], spread


def _prior_variance(first: int, most: int, alpha: float) -> float:
    """g of the mixture, at which Robbins' interval is near its narrowest at sqrt(first most)."""
    rare = -2 * np.log(alpha)
    return float((rare + np.log(rare) + 1) / np.sqrt(first * most))
