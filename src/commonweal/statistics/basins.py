"""Two basins or one: bistability at a point, hysteresis along an axis, and signs that a basin is about to be left.

A boundary on a map says where the outcome flips as the start state changes. If it also flips from seed to seed at one start
state, or if where it flips depends on where the society came from, there are two basins.

Letters: `r` trials, `k` settings of the axis that is swept, `t` ticks, `m` draws.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Bounds, Column, Estimate, estimate_difference, estimate_mean, is_binary, oppose

Sweeps: TypeAlias = NDArray[np.float64]
"""A reading of each trial at each setting (or tick). [r, k]"""

_STEPS = 100
"""Rounds of expectation and maximisation."""
_LEAST_SPREAD = 0.02
"""A component's standard deviation, at least, as a share of the trials': values that agree exactly are no infinite evidence."""
_GRID = 400
"""Places where a fitted density is looked at for its modes."""
_FEWEST = 8
"""Trials without which nothing is said of basins."""


@dataclass(frozen=True)
class Bistability:
    """Whether trials from one start state end in two places."""

    low: float
    """Centre of the lower component of a mixture of two."""
    high: float
    """Centre of the upper component."""
    share_high: float
    """Share of the upper component."""
    spread: float
    """Standard deviation within components."""
    modes: int
    """Modes of the fitted mixture's density: 1 or 2."""
    mixture_p: float
    """p-value of one normal against a mixture of two, by likelihood ratio and parametric bootstrap."""
    dip: float
    """Hartigan's dip: distance of the trials' distribution from the nearest one with a single mode."""
    dip_p: float
    """p-value of the dip against the uniform distribution; it does not ask components to be normal."""
    n: int
    """Trials."""

    @property
    def found(self) -> bool:
        """Whether two basins are seen: the mixture fits better at 5 % and has two modes, and the dip agrees at 5 %.

        The mixture alone takes a skewed outcome for two basins; the dip does not, and needs more trials where basins overlap.
        """
        return self.modes == 2 and self.mixture_p <= 0.05 and self.dip_p <= 0.05


def find_bistability(outcome: ArrayLike, draws: int = 999, seed: int = 0) -> Bistability:
    """Whether the outcome of trials that differ in their seed alone has two modes.

    Args:
        outcome: of each trial, continuous. [r]
        draws: of each bootstrap.
        seed: of the draws.

    Raises:
        StudyError: there are fewer than 8 trials, or the outcome is 0/1 and so has no distribution within a basin.

    Source: G. McLachlan, Applied Statistics 36 (1987), for the bootstrap; J. Hartigan and P. Hartigan, Annals of Statistics 13
    (1985), for the dip.
    """
    column = np.sort(np.asarray(outcome, dtype=np.float64))
    if column.size < _FEWEST or is_binary(column) or not np.isfinite(column).all():
        raise StudyError(
            f"bistability was asked of {column.size} trials{' with a 0/1 outcome' if is_binary(column) else ''}; expected at "
            f"least {_FEWEST} trials of one start state with a finite continuous outcome: give the order parameter itself"
        )
    n = column.size
    scale = float(column.std())
    if scale <= 1e-12 * max(1.0, float(np.abs(column).max())):
        middle = float(column.mean())
        return Bistability(middle, middle, 0.0, 0.0, 1, 1.0, 1 / (2 * n), 1.0, n)
    found = _mix(((column - column.mean()) / scale)[None, :])
    null = np.random.default_rng(seed).standard_normal((draws, n))
    null = (null - null.mean(axis=1, keepdims=True)) / null.std(axis=1, keepdims=True)
    ratios = _mix(null).gain
    dip = measure_dip(column)
    dips = _null_dips(n, draws, seed)
    centre, share = column.mean() + scale * found.centres[0], float(found.share[0])
    return Bistability(
        low=float(centre.min()),
        high=float(centre.max()),
        share_high=share if centre[1] >= centre[0] else 1 - share,
        spread=scale * float(found.spread[0]),
        modes=_modes(found),
        mixture_p=float((1 + (ratios >= found.gain[0] - 1e-9).sum()) / (1 + draws)),
        dip=dip,
        dip_p=float((1 + (dips >= dip - 1e-12).sum()) / (1 + draws)),
        n=n,
    )


@dataclass(frozen=True)
class _Mixtures:
    """Two normals of one spread, fitted to each of m standardised samples."""

    centres: NDArray[np.float64]
    """[m, 2]"""
    share: Column
    """Of the second component. [m]"""
    spread: Column
    """[m]"""
    gain: Column
    """Twice the log likelihood ratio against one normal. [m]"""


def _mix(samples: NDArray[np.float64]) -> _Mixtures:
    """Expectation and maximisation from three splits, the best of them for each sample."""
    ordered = np.sort(samples, axis=1)
    best, *others = (_maximise(ordered, part) for part in (0.2, 0.5, 0.8))
    for found in others:
        better = found.gain > best.gain
        best = _Mixtures(
            np.where(better[:, None], found.centres, best.centres),
            np.where(better, found.share, best.share),
            np.where(better, found.spread, best.spread),
            np.where(better, found.gain, best.gain),
        )
    return best


def _maximise(ordered: NDArray[np.float64], part: float) -> _Mixtures:
    """Expectation and maximisation from samples [m, n] split after a part of their values."""
    m, n = ordered.shape
    cut = min(max(round(part * n), 1), n - 1)
    weight = np.broadcast_to((np.arange(n) >= cut).astype(np.float64), (m, n))
    found, log_upper, log_both = _step(ordered, weight)
    for _ in range(_STEPS):
        found, log_upper, log_both = _step(ordered, np.exp(log_upper - log_both))
    return found


def _step(x: NDArray[np.float64], weight: NDArray[np.float64]) -> tuple[_Mixtures, NDArray[np.float64], NDArray[np.float64]]:
    """The mixtures for weights of the upper component, and each value's log density in that component and in both. [m, n]"""
    n = x.shape[1]
    share = np.clip(weight.mean(axis=1), 1 / (4 * n), 1 - 1 / (4 * n))
    upper = (weight * x).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-12)
    lower = ((1 - weight) * x).sum(axis=1) / np.maximum((1 - weight).sum(axis=1), 1e-12)
    high, low = (x - upper[:, None]) ** 2, (x - lower[:, None]) ** 2
    spread = np.sqrt(np.maximum((weight * high + (1 - weight) * low).mean(axis=1), _LEAST_SPREAD**2))
    log_upper = np.log(share)[:, None] - 0.5 * high / spread[:, None] ** 2
    log_both = np.logaddexp(log_upper, np.log(1 - share)[:, None] - 0.5 * low / spread[:, None] ** 2)
    # One normal on a standardised sample has log likelihood -n / 2, the constant left out of both.
    gain = 2 * (log_both.sum(axis=1) - n * np.log(spread) + n / 2)
    return _Mixtures(np.stack([lower, upper], axis=1), share, spread, gain), log_upper, log_both


def _modes(found: _Mixtures) -> int:
    """Modes of the first mixture's density."""
    (low, high), share, spread = found.centres[0], found.share[0], found.spread[0]
    x = np.linspace(min(low, high) - spread, max(low, high) + spread, _GRID)
    density = (1 - share) * np.exp(-0.5 * ((x - low) / spread) ** 2) + share * np.exp(-0.5 * ((x - high) / spread) ** 2)
    rising = np.diff(density) > 0
    return max(int((rising[:-1] & ~rising[1:]).sum()), 1)


def measure_dip(values: ArrayLike) -> float:
    """Hartigan's dip of a sample [n]: greatest distance to the nearest distribution with one mode, in [1/(2n), 1/4].

    Source: J. Hartigan and P. Hartigan, Annals of Statistics 13 (1985); their example of 63 values has dip 1/16.8.
    """
    x = np.sort(np.asarray(values, dtype=np.float64))
    n = x.size
    if n < 2 or x[0] == x[-1]:
        return 1 / (2 * n)
    # Values that agree are a hair apart, so that each has a step of its own; the dip moves as little.
    x = x + 1e-9 * (x[-1] - x[0]) * np.arange(n)
    first, last, dip = 0, n - 1, 1.0
    while True:
        convex = _hull(x, first, last, lower=True)
        concave = _hull(x, first, last, lower=False)
        # Heights of one envelope over the knots of the other; the widest gap bounds the next modal interval.
        over = np.interp(x[convex], x[concave], concave) - convex + 1
        under = concave - np.interp(x[concave], x[convex], convex) + 1
        at_low, at_high = int(over.argmax()), int(under.argmax())
        if max(over[at_low], under[at_high]) <= dip:
            return dip / (2 * n)
        if over[at_low] >= under[at_high]:
            start = int(convex[at_low])
            end = int(concave[np.searchsorted(concave, start)])
        else:
            end = int(concave[at_high])
            start = int(convex[np.searchsorted(convex, end, side="right") - 1])
        dip = max(dip, _off_below(x, convex, start), _off_above(x, concave, end))
        if start == first and end == last:
            return dip / (2 * n)
        first, last = start, end


def _hull(x: Column, first: int, last: int, lower: bool) -> NDArray[np.int64]:
    """Knots of the greatest convex minorant (or least concave majorant) of the points (x_i, i)."""
    knots: list[int] = []
    for i in range(first, last + 1):
        while len(knots) > 1:
            a, b = knots[-2], knots[-1]
            # b is no knot if it is above (below) the chord from a to i.
            turn = (b - a) * (x[i] - x[a]) - (i - a) * (x[b] - x[a])
            if (turn < 0) if lower else (turn > 0):
                break
            knots.pop()
        knots.append(i)
    return np.array(knots)


def _off_below(x: Column, knots: NDArray[np.int64], end: int) -> float:
    """How far the sample's steps rise above its convex minorant, up to a knot; at least 1."""
    heights = np.interp(x[knots[0] : end + 1], x[knots], knots)
    return max(1.0, float((np.arange(knots[0], end + 1) - heights).max()) + 1.0) if end - knots[0] > 1 else 1.0


def _off_above(x: Column, knots: NDArray[np.int64], start: int) -> float:
    """How far the sample's steps fall below its concave majorant, from a knot on; at least 1."""
    heights = np.interp(x[start : knots[-1] + 1], x[knots], knots)
    return max(1.0, float((heights - np.arange(start, knots[-1] + 1)).max()) + 1.0) if knots[-1] - start > 1 else 1.0


@functools.lru_cache(maxsize=64)
def _null_dips(n: int, draws: int, seed: int) -> Column:
    """Dips of uniform samples, which of all with one mode are the largest for many values."""
    samples = np.random.default_rng(seed).random((draws, n))
    return np.array([measure_dip(sample) for sample in samples])


@dataclass(frozen=True)
class Loop:
    """A hysteresis loop: where a reading flips depends on the basin a society comes from."""

    up: Estimate
    """Setting at which it flips as settings rise."""
    down: Estimate
    """Setting at which it flips as settings fall."""
    width: Estimate
    """up - down, in the setting's unit: above 0 where the society stays in the basin it is in."""
    area: Estimate
    """Area between the two branches, in the setting's unit times the reading's; it needs no threshold."""
    stayed: int
    """Sweeps that never flipped; they are left out of all but the area."""

    @property
    def found(self) -> bool:
        """Whether the width's interval is wholly above 0."""
        return self.width.low > 0


def find_loop(
    settings: Sequence[float], rising: Sweeps, falling: Sweeps, threshold: float, paired: bool = False, level: float = 0.95
) -> Loop:
    """The hysteresis loop between sweeps that start in the two basins.

    A sweep is one society taken through all settings, or one seed's societies, each started from that basin at one setting: a
    row is the unit either way. It flips where its reading first changes sides of the threshold, interpolated linearly.

    Args:
        settings: in rising order. [k]
        rising: readings of sweeps that start at the first setting, or from the basin that belongs there. [r1, k]
        falling: readings of sweeps that start at the last setting; columns in the same order. [r0, k]
        threshold: the reading between the basins.
        paired: whether row i of both shares its seed.
        level: nominal coverage, in (0, 1).

    Raises:
        StudyError: shapes do not fit, settings do not rise, or no sweep of one direction flips.

    Source: R. May, Nature 269 (1977); M. Scheffer et al., Nature 413 (2001), for what a loop says of an ecosystem.
    """
    axis, up, down = np.asarray(settings, np.float64), np.asarray(rising, np.float64), np.asarray(falling, np.float64)
    if up.ndim != 2 or down.ndim != 2 or not up.shape[1] == down.shape[1] == axis.size or np.any(np.diff(axis) <= 0):
        raise StudyError(
            f"a loop was asked of {axis.size} settings, rising sweeps {up.shape} and falling sweeps {down.shape}; expected "
            "settings in rising order and one column of readings for each"
        )
    sign = np.sign(up[:, :1].mean() - down[:, -1:].mean()) or 1.0
    flips_up = _flips(axis, sign * (up - threshold))
    flips_down = _flips(axis[::-1], -sign * (down - threshold)[:, ::-1])
    if paired:
        both = np.isfinite(flips_up) & np.isfinite(flips_down)
        stayed = int(2 * (~both).sum())
        flips_up, flips_down = flips_up[both], flips_down[both]
    else:
        stayed = int(np.isnan(flips_up).sum() + np.isnan(flips_down).sum())
        flips_up, flips_down = flips_up[np.isfinite(flips_up)], flips_down[np.isfinite(flips_down)]
    if not (flips_up.size and flips_down.size):
        raise StudyError(
            f"no sweep crosses {threshold} in one of the directions; expected some that do: widen the range of settings, or "
            "give a threshold between the two basins"
        )
    bounds = Bounds(float(axis[0]), float(axis[-1]))
    area_up, area_down = (np.asarray(sign * np.trapezoid(side, axis, axis=1), np.float64) for side in (up, down))
    return Loop(
        up=estimate_mean(flips_up, level, bounds),
        down=estimate_mean(flips_down, level, bounds),
        width=estimate_difference(oppose(flips_up, flips_down, paired), level, bounds),
        area=estimate_difference(oppose(area_up, area_down, paired), level),
        stayed=stayed,
    )


def _flips(axis: Column, margin: Sweeps) -> Column:
    """Where each sweep, positive at its start, first is not; NaN where it always is. [r]"""
    crossed = margin <= 0
    at = crossed.argmax(axis=1)
    rows = np.arange(len(margin))
    before = np.maximum(at - 1, 0)
    one, two = margin[rows, before], margin[rows, at]
    part = np.divide(one, one - two, out=np.zeros(len(margin)), where=one != two)
    return np.where(crossed.any(axis=1), axis[before] + part * (axis[at] - axis[before]), np.nan)


@dataclass(frozen=True)
class EarlyWarning:
    """Whether a reading fluctuates more and more slowly, as before a basin is left. `w` windows."""

    variance: Estimate
    """Mean over trials of Kendall's tau between time and the variance in a sliding window, in [-1, 1]."""
    autocorrelation: Estimate
    """The same for the lag-1 autocorrelation."""
    variances: Sweeps
    """Variance in each window. [r, w]"""
    autocorrelations: Sweeps
    """Lag-1 autocorrelation in each window. [r, w]"""

    @property
    def found(self) -> bool:
        """Whether both rise: both intervals are wholly above 0."""
        return self.variance.low > 0 and self.autocorrelation.low > 0


def find_early_warning(readings: Sweeps, window: float = 0.5, trend: float = 0.1, level: float = 0.95) -> EarlyWarning:
    """Signs of critical slowing down in readings over time, with the trial as unit.

    The windows of one series overlap, so its own tau has no p-value; tau of independent trials has mean 0 if nothing changes.

    Args:
        readings: of each trial at each tick, only those before the flip. [r, t]
        window: share of the ticks in a window.
        trend: standard deviation of the Gaussian that smooths out the trend, as a share of the ticks.
        level: nominal coverage, in (0, 1).

    Raises:
        StudyError: there are fewer than 2 trials or 40 ticks, or a window holds fewer than 10 ticks.

    Source: V. Dakos et al., PNAS 105 (2008); V. Dakos et al., PLoS ONE 7 (2012), e41010.
    """
    from scipy.ndimage import gaussian_filter1d

    series = np.asarray(readings, dtype=np.float64)
    if series.ndim != 2 or series.shape[0] < 2 or series.shape[1] < 40 or not 10 / series.shape[1] <= window < 1:
        raise StudyError(
            f"early warnings were asked of readings {series.shape} in windows of {window} of them; expected at least 2 trials "
            "of 40 ticks and windows of 10 ticks up to all but one: run longer or more trials"
        )
    ticks = series.shape[1]
    rest = series - gaussian_filter1d(series, trend * ticks, axis=1, mode="nearest")
    width = round(window * ticks)
    starts = np.unique(np.linspace(0, ticks - width, min(ticks - width + 1, 100)).astype(np.int64))
    windows = np.lib.stride_tricks.sliding_window_view(rest, width, axis=1)[:, starts]
    centred = windows - windows.mean(axis=2, keepdims=True)
    variances = (centred**2).mean(axis=2)
    lagged = (centred[:, :, 1:] * centred[:, :, :-1]).mean(axis=2)
    autocorrelations = np.divide(lagged, variances, out=np.zeros_like(lagged), where=variances > 0)
    unit = Bounds(-1.0, 1.0)
    return EarlyWarning(
        variance=estimate_mean(_taus(variances), level, unit),
        autocorrelation=estimate_mean(_taus(autocorrelations), level, unit),
        variances=variances,
        autocorrelations=autocorrelations,
    )


def _taus(columns: Sweeps) -> Column:
    """Kendall's tau (a) of each row with time. [r]"""
    w = columns.shape[1]
    first, second = np.triu_indices(w, 1)
    return np.sign(columns[:, second] - columns[:, first]).mean(axis=1)
