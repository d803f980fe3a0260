"""Approximate Bayesian computation: which parameters of a simulator give what was published, where no likelihood is known.

Parameters are drawn from a prior, each draw is simulated once and summed up in a few numbers, and the draws whose numbers come
nearest to the published ones are kept:

    d_i^2 = sum_j ((s_ij - s_j) / scale_j)^2,   kept: the share of draws with the least d,   weight 1 - (d_i / largest d)^2

scale_j is the median absolute deviation of number j over all simulations. What tolerance is left is taken off by a local
linear regression of the parameter on s_i - s, theta_i - b (s_i - s); on the logit where the prior has ends, so that no draw
leaves them. What comes out is a posterior given these numbers, this simulator and this prior; `check_fit` says which published
number the simulator does not give at all, `leave_one_out` whether parameters that are known would have been found.

Letters: `m` simulations, `q` parameters, `s` numbers, `n` draws that are kept.

Source: M. Beaumont, W. Zhang and D. Balding, "Approximate Bayesian computation in population genetics", Genetics 162 (2002);
the logit, G. Hamilton et al., Genetics 170 (2005); the scale, K. Csillery, O. Francois and M. Blum, Methods in Ecology and
Evolution 3 (2012), as well as leaving out one; the check of fit, A. Gelman, X.-L. Meng and H. Stern, Statistica Sinica 6
(1996).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Estimate, estimate_proportion

Floats = NDArray[np.float64]
_EDGE = 1e-9
"""How near to an end of its range, as a share of it, a parameter is moved before its logit is taken."""


@dataclass(frozen=True)
class Simulations:
    """Draws from a prior, each simulated once."""

    parameters: Floats
    """What each was simulated with. [m, q]"""
    numbers: Floats
    """What came out of it; NaN: it has no such number, and is never kept where that is published. [m, s]"""
    low: Floats | None = None
    """Least value of each parameter; None: the prior has no ends. [q]"""
    high: Floats | None = None
    """Greatest value of each. [q]"""

    def __post_init__(self) -> None:
        """Refuse what does not belong together."""
        p, x = self.parameters, self.numbers
        if p.ndim != 2 or x.ndim != 2 or len(p) != len(x) or not np.isfinite(p).all():
            raise StudyError(
                f"simulations with parameters {p.shape} and numbers {x.shape}; expected [m, q] without NaN, and "
                "[m, s]: a row each"
            )
        if (self.low is None) != (self.high is None):
            raise StudyError(
                "a prior was given one end; expected the least and the greatest value of each parameter, or neither"
            )
        if self.low is not None and self.high is not None and ((p < self.low) | (p > self.high)).any():
            raise StudyError("a parameter was simulated outside of the ends of its prior; expected all between low and high")

    def without(self, place: int) -> Simulations:
        """All but one.

        Args:
            place: of the one.
        """
        return Simulations(np.delete(self.parameters, place, 0), np.delete(self.numbers, place, 0), self.low, self.high)


@dataclass(frozen=True)
class Posterior:
    """The parameters that fit what was published."""

    draws: Floats
    """Draws from it, adjusted to the published numbers. [n, q]"""
    weights: Floats
    """How much each counts; they sum to 1. [n]"""
    kept: NDArray[np.int64]
    """Which simulation each was, nearest first. [n]"""
    tolerance: float
    """The largest distance that was kept."""

    @property
    def mean(self) -> Floats:
        """The posterior mean of each parameter. [q]"""
        return self.weights @ self.draws

    def interval(self, level: float = 0.95) -> Floats:
        """The middle interval of each parameter: low and high. [q, 2]

        Args:
            level: its probability, in (0, 1).
        """
        return _quantiles(self.draws, self.weights, ((1 - level) / 2, (1 + level) / 2)).T


@dataclass(frozen=True)
class Fit:
    """Whether the simulator gives each published number. All [s]; NaN and false where a number is not published."""

    low: Floats
    """Lower limit of the simulations that were kept."""
    high: Floats
    """Upper limit of those."""
    fits: NDArray[np.bool_]
    """Whether the published number lies between: the posterior accounts for it."""
    any_low: Floats
    """Lower limit of all simulations: what the prior allows."""
    any_high: Floats
    """Upper limit of those."""
    possible: NDArray[np.bool_]
    """Whether the published number lies between these."""


@dataclass(frozen=True)
class Recovery:
    """How well parameters that are known are found."""

    coverage: tuple[Estimate, ...]
    """The share of left-out simulations whose parameter is in its interval, for each parameter; `level` if all is well. [q]"""
    error: Floats
    """Root mean square error of the posterior mean, in standard deviations of the prior: 1 where nothing is learned. [q]"""
    level: float
    """Probability of the intervals."""


def infer(simulations: Simulations, published: Floats, share: float = 0.05, adjust: bool = True) -> Posterior:
    """The posterior given the published numbers.

    Args:
        simulations: draws from the prior.
        published: what is to be met; NaN: not published, and not asked for. [s]
        share: of all simulations that is kept, above 0 to 1.
        adjust: whether what tolerance is left is taken off by regression.

    Raises:
        StudyError: no number is published that simulations differ in, or too few simulations are kept.
    """
    return _infer(simulations, published, find_scale(simulations.numbers), share, adjust)


def find_scale(numbers: Floats) -> Floats:
    """What each number is divided by: its median absolute deviation, or standard deviation where half agree; NaN of a constant.

    Args:
        numbers: of simulations, NaN among them. [m, s]
    """
    found = np.full(numbers.shape[1], np.nan)
    for j, column in enumerate(numbers.T):
        known = column[np.isfinite(column)]
        if known.size and np.ptp(known) > 0:
            deviation = float(np.median(np.abs(known - np.median(known))))
            found[j] = deviation or float(known.std())
    return found


def check_fit(simulations: Simulations, published: Floats, posterior: Posterior, level: float = 0.99) -> Fit:
    """Which published numbers lie outside of what the kept simulations, and all simulations, give.

    Args:
        simulations: draws from the prior.
        published: what was to be met. [s]
        posterior: given those.
        level: share of the simulations that a number's limits hold, in (0, 1).
    """
    ends = ((1 - level) / 2, (1 + level) / 2)
    kept = _limits(simulations.numbers[posterior.kept], posterior.weights, ends)
    whole = _limits(simulations.numbers, np.full(len(simulations.numbers), 1.0 / len(simulations.numbers)), ends)
    fits, possible = ((limits[0] <= published) & (published <= limits[1]) for limits in (kept, whole))
    return Fit(kept[0], kept[1], fits, whole[0], whole[1], possible)


def leave_one_out(
    simulations: Simulations, published: Floats, share: float = 0.05, level: float = 0.95, trials: int = 200, seed: int = 0
) -> Recovery:
    """Take a simulation's numbers as if they were published, and find its parameters from all others, many times.

    Simulations are left out that have all numbers which are published.

    Args:
        simulations: draws from the prior.
        published: which numbers are asked for: those that are not NaN. [s]
        share: of all simulations that is kept, above 0 to 1.
        level: probability of the intervals, in (0, 1).
        trials: how many are left out, at most as many as there are.
        seed: of which.

    Raises:
        StudyError: as `infer`.
    """
    asked = np.isfinite(published)
    able = np.flatnonzero(np.isfinite(simulations.numbers[:, asked]).all(1))
    chosen = np.random.default_rng(seed).permutation(able)[:trials]
    scale = find_scale(simulations.numbers)
    inside: list[NDArray[np.bool_]] = []
    errors: list[Floats] = []
    for place in chosen.tolist():
        known = np.where(asked, simulations.numbers[place], np.nan)
        found = _infer(simulations.without(place), known, scale, share, adjust=True)
        truth, interval = simulations.parameters[place], found.interval(level)
        inside.append((interval[:, 0] <= truth) & (truth <= interval[:, 1]))
        errors.append(found.mean - truth)
    if not inside:
        raise StudyError("no simulation has all the numbers that are published; expected some: ask for fewer")
    covered = np.array(inside, dtype=np.float64)
    error = np.sqrt(np.mean(np.array(errors) ** 2, axis=0)) / simulations.parameters.std(0)
    return Recovery(tuple(estimate_proportion(column) for column in covered.T), error, level)


def _infer(simulations: Simulations, published: Floats, scale: Floats, share: float, adjust: bool) -> Posterior:
    used = np.isfinite(published) & np.isfinite(scale)
    if not 0 < share <= 1 or not used.any():
        raise StudyError(
            f"a posterior from {int(used.sum())} published numbers that simulations differ in, keeping a share of {share:g}; "
            "expected one at least, and a share above 0 to 1"
        )
    off = (simulations.numbers[:, used] - published[used]) / scale[used]
    distance = np.sqrt((off**2).sum(1))
    able = int(np.isfinite(distance).sum())
    n, least = min(able, round(share * len(distance))), 2 * (int(used.sum()) + 1) if adjust else 2
    if n < least:
        raise StudyError(
            f"{n} of {len(distance)} simulations are kept, of which {able} have all published numbers; expected at least "
            f"{least}: simulate more or keep a larger share"
        )
    # NaN is sorted last; of draws as near as each other the first come first.
    kept = np.argsort(distance, kind="stable")[:n]
    tolerance = float(distance[kept[-1]])
    weights = np.ones(n)
    if tolerance > 0 and distance[kept[0]] < tolerance:
        weights = np.maximum(1 - (distance[kept] / tolerance) ** 2, 0.0)
    weights = weights / weights.sum()
    draws = simulations.parameters[kept]
    if adjust:
        draws = _adjust(simulations, draws, off[kept], weights)
    return Posterior(draws, weights, kept.astype(np.int64), tolerance)


def _adjust(simulations: Simulations, draws: Floats, off: Floats, weights: Floats) -> Floats:
    """The draws as they would be at distance 0, by weighted least squares."""
    low, high = simulations.low, simulations.high
    free = draws
    if low is not None and high is not None:
        part = np.clip((draws - low) / (high - low), _EDGE, 1 - _EDGE)
        free = np.log(part / (1 - part))
    root = np.sqrt(weights)[:, None]
    columns = np.concatenate([np.ones((len(off), 1)), off], axis=1)
    slope = np.asarray(np.linalg.lstsq(root * columns, root * free, rcond=None)[0], dtype=np.float64)
    moved = free - off @ slope[1:]
    return moved if low is None or high is None else low + (high - low) / (1 + np.exp(-moved))


def _limits(numbers: Floats, weights: Floats, ends: tuple[float, float]) -> Floats:
    """The limits of each number over the simulations that have it; NaN where none has. [2, s]"""
    found = np.full((2, numbers.shape[1]), np.nan)
    for j, column in enumerate(numbers.T):
        known = np.isfinite(column) & (weights > 0)
        if known.any():
            found[:, j] = _quantiles(column[known][:, None], weights[known] / weights[known].sum(), ends)[:, 0]
    return found


def _quantiles(values: Floats, weights: Floats, ends: tuple[float, float]) -> Floats:
    """Weighted quantiles of each column: values between the middles of their weights, in a line. [2, q]"""
    found = np.empty((2, values.shape[1]))
    for j, column in enumerate(values.T):
        order = np.argsort(column, kind="stable")
        middle = np.cumsum(weights[order]) - weights[order] / 2
        found[:, j] = np.interp(ends, middle, column[order])
    return found
