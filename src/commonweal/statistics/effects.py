"""The effect of one arm against another, in every way that this package knows: how far does the answer hang on the method?

The first interval is the one a study declares (Newcombe's where all trials are 0 or 1, else Welch's or that of pairs); beside
it stand those that assume less.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, nctdtrinc, stdtrit

from commonweal.core.errors import StudyError
from commonweal.statistics.bootstrap import bootstrap_difference
from commonweal.statistics.clusters import estimate_clustered_difference
from commonweal.statistics.inference import (
    Bounds,
    Contrast,
    Estimate,
    estimate_difference,
    estimate_proportion_difference,
    is_binary,
)
from commonweal.statistics.permutation import Permutation, permute_arms


@dataclass(frozen=True)
class Effect:
    """What a treatment does to a metric, treatment - control, the trial (or the cluster of trials) as unit."""

    difference: Estimate
    """Difference in means. With clusters this is the cluster-robust one, since others count too much evidence."""
    beside: tuple[Estimate, ...]
    """The same difference by other methods: BCa bootstrap, and Welch's where `difference` is another."""
    permutation: Permutation | None
    """The permutation test; None with clusters, whose trials may not change arms one by one."""
    standardised: Estimate
    """Hedges' g: the difference in standard deviations of a trial (of a pair's difference, where paired)."""

    @property
    def agree(self) -> bool:
        """Whether all intervals that there are say the same of 0: above, below, or neither."""
        known = [own for own in (self.difference, *self.beside) if own.bounded]
        return len({(own.above_zero, own.below_zero) for own in known}) <= 1


def measure_effect(
    arms: Contrast,
    bounds: Bounds | None = None,
    level: float = 0.95,
    seed: int = 0,
    clusters: tuple[ArrayLike, ArrayLike] | None = None,
) -> Effect:
    """The effect by all methods.

    Args:
        arms: the trials of two arms; pairs and blocks count.
        bounds: the range of the metric, None if unbounded.
        level: nominal coverage, in (0, 1).
        seed: of bootstrap and permutation.
        clusters: labels of treatment [r1] and control [r0] trials, where trials depend on each other within clusters.

    Raises:
        StudyError: not one cluster label a trial.
    """
    student = estimate_difference(arms, level, bounds)
    both = np.concatenate([arms.treatment, arms.control])
    boot = bootstrap_difference(arms, level=level, seed=seed, clusters=clusters)
    size = standardise(arms, level)
    if clusters is not None:
        robust = estimate_clustered_difference(arms, clusters, level=level).estimate
        return Effect(robust, (boot,), None, size)
    share = is_binary(both) and (bounds is None or (bounds.low, bounds.high) == (0.0, 1.0))
    test = permute_arms(arms, seed=seed)
    if share:
        return Effect(estimate_proportion_difference(arms, level), (student, boot), test, size)
    return Effect(student, (boot,), test, size)


def standardise(arms: Contrast, level: float = 0.95) -> Estimate:
    """Hedges' g: the difference over the standard deviation within arms and blocks, corrected for its small-sample bias.

        g = J(f) d / s,  J(f) = Gamma(f/2) / (sqrt(f/2) Gamma((f-1)/2)),  f = trials - arms x blocks

    With pairs, s is that of the pairs' differences within blocks. The interval inverts the noncentral t, exact for normal
    trials of equal spread. It says nothing of clusters: read it as a size, not as a test.

    Args:
        arms: the trials of two arms.
        level: nominal coverage, in (0, 1).

    Raises:
        StudyError: paired arms of different lengths.

    Source: L. Hedges, Journal of Educational Statistics 6 (1981); M. Smithson, Educational and Psychological Measurement 61
    (2001) for the interval.
    """
    if arms.paired and arms.treatment.size != arms.control.size:
        raise StudyError(f"found {arms.treatment.size} and {arms.control.size} trials; expected pairs")
    if arms.treatment.size == 0 or arms.control.size == 0:
        return Estimate(np.nan, np.nan, np.nan, level, "no trials", 0)
    groups = arms.split()
    samples = [[one - nil] if arms.paired else [one, nil] for one, nil in groups]
    flat = [column for block in samples for column in block]
    freedom = sum(column.size - 1 for column in flat)
    total = sum(float(((column - column.mean()) ** 2).sum()) for column in flat)
    top = max(1.0, float(np.abs(np.concatenate(flat)).max()))
    if freedom < 2 or total <= (1e-12 * top) ** 2 * max(freedom, 1):
        return Estimate(np.nan, np.nan, np.nan, level, "no standard deviation within arms", arms.n)
    difference = float(np.mean([one.mean() - nil.mean() for one, nil in groups]))
    shape = float(np.sqrt(sum(1 / column.size for column in flat))) / len(groups)
    d = difference / float(np.sqrt(total / freedom))
    exact = float(np.exp(gammaln(freedom / 2) - gammaln((freedom - 1) / 2)) / np.sqrt(freedom / 2))
    tail = (1 - level) / 2
    low, high = (_noncentrality(freedom, share, d / shape) * shape * exact for share in (1 - tail, tail))
    what = "pairs' differences" if arms.paired else "trials"
    return Estimate(d * exact, low, high, level, f"Hedges' g over {what}, noncentral t interval", arms.n)


def _noncentrality(freedom: int, share: float, t: float) -> float:
    """The noncentrality at which a t below the observed one has this probability."""
    found = float(nctdtrinc(freedom, share, t))
    # scipy's inverse fails far out, where the normal approximation is good (relative error 1/(4 f)).
    return found if np.isfinite(found) else t - float(stdtrit(freedom, share)) * float(np.sqrt(1 + t * t / (2 * freedom)))
