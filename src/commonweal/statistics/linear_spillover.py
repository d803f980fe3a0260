"""Does an effect add up? What a saturation design says against the linear-spillover benchmark, and whether it is chance.

The benchmark is a treatment whose effect on a society is the sum of what each treated seat does, whoever the others are:

    overall(p) = p overall(1)         for every saturation p

The deviation from it, in the outcome of a mean seat of the society,

    D(p) = Y(p) - (1 - p) Y(0) - p Y(1)

is above 0 where the first who are treated bring more than their share (the last ones bring less), below 0 where the treatment
has to be common before it brings much. D(p) is a weighted mean of three groups of societies, with a t interval over societies:
over the differences within seeds where every saturation has societies of the same seeds, else by Welch and Satterthwaite.
Several saturations are one family (Holm): the benchmark is rejected where the smallest adjusted p-value is small.

Without societies that are treated as a whole (p = 1) there is no benchmark. Societies are the unit: `r` trials.

Source: the linear-in-means benchmark, C. Manski, "Identification of endogenous social effects", Review of Economic Studies 60
(1993), and M. Hudgens and M. E. Halloran, J. American Statistical Association 103 (2008), for overall effects; weighted
contrasts of means with unequal variances: B. L. Welch, Biometrika 34 (1947), F. Satterthwaite, Biometrics Bulletin 2 (1946).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Column, Estimate
from commonweal.statistics.multiplicity import adjust_holm
from commonweal.statistics.spillover import Saturated

_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Deviation:
    """The outcome at one saturation against the benchmark."""

    share: float
    """The saturation p, between 0 and 1."""
    benchmark: float
    """The overall effect that it would have: p times the effect of treating all."""
    overall: float
    """The overall effect that it has."""
    deviation: Estimate
    """D(p), what it has beyond the benchmark, with its interval."""
    p: float
    """p-value of D(p) = 0, two-sided; NaN where nothing varies."""
    adjusted: float
    """The same, adjusted for the other saturations (Holm)."""


@dataclass(frozen=True)
class Linearity:
    """A treatment against the benchmark."""

    rows: tuple[Deviation, ...]
    """By saturation between 0 and 1, in order."""
    p: float
    """p-value of the benchmark as a whole: the smallest of the adjusted ones."""


def compare_with_linear(trials: Saturated, level: float = 0.95) -> Linearity:
    """The outcomes of mean seats against the linear-spillover benchmark.

    Args:
        trials: of the design; those without an outcome are left out. `treated` and `untreated` are not looked at.
        level: nominal coverage of each interval.

    Raises:
        StudyError: no society is without treatment, none is treated as a whole, or none lies between.
    """
    known = np.isfinite(trials.everybody)
    share, seed, outcome = trials.share[known], trials.seed[known], trials.everybody[known]
    shares = sorted({round(own, 9) for own in share.tolist()})
    if len(shares) < 3 or shares[0] != 0.0 or shares[-1] != 1.0:
        there = ", ".join(f"{own:g}" for own in shares) or "none"
        raise StudyError(
            f"a saturation design with the shares {there}; expected 0, 1 and at least one between: the benchmark is drawn "
            "from societies of which nobody and of which everybody is treated"
        )
    groups = {own: _Group.of(seed, outcome, np.abs(share - own) < _TOLERANCE) for own in shares}
    nobody, everybody = groups[0.0], groups[1.0]
    whole = float(everybody.outcome.mean() - nobody.outcome.mean())
    found: list[tuple[float, float, Estimate, float]] = []
    for own in shares[1:-1]:
        deviation, p = _weigh((groups[own], nobody, everybody), (1.0, own - 1.0, -own), level)
        found.append((own, float(groups[own].outcome.mean() - nobody.outcome.mean()), deviation, p))
    adjusted = adjust_holm([p for *_, p in found]).tolist()
    rows = tuple(
        Deviation(own, own * whole, overall, deviation, p, after)
        for (own, overall, deviation, p), after in zip(found, adjusted, strict=True)
    )
    return Linearity(rows, min(row.adjusted for row in rows))


@dataclass(frozen=True)
class _Group:
    """The societies of one saturation, by seed."""

    seed: NDArray[np.int64]
    outcome: Column

    @staticmethod
    def of(seed: NDArray[np.int64], outcome: Column, here: NDArray[np.bool_]) -> _Group:
        order = np.argsort(seed[here], kind="stable")
        return _Group(seed[here][order], outcome[here][order])


def _weigh(groups: tuple[_Group, ...], weights: tuple[float, ...], level: float) -> tuple[Estimate, float]:
    """A weighted sum of the groups' means, and the p-value of its being 0."""
    paired = all(np.array_equal(group.seed, groups[0].seed) for group in groups[1:])
    parts: list[Column] = [weight * group.outcome for weight, group in zip(weights, groups, strict=True)]
    method, n = "Welch t interval over trials", sum(part.size for part in parts)
    if paired:
        parts = [np.sum(parts, axis=0)]
        method, n = "paired t interval over seeds", parts[0].size
    value = float(sum(np.mean(part) for part in parts))
    # What rounding alone makes of outcomes that all agree is no variance.
    scale = max(1.0, *(float(np.abs(group.outcome).max()) for group in groups))
    spreads = [
        float(np.var(part, ddof=1)) / len(part) if len(part) > 1 and np.ptp(part) > 1e-12 * scale else 0.0 for part in parts
    ]
    variance = sum(spreads)
    if variance == 0.0 or min(len(part) for part in parts) < 2:
        return Estimate(value, np.nan, np.nan, level, f"no interval: no variation in {n}", n), float("nan")
    freedom = variance**2 / sum(own**2 / (len(part) - 1) for own, part in zip(spreads, parts, strict=True))
    deviation = float(np.sqrt(variance))
    half = float(stdtrit(freedom, 0.5 + level / 2)) * deviation
    p = 2.0 * float(stdtr(freedom, -abs(value) / deviation))
    return Estimate(value, value - half, value + half, level, method, n), p
