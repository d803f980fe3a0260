"""The fidelity ladder: the primary contrast from the cheapest society to the dearest, and what each says for its cost.

Parts that hold both levels of the primary factor are rungs: scripted minds, the embedded model, a target model; small societies
and large ones. Where a cheap rung says what a dear one does, the dear one can be run less.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commonweal.analysis.plans import Part, Plan
from commonweal.analysis.trials import Trials
from commonweal.analysis.verdicts import Verdicts
from commonweal.statistics.inference import Estimate


@dataclass(frozen=True)
class Rung:
    """One part as a rung."""

    part: str
    """The part."""
    minds: str
    """`scripted`, `null model NAME`, or the model's name."""
    agents: int | None
    """Seats of a society; None where that is varied."""
    estimate: Estimate
    """The primary contrast."""
    seconds: float
    """Wall seconds of a trial, on average."""
    calls: float
    """Calls of a language model in a trial, on average."""
    cost_of_precision: float
    """Wall seconds that an interval one unit of the metric wide would take: seconds times squared width. NaN without one."""
    agrees: bool | None
    """Whether its interval and that of the primary part overlap; None for the primary part, and where one is missing."""


def find_fidelity(plan: Plan, trials: Trials, verdicts: Verdicts) -> tuple[Rung, ...]:
    """The rungs, the cheapest trial first; empty where there is one alone.

    Args:
        plan: of the run.
        trials: that estimates rest on.
        verdicts: all contrasts.
    """
    own = [test for test in verdicts.tests if test.metric == plan.primary.metric]
    base = next((test.estimate for test in own if test.part == plan.primary.part), None)
    if base is None or len(own) < 2:
        return ()
    return tuple(
        sorted((_rung(plan, plan.part(test.part), trials, test.estimate, base) for test in own), key=lambda one: one.seconds)
    )


def _rung(plan: Plan, part: Part, trials: Trials, estimate: Estimate, base: Estimate) -> Rung:
    here = trials.part == part.name
    seconds = trials.costs["wall_ms"][here] / 1000
    minds = "scripted"
    if part.engine == "hosted":
        name = plan.model.name if plan.model else "outside"
        minds = f"null model {name}" if part.null_model else name
    width = estimate.high - estimate.low if estimate.bounded else float("nan")
    both = estimate.bounded and base.bounded and part.name != plan.primary.part
    agrees = bool(estimate.low <= base.high and base.low <= estimate.high) if both else None
    calls = float(np.mean(trials.costs["calls"][here]))
    return Rung(
        part.name, minds, part.agents, estimate, float(np.mean(seconds)), calls, float(np.sum(seconds)) * width**2, agrees
    )
