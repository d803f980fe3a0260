"""A Gaussian process over a space of start states: what the mean outcome is between the points that were run, and how surely.

    y_ij = f(x_i) + e_ij,  e_ij ~ N(0, v_i noise^2),  j = 1 .. n_i replicates
    f ~ GP(centre, offset^2 + amplitude^2 m(r)),  r^2 = sum_d (x_d - x'_d)^2 / length_d^2
    m(r) = (1 + sqrt(5) r + 5 r^2 / 3) exp(-sqrt(5) r)                                  Matern 5/2

Replicates of one point enter by mean, count and scatter, which is the likelihood of all trials exactly. Two unordered levels
differ by 1 on their axis, whichever they are (an exchangeable kernel). Length scales, amplitude and noise are those of highest
posterior density under log-normal priors and within bounds: by maximum likelihood alone, few 0/1 outcomes are explained as
noise everywhere and a rare pocket is never seen.

Letters: `k` points, `d` dimensions, `e` columns of embedded points, `q` places asked of.

Source: C. Rasmussen and C. Williams, Gaussian Processes for Machine Learning (2006), chapters 2 and 5; replicates after
M. Binois, R. Gramacy and M. Ludkovski, J. Computational and Graphical Statistics 27 (2018), section 2.2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize
from scipy.spatial.distance import cdist

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Column
from commonweal.statistics.sampling import Axis, Points, embed

Matrix: TypeAlias = NDArray[np.float64]
"""A matrix of numbers."""

_ROOT5 = math.sqrt(5.0)
_JITTER = 1e-10
"""Added to the diagonal, as a share of the prior variance, against rounding."""
_SEVERAL = 160
"""With more points, the starts compete on so many of them and only the winner is polished on all."""


@dataclass(frozen=True)
class Belief:
    """What is held of one positive hyper-parameter beforehand: log-normal, cut at bounds."""

    median: float
    """Middle of the prior."""
    spread: float
    """Standard deviation of its logarithm."""
    low: float
    """Least value."""
    high: float
    """Greatest value."""


@dataclass(frozen=True)
class Prior:
    """What is held of a process beforehand, for a cube of side 1 and outcomes in [0, 1]."""

    length: Belief = Belief(0.4, 0.6, 0.08, 3.0)
    """Of each length scale: much below .08 needs more points than a study has, above 3 an axis does nothing."""
    amplitude: Belief = Belief(0.4, 0.4, 0.2, 1.0)
    """Of the amplitude: never so small that the outcome is flat."""
    noise: Belief = Belief(0.25, 0.7, 0.01, 0.6)
    """Of a trial's standard deviation about its point's mean; a 0/1 outcome has at most .5."""
    centre: float = 0.5
    """Mean of the process's own mean."""
    offset: float = 0.5
    """Standard deviation of the process's own mean."""


@dataclass(frozen=True)
class Replicates:
    """Trials, gathered by point."""

    axes: tuple[Axis, ...]
    """Of the space. [d]"""
    points: Points
    """Each point once. [k, d]"""
    count: Column
    """Trials of each point. [k]"""
    mean: Column
    """Mean outcome of each point. [k]"""
    scatter: Column
    """Sum of squared deviations from that mean. [k]"""
    relative: Column
    """v: the noise's variance at each point as a multiple of noise^2; ones where it is alike everywhere. [k]"""

    @property
    def trials(self) -> int:
        """Number of trials."""
        return int(self.count.sum())


def gather(axes: Sequence[Axis], points: Points, outcome: Column) -> Replicates:
    """Sort trials by point, in the order in which points first come.

    Args:
        axes: of the space. [d]
        points: coordinates of each trial. [r, d]
        outcome: of each trial. [r]

    Raises:
        StudyError: there are no trials, or an outcome is not finite.
    """
    if len(outcome) == 0 or not np.all(np.isfinite(outcome)):
        raise StudyError(
            f"a surface was asked of {len(outcome)} trials, {int(np.sum(~np.isfinite(outcome)))} without a finite outcome; "
            "expected at least one trial, each with an outcome: leave the others out"
        )
    _, first, inverse = np.unique(points, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    number = rank[np.ravel(inverse)]
    count = np.bincount(number).astype(np.float64)
    mean = np.asarray(np.bincount(number, weights=outcome) / count, np.float64)
    scatter = np.asarray(np.bincount(number, weights=(outcome - mean[number]) ** 2), np.float64)
    return Replicates(tuple(axes), points[first[order]], count, mean, scatter, np.ones(len(count)))


@dataclass(frozen=True)
class Kernel:
    """The hyper-parameters of a process."""

    lengths: tuple[float, ...]
    """Length scale of each axis, in sides of the cube. [d]"""
    amplitude: float
    """Standard deviation of f about its own mean, in the outcome's unit."""
    noise: float
    """Standard deviation of a trial about its point's mean, in the outcome's unit."""


@dataclass(frozen=True)
class Likelihood:
    """How well a kernel explains trials."""

    value: float
    """Log marginal likelihood of all trials, in nats."""
    gradient: Column
    """Its derivative by the logarithm of each length scale, of the amplitude and of the noise. [d + 2]"""


@dataclass(frozen=True)
class Prediction:
    """What a process says of places."""

    mean: Column
    """Posterior mean of f. [q]"""
    sd: Column
    """Posterior standard deviation of f, trial noise not counted. [q]"""


def _owners(axes: Sequence[Axis]) -> NDArray[np.int64]:
    """Number of the axis that each column of embedded points belongs to. [e]"""
    return np.repeat(np.arange(len(axes)), [axis.levels if axis.levels and not axis.ordered else 1 for axis in axes])


def _distances(one: Points, other: Points) -> Matrix:
    return np.asarray(cdist(one, other), np.float64)


def _matern(distance: Matrix, amplitude: float) -> Matrix:
    scaled = _ROOT5 * distance
    return amplitude**2 * (1.0 + scaled + scaled**2 / 3.0) * np.exp(-scaled)


@dataclass(frozen=True)
class _Factored:
    """The trials' covariance, factored."""

    scaled: Points
    """Embedded points in length scales. [k, e]"""
    distance: Matrix
    """r between points. [k, k]"""
    lower: Matrix
    """Cholesky factor of the means' covariance. [k, k]"""
    weights: Column
    """Inverse covariance times (mean - centre). [k]"""


def _factor(seen: Replicates, embedded: Points, kernel: Kernel, prior: Prior) -> _Factored:
    scaled = embedded / np.asarray(kernel.lengths)[_owners(seen.axes)]
    distance = _distances(scaled, scaled)
    covariance = prior.offset**2 + _matern(distance, kernel.amplitude)
    covariance.flat[:: len(covariance) + 1] += seen.relative * kernel.noise**2 / seen.count + _JITTER * (
        prior.offset**2 + kernel.amplitude**2
    )
    lower = cholesky(covariance, lower=True, check_finite=False)
    half = solve_triangular(lower, seen.mean - prior.centre, lower=True, check_finite=False)
    return _Factored(scaled, distance, lower, solve_triangular(lower, half, lower=True, trans=1, check_finite=False))


def measure_likelihood(seen: Replicates, kernel: Kernel, prior: Prior | None = None) -> Likelihood:
    """The log marginal likelihood of trials and its gradient.

    Args:
        seen: the trials.
        kernel: the hyper-parameters.
        prior: its centre and offset are used; None: the default.
    """
    return _likelihood(seen, embed(seen.points, seen.axes), kernel, prior or Prior())


def _likelihood(seen: Replicates, embedded: Points, kernel: Kernel, prior: Prior) -> Likelihood:
    made = _factor(seen, embedded, kernel, prior)
    variance = seen.relative * kernel.noise**2
    value = -0.5 * float((seen.mean - prior.centre) @ made.weights) - float(np.log(np.diag(made.lower)).sum())
    # What the replicates say beyond their means.
    value -= 0.5 * float(((seen.count - 1) * np.log(variance) + seen.scatter / variance + np.log(seen.count)).sum())
    value -= 0.5 * seen.trials * math.log(2 * math.pi)
    pull = np.outer(made.weights, made.weights) - cho_solve((made.lower, True), np.eye(len(made.lower)), check_finite=False)
    decay = np.exp(-_ROOT5 * made.distance)
    slope = pull * ((5.0 / 3.0) * kernel.amplitude**2 * (1.0 + _ROOT5 * made.distance) * decay)
    # Sum over pairs of slope times the squared difference, column by column without forming the differences.
    z = made.scaled
    columns = (z**2).T @ slope.sum(axis=1) - np.einsum("ke,ke->e", z, slope @ z)
    lengths = np.bincount(_owners(seen.axes), weights=columns, minlength=len(seen.axes))
    amplitude = float((pull * _matern(made.distance, kernel.amplitude)).sum())
    noise = float((np.diag(pull) * variance / seen.count).sum() - (seen.count - 1).sum() + (seen.scatter / variance).sum())
    return Likelihood(value, np.concatenate([lengths, [amplitude, noise]]))


@dataclass(frozen=True)
class Process:
    """A process that has seen trials."""

    seen: Replicates
    """The trials."""
    kernel: Kernel
    """Its hyper-parameters."""
    prior: Prior
    """What was held beforehand."""
    made: _Factored
    """The factored covariance."""

    def predict(self, places: Points) -> Prediction:
        """The posterior of f at places [q, d]."""
        cross = self._cross(places)
        half = solve_triangular(self.made.lower, cross.T, lower=True, check_finite=False)
        spare = self.prior.offset**2 + self.kernel.amplitude**2 - (half**2).sum(axis=0)
        return Prediction(self.prior.centre + cross @ self.made.weights, np.sqrt(np.maximum(spare, 0.0)))

    def covary(self, places: Points, others: Points) -> Matrix:
        """Posterior covariance of f between places [q, d] and others [m, d]. [q, m]"""
        left = solve_triangular(self.made.lower, self._cross(places).T, lower=True, check_finite=False)
        right = solve_triangular(self.made.lower, self._cross(others).T, lower=True, check_finite=False)
        between = _distances(self._scale(places), self._scale(others))
        return self.prior.offset**2 + _matern(between, self.kernel.amplitude) - left.T @ right

    def draw(self, places: Points, draws: int, seed: int = 0) -> Matrix:
        """Surfaces drawn from the posterior, [draws, q].

        Args:
            places: where. [q, d]
            draws: how many.
            seed: of the draws.
        """
        covariance = self.covary(places, places)
        covariance.flat[:: len(covariance) + 1] += 1e-8 * (self.prior.offset**2 + self.kernel.amplitude**2)
        lower = cholesky(covariance, lower=True, check_finite=False)
        normal = np.random.default_rng(seed).standard_normal((draws, len(places)))
        return self.predict(places).mean + normal @ lower.T

    def _scale(self, places: Points) -> Points:
        return embed(places, self.seen.axes) / np.asarray(self.kernel.lengths)[_owners(self.seen.axes)]

    def _cross(self, places: Points) -> Matrix:
        return self.prior.offset**2 + _matern(_distances(self._scale(places), self.made.scaled), self.kernel.amplitude)


def condition(seen: Replicates, kernel: Kernel, prior: Prior | None = None) -> Process:
    """The process with these hyper-parameters that has seen these trials.

    Args:
        seen: the trials.
        kernel: the hyper-parameters.
        prior: its centre and offset are used; None: the default.
    """
    held = prior or Prior()
    return Process(seen, kernel, held, _factor(seen, embed(seen.points, seen.axes), kernel, held))


def fit(seen: Replicates, prior: Prior | None = None, start: Kernel | None = None, starts: int = 3) -> Process:
    """The process whose hyper-parameters have the highest posterior density (L-BFGS-B from several starts).

    Args:
        seen: the trials, with outcomes in [0, 1] unless the prior says otherwise.
        prior: what is held beforehand; None: the default.
        start: hyper-parameters to begin at, as those of an earlier stage; None: several starts.
        starts: how many, from long to short length scales.
    """
    held = prior or Prior()
    beliefs = [held.length] * len(seen.axes) + [held.amplitude, held.noise]
    bounds = [(math.log(belief.low), math.log(belief.high)) for belief in beliefs]
    if start is None:
        middle = np.log([belief.median for belief in beliefs])
        tilt = np.concatenate([np.ones(len(seen.axes)), np.zeros(2)])
        begins = [middle + step * held.length.spread * tilt for step in np.linspace(0.5, -1.5, starts)]
    else:
        begins = [np.log([*start.lengths, start.amplitude, start.noise])]
    few = seen if len(seen.count) <= _SEVERAL or len(begins) == 1 else _thin(seen, _SEVERAL)
    ends = [_climb(few, held, begin, bounds, 60) for begin in begins]
    best = min(ends, key=lambda end: end[0])[1]
    if few is not seen:
        best = _climb(seen, held, best, bounds, 12)[1]
    return condition(seen, _kernel(best), held)


def _thin(seen: Replicates, points: int) -> Replicates:
    chosen = np.linspace(0, len(seen.count) - 1, points).astype(np.int64)
    parts = (seen.points[chosen], seen.count[chosen], seen.mean[chosen], seen.scatter[chosen], seen.relative[chosen])
    return replace(seen, **dict(zip(("points", "count", "mean", "scatter", "relative"), parts, strict=True)))


def _kernel(logs: Column) -> Kernel:
    values = np.exp(logs)
    return Kernel(tuple(values[:-2].tolist()), float(values[-2]), float(values[-1]))


def _climb(
    seen: Replicates, prior: Prior, begin: Column, bounds: list[tuple[float, float]], steps: int
) -> tuple[float, Column]:
    """Where the posterior density is highest near a start: its negative logarithm, and the logarithms there."""
    beliefs = [prior.length] * len(seen.axes) + [prior.amplitude, prior.noise]
    middle = np.log([belief.median for belief in beliefs])
    spread = np.array([belief.spread for belief in beliefs])
    embedded = embed(seen.points, seen.axes)

    def loss(logs: Column) -> tuple[float, Column]:
        found = _likelihood(seen, embedded, _kernel(logs), prior)
        off = (logs - middle) / spread
        return 0.5 * float(off @ off) - found.value, off / spread - found.gradient

    low, high = np.array(bounds).T
    result = minimize(loss, np.clip(begin, low, high), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": steps})
    return float(result.fun), np.asarray(result.x, dtype=np.float64)
