"""The primary factor's contrasts of a study that may stop early: intervals and tests that hold at every look.

A fixed interval after an early stop covers too seldom (of runs of a small effect that stopped, 75 % instead of 95), and a fixed
test errs too often. So wherever a stopping rule was declared, whether it ended the run or not, every contrast of the primary
part is read by the rule's own sequence, seed by seed: the difference of a seed is the mean over its blocks.

Source: `commonweal.statistics.sequential`.
"""

from __future__ import annotations

from typing import cast

import numpy as np

from commonweal.analysis.contrasts import Arms, find_bounds, measure_difference
from commonweal.analysis.plans import Part, Plan
from commonweal.statistics.equivalence import Equivalence, Verdict, compare_arms
from commonweal.statistics.inference import Bounds, Column, Estimate
from commonweal.statistics.permutation import Permutation, permute_arms
from commonweal.statistics.sequential import Stopping, bound_by_betting, bound_by_mixture, bound_differences, measure_evidence

METHOD = "confidence sequence over seeds, which holds at every look"
TEST = "1 / e-value over seeds, which holds at every look"


def find_rule(plan: Plan, part: Part, metric: str) -> Stopping | None:
    """The stopping rule under which contrasts of a part are read; None: the part could not stop early.

    Args:
        plan: of the run.
        part: of the plan.
        metric: what is compared; the rule's own bounds are of the primary metric.
    """
    if plan.stopping is None or part.name != plan.primary.part:
        return None
    raw, range_ = plan.stopping, find_bounds(plan.metrics[metric])
    own = cast("dict[str, float] | None", raw.get("bounds")) if metric == plan.primary.metric else None
    bounds = Bounds(own["low"], own["high"]) if own else None if range_ is None else bound_differences(range_)
    first, most = int(str(raw["first"])), int(str(raw["most"]))
    level = float(str(raw["level"]))
    return Stopping(excludes_zero=True, first=first, most=max(first, min(most, part.seeds)), level=level, bounds=bounds)


def measure_contrast(plan: Plan, part: Part, arms: Arms, metric: str, level: float = 0.95) -> Estimate:
    """The difference between two arms of the primary factor, by the rule's sequence where there is a rule.

    Args:
        plan: of the run.
        part: whose trials are compared.
        arms: the trials.
        metric: what is compared.
        level: nominal coverage, in (0, 1).
    """
    rule = find_rule(plan, part, metric)
    if rule is None or not arms.contrast.paired:
        return measure_difference(arms.contrast, plan.metrics[metric], level)
    values = seed_differences(arms)
    if rule.bounds is None:
        limits = bound_by_mixture(values, rule.first, rule.most, level)
    else:
        limits = bound_by_betting(values, rule.bounds, level)
    low, high = (float(limit) if np.isfinite(limit) else float("nan") for limit in (limits.low, limits.high))
    return Estimate(float(limits.estimate), low, high, level, METHOD, arms.contrast.n)


def assess_contrast(plan: Plan, part: Part, arms: Arms, metric: str) -> Permutation:
    """The test of no difference: a permutation test, or where there is a rule, the p-value of betting against it.

    Args:
        plan: of the run.
        part: whose trials are compared.
        arms: the trials.
        metric: what is compared.
    """
    rule = find_rule(plan, part, metric)
    if rule is None or not arms.contrast.paired:
        return permute_arms(arms.contrast)
    values = seed_differences(arms)
    evidence = float(measure_evidence(values, 0.0, rule.bounds))
    return Permutation(min(1.0, 1.0 / evidence), float(values.mean()), TEST, 0, arms.contrast.n)


def compare_contrast(plan: Plan, part: Part, arms: Arms, metric: str, smallest: float) -> Equivalence:
    """The difference against the smallest one of interest.

    By a sequence, 0 lies outside its 95 % limits or not, and its 90 % limits lie within the smallest effect or not.

    Args:
        plan: of the run.
        part: whose trials are compared.
        arms: the trials.
        metric: what is compared.
        smallest: smallest effect of interest, in the metric's unit.
    """
    if find_rule(plan, part, metric) is None or not arms.contrast.paired:
        return compare_arms(arms.contrast, smallest, bounds=find_bounds(plan.metrics[metric]))
    wide, narrow = (measure_contrast(plan, part, arms, metric, level) for level in (0.95, 0.90))
    found, equal = wide.above_zero or wide.below_zero, -smallest < narrow.low and narrow.high < smallest
    verdict: Verdict = "equivalent" if equal else "undecided"
    if found:
        verdict = "effect, but smaller than matters" if equal else "effect"
    return Equivalence(narrow, smallest, float("nan"), assess_contrast(plan, part, arms, metric).p, verdict)


def seed_differences(arms: Arms) -> Column:
    """Treatment minus control of each seed, averaged over its blocks, in the order of seeds. [s]"""
    _, at = np.unique(arms.seed, return_inverse=True)
    differences = arms.contrast.treatment - arms.contrast.control
    return np.bincount(at, differences) / np.bincount(at)
