"""How well a number tells guilty trials from innocent ones: the ROC curve and the area under it, with the trial as the unit.

    AUC = P(score of a guilty trial > score of an innocent one) + P(equal) / 2 = U / (m n),  U that of Mann and Whitney

Its interval is DeLong's: with V_i the share of innocent trials below guilty trial i (ties half), W_j the share of guilty trials
above innocent trial j, var = var(V) / m + var(W) / n; on the logit scale, so that it stays in 0 to 1. Where the scores part the
two wholly, so that variances vanish, an exact bound takes its place: were the area below A, all m guilty trials would lie above
all n innocent ones with probability at most A^min(m, n), so A^min(m, n) = 1 - level is the limit.

Letters: `m` guilty trials, `n` innocent ones, `h` thresholds.

Source: E. DeLong, D. DeLong and D. Clarke-Pearson, Biometrics 44 (1988); H. Mann and D. Whitney, Annals of Mathematical
Statistics 18 (1947); the logit scale after M. Pepe, The Statistical Evaluation of Medical Tests (2003); the bound is ours: of
min(m, n) disjoint pairs, each is in order with probability at most A, independently.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit, ndtri
from scipy.stats import rankdata

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Column, Estimate


@dataclass(frozen=True)
class Roc:
    """What a detector finds at every threshold, from the strictest, which accuses nobody, to the laxest."""

    threshold: Column
    """A trial is accused where its score is at least this. [h]"""
    found: Column
    """Share of guilty trials that are accused. [h]"""
    alarms: Column
    """Share of innocent trials that are accused. [h]"""

    def power(self, alarms: float) -> float:
        """The largest share of guilty trials that is found at no more than this share of false alarms.

        Args:
            alarms: share of innocent trials that may be accused, 0 to 1.
        """
        return float(self.found[self.alarms <= alarms].max())


def find_roc(guilty: ArrayLike, innocent: ArrayLike) -> Roc:
    """The ROC curve of a score that is higher for the guilty.

    Args:
        guilty: scores of guilty trials. [m]
        innocent: scores of innocent trials. [n]

    Raises:
        StudyError: one of the two is empty, or a score is no number.

    Source: the module.
    """
    one, other = _scores(guilty, innocent)
    at = np.append(np.inf, np.unique(np.concatenate([one, other]))[::-1])
    return Roc(at, (one[:, None] >= at).mean(0), (other[:, None] >= at).mean(0))


def estimate_auc(guilty: ArrayLike, innocent: ArrayLike, level: float = 0.95) -> Estimate:
    """The area under the ROC curve, with DeLong's interval over trials.

    Args:
        guilty: scores of guilty trials. [m]
        innocent: scores of innocent trials. [n]
        level: nominal coverage, in (0, 1).

    Returns:
        0.5 where scores tell nothing, 1 where every guilty trial scores above every innocent one. Without an interval where one
        of the two has a single trial.

    Raises:
        StudyError: one of the two is empty, or a score is no number.

    Source: DeLong, DeLong and Clarke-Pearson (1988).
    """
    one, other = _scores(guilty, innocent)
    m, n = one.size, other.size
    ranks = rankdata(np.concatenate([one, other]))
    above = (ranks[:m] - rankdata(one)) / n
    below = 1 - (ranks[m:] - rankdata(other)) / m
    area, count = float(above.mean()), int(m + n)
    if min(m, n) < 2:
        return Estimate(area, np.nan, np.nan, level, "no interval: one trial of a kind", count)
    if area in (0.0, 1.0):
        bound = float((1 - level) ** (1 / min(m, n)))
        limits = (bound, 1.0) if area == 1.0 else (0.0, 1 - bound)
        return Estimate(area, *limits, level, "scores part the two wholly: exact bound by disjoint pairs", count)
    error = float(np.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n))
    half = float(ndtri(0.5 + level / 2)) * error / (area * (1 - area))
    low, high = (float(expit(logit(area) + sign * half)) for sign in (-1, 1))
    return Estimate(area, low, high, level, "DeLong on the logit scale, over trials", count)


def _scores(guilty: ArrayLike, innocent: ArrayLike) -> tuple[Column, Column]:
    one, other = np.asarray(guilty, np.float64).ravel(), np.asarray(innocent, np.float64).ravel()
    if not one.size or not other.size or np.isnan(one).any() or np.isnan(other).any():
        raise StudyError(
            f"{one.size} scores of guilty trials and {other.size} of innocent ones, {int(np.isnan(one).sum())} and "
            f"{int(np.isnan(other).sum())} of them no numbers; expected at least one number of each"
        )
    return one, other
