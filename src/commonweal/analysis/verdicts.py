"""What is left of each contrast when all of them are counted: the declared family by Holm, the rest by Benjamini-Hochberg.

The primary outcome is held against the smallest effect of interest too: that no effect was found does not say there is none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commonweal.analysis.contrasts import compare_levels
from commonweal.analysis.looks import assess_contrast, compare_contrast, measure_contrast
from commonweal.analysis.plans import Part, Plan
from commonweal.analysis.trials import Trials
from commonweal.statistics.equivalence import Equivalence
from commonweal.statistics.inference import Estimate
from commonweal.statistics.multiplicity import adjust_discoveries, adjust_holm


@dataclass(frozen=True)
class Tested:
    """One contrast of the primary factor, and what is left of its p-value."""

    part: str
    """Part whose trials are compared."""
    metric: str
    """Metric that is compared."""
    estimate: Estimate
    """Difference in means, treatment minus control."""
    p: float
    """Of the permutation test; NaN without trials."""
    adjusted: float
    """Holm's in the declared family, Benjamini-Hochberg's among the rest."""
    declared: bool
    """Whether it belongs to the family that was declared before the run."""
    null_model: bool
    """Whether the part's language model is a negative control."""


@dataclass(frozen=True)
class Verdicts:
    """All contrasts, and the verdict on the primary one."""

    tests: tuple[Tested, ...]
    """The primary outcome first, then the rest of its family, then what is exploratory."""
    equivalence: Equivalence | None
    """The primary outcome against the smallest effect of interest; None where none was declared."""

    @property
    def primary(self) -> Tested:
        """The primary outcome."""
        return self.tests[0]

    @property
    def family(self) -> tuple[Tested, ...]:
        """The declared ones."""
        return tuple(test for test in self.tests if test.declared)


def find_verdicts(plan: Plan, trials: Trials) -> Verdicts:
    """Test the primary contrast on every metric, in every part but audits that has both of its levels.

    Args:
        plan: of the run.
        trials: that estimates rest on.
    """
    primary = plan.primary
    names = [primary.metric, *plan.family, *(name for name in plan.metrics if name not in (primary.metric, *plan.family))]
    found: list[tuple[Part, str, Estimate, float]] = []
    for part in sorted(plan.parts, key=lambda part: part.name != primary.part):
        if part.role == "audit" or not has_contrast(plan, part):
            continue
        for name in names:
            arms = compare_levels(trials, part, name, primary.factor, (primary.control, primary.treatment))
            found.append((part, name, measure_contrast(plan, part, arms, name), assess_contrast(plan, part, arms, name).p))
    declared = np.array([row[0].name == primary.part and row[1] in (primary.metric, *plan.family) for row in found], dtype=bool)
    p = np.array([row[3] for row in found], dtype=np.float64)
    adjusted = np.empty_like(p)
    adjusted[declared] = adjust_holm(p[declared])
    adjusted[~declared] = adjust_discoveries(p[~declared])
    tests = tuple(
        Tested(part.name, name, estimate, float(own), float(left), own_family, part.null_model)
        for (part, name, estimate, own), left, own_family in zip(found, adjusted, declared.tolist(), strict=True)
    )
    return Verdicts(tests, find_equivalence(plan, trials))


def has_contrast(plan: Plan, part: Part) -> bool:
    """Whether a part holds both levels of the primary factor in cells of a plain design; the primary part always does."""
    levels = {plan.primary.control, plan.primary.treatment}
    held = any(factor.label == plan.primary.factor and levels <= {*factor.levels} for factor in part.factors)
    return part.name == plan.primary.part or (held and part.plain)


def find_equivalence(plan: Plan, trials: Trials) -> Equivalence | None:
    """The primary contrast against the smallest effect of interest; None where none was declared, or an arm has no trials.

    Args:
        plan: of the run.
        trials: that estimates rest on.
    """
    primary = plan.primary
    if primary.smallest is None:
        return None
    part = plan.part(primary.part)
    arms = compare_levels(trials, part, primary.metric, primary.factor, (primary.control, primary.treatment))
    if arms.contrast.treatment.size == 0 or arms.contrast.control.size == 0:
        return None
    return compare_contrast(plan, part, arms, primary.metric, primary.smallest)
