"""How a mean outcome changes with the size of a society (or its horizon), and what it will be at a size not yet run.

Candidate laws are fitted to the means of trials at several sizes by weighted likelihood and averaged; the prediction for a
larger size carries the uncertainty of law, of parameters, of the trials that are to come, and of laws being laws:

    y_k = f(N_k; law, parameters) + d_k + e_k,    d_k ~ N(0, tau^2),    e_k ~ N(0, v(N_k) / n_k)

A law is a shape with at most one number inside, and at most two factors before it, which are then linear: given shape and tau
they are solved for exactly. Shape and tau are summed over on grids, with tau in multiples of the typical standard error, so
that with few sizes (which cannot tell a law from its neighbours) the interval widens by itself. Laws are weighted by
exp(-AICc / 2), with the trial as the unit that AICc counts. v(N) is the variance between trials: log-linear in log N, and
squeezed with each size's own; where trials are 0 or 1 it follows from the mean.

Letters: `k` sizes, `r` trials, `s` shapes, `t` values of tau.

Source: K. Burnham & D. Anderson, Model Selection and Multimodel Inference (2002) for AICc and its weights; M. Kennedy &
A. O'Hagan, J. Royal Statistical Society B 63 (2001) for the discrepancy d_k.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri, stdtrit

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Bounds, Column, is_binary

LEAST_SIZES = 3
"""Fewer sizes tell nothing of a law."""
TAUS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Standard deviation of what laws leave out, in typical standard errors of a mean."""
TAU_PRIOR = (0.45, 0.25, 0.14, 0.08, 0.04, 0.02, 0.02)
"""How likely each is held to be beforehand."""
_SQUEEZE = 4.0  # degrees of freedom that the variance law counts for beside a size's own variance
_GRID, _GRID_2D = 25, 13
_ZOOMS = 6

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Rungs:
    """The trials at several sizes, summed up. Sizes ascend."""

    size: Column
    """Members of a society, or ticks of a horizon; above 0. [k]"""
    mean: Column
    """Mean outcome over trials. [k]"""
    variance: Column
    """Variance between trials as modelled, above 0. [k]"""
    n: NDArray[np.int64]
    """Trials. [k]"""
    slope: tuple[float, float]
    """log v = slope[0] + slope[1] log N, of the variance between trials."""
    binary: bool
    """Whether every trial is 0 or 1."""
    bounds: Bounds | None
    """Range of the outcome; None: unbounded."""

    @property
    def error(self) -> Column:
        """Standard error of each mean. [k]"""
        return np.sqrt(self.variance / self.n)


def gather_rungs(sizes: ArrayLike, values: ArrayLike, bounds: Bounds | None = None) -> Rungs:
    """Sum trials up by size; trials without a value are left out.

    Args:
        sizes: size of each trial, above 0. [r]
        values: outcome of each trial. [r]
        bounds: range of the outcome.

    Raises:
        StudyError: fewer than three sizes have trials, fewer than two trials have one size, or a size is not above 0.
    """
    column, own = np.asarray(values, np.float64), np.asarray(sizes, np.float64)
    known = np.isfinite(column)
    column, own = column[known], own[known]
    size = np.unique(own)
    groups = [column[own == one] for one in size]
    n = np.array([group.size for group in groups], np.int64)
    if size.size < LEAST_SIZES or size[0] <= 0 or n.min() < 2:
        found = ", ".join(f"{one:g} ({count} trials)" for one, count in zip(size, n, strict=True))
        raise StudyError(
            f"a ladder has the sizes {found or 'none'}; expected at least {LEAST_SIZES} above 0 with 2 trials each: "
            "give the factor more levels or the part more seeds"
        )
    mean = np.array([group.mean() for group in groups])
    binary = is_binary(column)
    if binary:
        # Agresti and Coull's two successes and two failures, halved: no variance vanishes where all trials agree.
        share = (mean * n + 1) / (n + 2)
        return Rungs(size, mean, share * (1 - share), n, (0.0, 0.0), True, bounds or Bounds(0.0, 1.0))
    # Trials that agree have some variance all the same: a millionth of what they could differ by.
    width = float(np.abs(column).max()) if bounds is None else bounds.high - bounds.low
    floor = (1e-6 * max(width, 1e-12)) ** 2
    raw = np.maximum(np.array([group.var(ddof=1) for group in groups]), floor)
    slope = _fit_variance(np.log(size), np.log(raw), n)
    fitted = np.exp(slope[0] + slope[1] * np.log(size))
    variance = (_SQUEEZE * fitted + (n - 1) * raw) / (_SQUEEZE + n - 1)
    return Rungs(size, mean, variance, n, slope, False, bounds)


def _fit_variance(x: Column, y: Column, n: NDArray[np.int64]) -> tuple[float, float]:
    """log variance over log size; var(log s^2) = 2 / (n - 1), and a slope beyond -2 to 2 is not believed."""
    weight = (n - 1) / 2
    middle, level = float(np.average(x, weights=weight)), float(np.average(y, weights=weight))
    slope = float((weight * (x - middle) * (y - level)).sum() / ((weight * (x - middle) ** 2).sum() + 1.0))
    slope = min(max(slope, -2.0), 2.0)
    return level - slope * middle, slope


@dataclass(frozen=True)
class Law:
    """A family of curves over size."""

    name: str
    """`saturating`."""
    formula: str
    """As printed: `a + b N^-c`."""
    parameters: int
    """How many numbers are fitted."""
    shape: Callable[[Column, Matrix], Matrix]
    """The curve's basis at sizes [k] for shape numbers [s, d]: [s, k]."""
    axes: Callable[[Column], tuple[tuple[float, float], ...]]
    """Range of each shape number, given the sizes [k]: (low, high) a number."""
    level: bool = True
    """Whether a level a is added to b times the basis; else the basis stands alone."""
    bounded: bool = False
    """Whether it is only for outcomes with a range, on which it runs from the greatest to the least value."""


def _decay(size: Column, shape: Matrix) -> Matrix:
    return np.exp(-size / np.exp(shape[:, :1]))


def _agreement(size: Column, shape: Matrix) -> Matrix:
    # The odds against agreement at a middle size stand in for c: with c itself, c and b would move together along a ridge.
    middle = float(np.exp(np.log(size[:-1]).mean()))
    growth = np.maximum(size - 1, 0.0) / max(middle - 1, 1e-9) * (size / middle) ** (-shape[:, 1:2])
    return 1 / (1 + np.exp(shape[:, :1]) * growth)


LAWS: tuple[Law, ...] = (
    Law("constant", "a", 1, lambda size, shape: np.ones((1, size.size)), lambda size: (), level=False),
    Law("logarithmic", "a + b log N", 2, lambda size, shape: np.log(size)[None, :], lambda size: ()),
    Law("power", "a N^b", 2, lambda size, shape: size ** shape[:, :1], lambda size: ((-3.0, 3.0),), level=False),
    Law("saturating", "a + b N^-c", 3, lambda size, shape: size ** -shape[:, :1], lambda size: ((0.1, 3.0),)),
    Law(
        "exponential",
        "a + b exp(-N / c)",
        3,
        _decay,
        lambda size: ((float(np.log(size[0] / 3)), float(np.log(3 * size[-1]))),),
    ),
    Law("collective", "1 / (1 + c (N - 1) N^-b)", 2, _agreement, lambda size: ((-8.0, 8.0), (0.0, 2.0)), False, True),
)
"""The candidates. `collective` is the reliability of a collective of N of arXiv 2606.02646; the others are the usual ones."""


@dataclass(frozen=True)
class Fit:
    """One law, fitted."""

    law: str
    """Its name."""
    formula: str
    """As printed."""
    weight: float
    """Its share in the averaged prediction, in [0, 1]."""
    aicc: float
    """Akaike's criterion, corrected for few trials; of tau = 0."""
    chi2: float
    """Sum of squared standardised residuals at the best fit; of tau = 0."""
    curve: Column
    """The best fit at the sizes of the rungs, and at the predicted size last. [k + 1]"""


@dataclass(frozen=True)
class Prediction:
    """The mean outcome of trials at a size that is not among the rungs."""

    size: float
    """The predicted size."""
    trials: int
    """Trials whose mean is predicted."""
    value: float
    """The averaged prediction."""
    low: float
    """Lower limit for the mean of these trials."""
    high: float
    """Upper limit."""
    level: float
    """Nominal coverage, in (0, 1)."""
    fits: tuple[Fit, ...]
    """Every candidate law, the weightiest first."""

    def covers(self, mean: float) -> bool:
        """Whether the interval holds the mean that the trials then had."""
        slack = 1e-9 * max(1.0, abs(mean))
        return self.low - slack <= mean <= self.high + slack


@dataclass(frozen=True)
class _Mixture:
    """Normal components of the predicted mean."""

    mean: Column
    spread: Column
    weight: Column

    def share_below(self, value: float) -> float:
        return float((self.weight * ndtr((value - self.mean) / self.spread)).sum())

    def quantile(self, share: float) -> float:
        low, high = float((self.mean - 9 * self.spread).min()), float((self.mean + 9 * self.spread).max())
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if self.share_below(middle) < share else (low, middle)
            if high - low <= 1e-4 * float(self.spread.min()):
                break
        return (low + high) / 2


def predict_mean(rungs: Rungs, size: float, trials: int, level: float = 0.95) -> Prediction:
    """Predict the mean of `trials` further trials at `size`, averaged over laws.

    Args:
        rungs: the trials at the sizes that were run.
        size: the size to predict, above 0; larger than the rungs', or between them.
        trials: whose mean is predicted, at least 1.
        level: nominal coverage, in (0, 1).

    Raises:
        StudyError: the size is not above 0, or there are no trials to predict.
    """
    if not 0 < size < np.inf or trials < 1:
        raise StudyError(f"a prediction is asked of {trials} trials at size {size:g}; expected at least 1 at a size above 0")
    fits, mixture = _average(rungs, size, trials, level)
    value = float((mixture.weight * mixture.mean).sum())
    low, high = mixture.quantile((1 - level) / 2), mixture.quantile((1 + level) / 2)
    if rungs.bounds is not None:
        value, low, high = (min(max(x, rungs.bounds.low), rungs.bounds.high) for x in (value, low, high))
    return Prediction(size, trials, value, low, high, level, fits)


def rehearse(rungs: Rungs, level: float = 0.95) -> tuple[Prediction, ...]:
    """Each size from the fourth on, predicted from the smaller ones: what the method was worth before the held-out size.

    Args:
        rungs: at least 3 sizes; with 3 there is nothing to rehearse.
        level: nominal coverage.
    """
    found: list[Prediction] = []
    for k in range(LEAST_SIZES, rungs.size.size):
        own = Rungs(rungs.size[:k], rungs.mean[:k], rungs.variance[:k], rungs.n[:k], rungs.slope, rungs.binary, rungs.bounds)
        found.append(predict_mean(own, float(rungs.size[k]), int(rungs.n[k]), level))
    return tuple(found)


@dataclass(frozen=True)
class _Fitted:
    """A law on its grid of shapes and tau."""

    loglik: Matrix
    """Of the best level and factor. [s, t]"""
    mean: Matrix
    """Predicted mean. [s, t]"""
    variance: Matrix
    """Of the predicted mean, from level and factor. [s, t]"""
    curve: Matrix
    """At the sizes and the predicted one, tau = 0. [s, k + 1]"""
    chi2: Column
    """tau = 0. [s]"""


def _average(rungs: Rungs, size: float, trials: int, level: float) -> tuple[tuple[Fit, ...], _Mixture]:
    laws = [law for law in LAWS if rungs.bounds is not None or not law.bounded]
    laws = [law for law in laws if law.parameters <= rungs.size.size]
    typical = float(np.median(rungs.error))
    tau2 = (typical * np.array(TAUS)) ** 2
    total, rows, parts = int(rungs.n.sum()), list[tuple[Law, _Fitted, float]](), list[tuple[Column, Column, Column]]()
    for law in laws:
        fitted = _fit(law, rungs, size, tau2)
        k = law.parameters
        penalty = k + k * (k + 1) / max(total - k - 1, 1)
        own = fitted.loglik.max(axis=0) - _log_sum(fitted.loglik, axis=0)
        logweight = fitted.loglik + own + np.log(TAU_PRIOR) - penalty
        noise = _noise(rungs, fitted.mean, size) / trials
        if rungs.bounds is not None:  # a true mean lies in the range: what a law puts outside is no candidate
            spread = np.sqrt(fitted.variance + tau2 + 1e-300)
            inside = ndtr((rungs.bounds.high - fitted.mean) / spread) - ndtr((rungs.bounds.low - fitted.mean) / spread)
            logweight = logweight + np.log(np.maximum(inside, 1e-12))
        parts.append((logweight.ravel(), fitted.mean.ravel(), (fitted.variance + tau2 + noise).ravel()))
        rows.append((law, fitted, 2 * penalty - 2 * float(fitted.loglik[:, 0].max())))
    whole = float(_log_sum(np.concatenate([part[0] for part in parts]), axis=0))
    fits: list[Fit] = []
    for (law, fitted, aicc), part in zip(rows, parts, strict=True):
        best = int(np.argmax(fitted.loglik[:, 0]))
        weight = float(np.exp(_log_sum(part[0], axis=0) - whole))
        fits.append(Fit(law.name, law.formula, weight, aicc, float(fitted.chi2[best]), fitted.curve[best]))
    weight, mean, variance = (np.concatenate(column) for column in zip(*parts, strict=True))
    weight = np.exp(weight - whole)
    kept = weight > 1e-6 * weight.max()
    freedom = max(total - rungs.size.size, 1) + _SQUEEZE
    wider = 1.0 if rungs.binary else float(stdtrit(freedom, 0.5 + level / 2) / ndtri(0.5 + level / 2))
    mixture = _Mixture(mean[kept], wider * np.sqrt(variance[kept]), weight[kept] / weight[kept].sum())
    return tuple(sorted(fits, key=lambda fit: -fit.weight)), mixture


def _log_sum(values: Matrix, axis: int) -> Column:
    """log of the sum of exponentials; scipy's does more than is needed here, ten thousand times."""
    top = values.max(axis=axis, keepdims=True)
    return np.log(np.exp(values - top).sum(axis=axis)) + np.squeeze(top, axis=axis)


def _noise(rungs: Rungs, mean: Matrix, size: float) -> Matrix:
    """Variance between trials at the predicted size, for each component's mean."""
    if not rungs.binary:
        return np.full_like(mean, float(np.exp(rungs.slope[0] + rungs.slope[1] * np.log(size))))
    n = float(np.mean(rungs.n))
    share = (np.clip(mean, 0.0, 1.0) * n + 1) / (n + 2)
    return share * (1 - share)


def _fit(law: Law, rungs: Rungs, size: float, tau2: Column) -> _Fitted:
    """The law on a grid of shapes that has closed in on where the likelihood is."""
    whole = axes = law.axes(rungs.size)
    grid = _grid(axes)
    fitted = _solve(law, rungs, size, tau2, grid)
    for _ in range(_ZOOMS if axes else 0):
        likely = _log_sum(fitted.loglik + np.log(TAU_PRIOR), axis=1)
        near = grid[likely > likely.max() - 8.0]
        step = [(high - low) / (count - 1) for (low, high), count in zip(axes, _counts(axes), strict=True)]
        # Two steps of room, and never less than the whole range allows: a coarse grid may miss where the best lies.
        axes = tuple(
            (max(low, float(near[:, i].min()) - 2 * step[i]), min(high, float(near[:, i].max()) + 2 * step[i]))
            for i, (low, high) in enumerate(whole)
        )
        grid = _grid(axes)
        fitted = _solve(law, rungs, size, tau2, grid)
        if len(near) > grid.shape[0] / 6:
            break
    return fitted


def _counts(axes: Sequence[tuple[float, float]]) -> list[int]:
    return [_GRID if len(axes) == 1 else _GRID_2D] * len(axes)


def _grid(axes: Sequence[tuple[float, float]]) -> Matrix:
    lines = [np.linspace(low, high, count) for (low, high), count in zip(axes, _counts(axes), strict=True)]
    return np.stack([line.ravel() for line in np.meshgrid(*lines)], axis=1) if lines else np.zeros((1, 0))


def _solve(law: Law, rungs: Rungs, size: float, tau2: Column, grid: Matrix) -> _Fitted:
    """Weighted least squares for level and factor at each shape and tau."""
    sizes = np.append(rungs.size, size)
    basis = law.shape(sizes, grid)  # [s, k + 1]
    last = basis[:, -2:-1]
    if law.level:
        # 1 at the least size and 0 at the greatest, so that level and factor are never alike.
        basis = (basis - last) / (basis[:, :1] - last)
        columns = np.stack([np.ones_like(basis), basis], axis=-1)
    elif law.bounded:
        columns = np.zeros((*basis.shape, 0))
    else:
        columns = (basis / last)[..., None]
    fixed = np.zeros_like(basis)
    low = 0.0
    if rungs.bounds is not None:
        low = rungs.bounds.low
        if law.bounded:
            fixed = (rungs.bounds.high - low) * basis
    target = rungs.mean - low - fixed[:, :-1]  # [s, k]
    precision = 1 / (rungs.error**2 + tau2[:, None])  # [t, k]
    seen = columns[:, :-1]  # [s, k, p]
    p = seen.shape[-1]
    products = (seen[..., :, None] * seen[..., None, :]).reshape(*seen.shape[:2], p * p)
    normal = (precision @ products).reshape(grid.shape[0], tau2.size, p, p)
    inverse = np.linalg.inv(normal) if p else normal
    factors = np.einsum("stpq,stq->stp", inverse, precision @ (seen * target[..., None]))
    residual = target[:, None, :] - factors @ seen.transpose(0, 2, 1)
    squares = (residual**2 * precision).sum(axis=-1)
    there = columns[:, -1]  # [s, p]
    return _Fitted(
        loglik=-0.5 * (squares - np.log(precision).sum(axis=-1)),
        mean=low + fixed[:, -1:] + (factors @ there[..., None])[..., 0],
        variance=((inverse @ there[:, None, :, None])[..., 0] * there[:, None]).sum(axis=-1),
        curve=low + fixed + (columns @ factors[:, 0, :, None])[..., 0],
        chi2=squares[:, 0],
    )
