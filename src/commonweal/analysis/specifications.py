"""The specifications of an audit: what each changed, what the primary contrast is there, and whether the claim holds.

The parts of the role `audit` each ask the primary question of a society with one thing changed, by the same estimator. They are
of four groups:

    perturbation   what should not matter; the claim should hold in each
    author         other minds and another norm scale than the author's; the claim should hold in these too
    ablation       interaction made meaningless or cut; where the outcome does not move, interaction does not matter
    baseline       what comes out without the minds in question: beside the claim, not counted for it

The claim is the answer's: that the primary factor raises, or lowers, the metric (its interval excludes 0), or, where a smallest
effect of interest was declared, that it has no effect that matters (its 90 % interval lies within it: two one-sided tests at
5 %).

Source: specification curves, U. Simonsohn, J. Simmons and L. Nelson, Nature Human Behaviour 4 (2020); the axes after TRAILS
(arXiv 2605.18890) and PIMMUR (2509.18052); two one-sided tests, D. Schuirmann, J. Pharmacokinetics and Biopharmaceutics 15
(1987).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from commonweal.analysis.contrasts import Arms, compare_levels
from commonweal.analysis.looks import measure_contrast
from commonweal.analysis.plans import Part, Plan
from commonweal.analysis.trials import Trials
from commonweal.analysis.verdicts import find_equivalence
from commonweal.statistics.equivalence import Equivalence
from commonweal.statistics.inference import Contrast, Estimate

Group = Literal["perturbation", "author", "ablation", "baseline"]
Claim = Literal["raises", "lowers", "no effect", "none"]
Verdict = Literal["holds", "undecided", "reversed", "no data"]

FRESH, CUE = "fresh seeds", "observation cue"
"""The axis of the part that changes nothing, and the axis and factor of the notice that seats are watched."""
AXES: Mapping[str, Group] = {
    FRESH: "perturbation",
    "agent order": "perturbation",
    "option order": "perturbation",
    "scheduler": "perturbation",
    "memory": "perturbation",
    "topology": "perturbation",
    "population": "perturbation",
    "horizon": "perturbation",
    "persona": "perturbation",
    "wording": "perturbation",
    "model family": "perturbation",
    "payoff units": "perturbation",
    CUE: "perturbation",
    "random acts": "perturbation",
    "random minds": "author",
    "programs": "author",
    "norm scale": "author",
    "shuffle": "ablation",
    "mute": "ablation",
    "baseline": "baseline",
}
"""The axes of an audit and their groups."""
COUNTED: tuple[Group, ...] = ("perturbation", "author")
"""Groups whose specifications are counted for or against the claim."""


@dataclass(frozen=True)
class Specified:
    """The primary contrast under one specification."""

    axis: str
    """What kind of thing was changed."""
    what: str
    """What it was changed to."""
    group: str
    """One of `Group`."""
    part: str
    """Part of the run."""
    value: float | None
    """Difference in means, treatment minus control, in the metric's unit; None without trials."""
    low: float | None
    """Lower limit of its interval; None where the data cannot give one."""
    high: float | None
    """Upper limit."""
    level: float
    """Nominal coverage of the interval."""
    n: int
    """Trials, or pairs of trials."""
    verdict: str
    """One of `Verdict`."""


def read_claim(plan: Plan, trials: Trials) -> Claim:
    """What a run claims, as its answer says it.

    Args:
        plan: of the run.
        trials: its table.
    """
    part, metric = plan.part(plan.primary.part), plan.primary.metric
    return claim_of(measure_contrast(plan, part, primary_arms(plan, trials, part), metric), find_equivalence(plan, trials))


def claim_of(primary: Estimate, equivalence: Equivalence | None) -> Claim:
    """What a contrast lets one claim. An effect that is surely smaller than matters is claimed to be none.

    Args:
        primary: the contrast with its 95 % interval.
        equivalence: the contrast against the smallest effect of interest; None: there was none declared.
    """
    if equivalence is not None and equivalence.verdict in ("equivalent", "effect, but smaller than matters"):
        return "no effect"
    if primary.above_zero or primary.below_zero:
        return "raises" if primary.above_zero else "lowers"
    return "none"


def judge(estimate: Estimate, claim: Claim, smallest: float | None) -> Verdict:
    """Whether a claim holds by an estimate.

    Args:
        estimate: of the primary contrast under a specification, with its interval at the claim's level.
        claim: what is claimed.
        smallest: effect of interest; needed where no effect is claimed.
    """
    if estimate.n == 0:
        return "no data"
    if not estimate.bounded or claim == "none":
        return "undecided"
    if claim == "no effect":
        assert smallest is not None
        if -smallest < estimate.low and estimate.high < smallest:
            return "holds"
        return "reversed" if estimate.low >= smallest or estimate.high <= -smallest else "undecided"
    if estimate.low > 0 or estimate.high < 0:
        return "holds" if (estimate.low > 0) == (claim == "raises") else "reversed"
    return "undecided"


def group_of(part: Part) -> Group:
    """The group of a part's axis; what is not known is a perturbation."""
    axis = part.specification[0] if part.specification else ""
    return AXES.get(axis, "perturbation")


def claim_level(claim: Claim) -> float:
    """Coverage of the interval by which a claim is judged."""
    return 0.90 if claim == "no effect" else 0.95


def primary_arms(plan: Plan, trials: Trials, part: Part) -> Arms:
    """The two arms of the primary contrast in a part; of the part with the cue, where the cue is given.

    Args:
        plan: of the run.
        trials: its table.
        part: any part that has both levels of the primary factor.
    """
    primary = plan.primary
    if any(factor.label == CUE for factor in part.factors):
        trials = trials.where((trials.part == part.name) & (trials.factors[CUE] == 1.0))
    return compare_levels(trials, part, primary.metric, primary.factor, (primary.control, primary.treatment))


def primary_contrast(plan: Plan, trials: Trials, part: Part) -> Contrast:
    """The trials of `primary_arms`, without their seeds.

    Args:
        plan: of the run.
        trials: its table.
        part: any part that has both levels of the primary factor.
    """
    return primary_arms(plan, trials, part).contrast


def specify(plan: Plan, trials: Trials, part: Part, claim: Claim) -> Specified:
    """The primary contrast under the specification of a part, and whether the claim holds there.

    Args:
        plan: of the run.
        trials: its table.
        part: one of an audit, or the primary part itself.
        claim: what is claimed.
    """
    arms = primary_arms(plan, trials, part)
    estimate = measure_contrast(plan, part, arms, plan.primary.metric, claim_level(claim))
    axis, what = part.specification or ("", "as planned")
    return Specified(
        axis,
        what,
        group_of(part),
        part.name,
        finite(estimate.value),
        finite(estimate.low),
        finite(estimate.high),
        estimate.level,
        estimate.n,
        judge(estimate, claim, plan.primary.smallest),
    )


def finite(value: float) -> float | None:
    """A number for JSON, which has no NaN."""
    return float(value) if math.isfinite(value) else None
