"""What an audit of a study found: in how many specifications the claim holds, and where the result comes from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from commonweal.analysis.authorship import label_claim
from commonweal.analysis.plans import Plan
from commonweal.analysis.shifts import Shift, ablation_shifts, cue_shifts, say_interaction
from commonweal.analysis.specifications import (
    AXES,
    COUNTED,
    FRESH,
    Claim,
    Specified,
    group_of,
    read_claim,
    specify,
)
from commonweal.analysis.trials import Trials


@dataclass(frozen=True)
class AxisShare:
    """On how many specifications of an axis the claim holds."""

    axis: str
    """The axis."""
    held: int
    """Specifications in which the claim holds."""
    count: int
    """All that were planned."""


@dataclass(frozen=True)
class Robustness:
    """An audit's verdict."""

    metric: str
    """The primary metric."""
    unit: str
    """Its unit."""
    claim: str
    """One of `Claim`."""
    smallest: float | None
    """Smallest effect of interest, in the metric's unit; None: not declared."""
    headline: Specified
    """The primary contrast as planned."""
    specifications: tuple[Specified, ...]
    """All specifications, in the order of the plan."""
    axes: tuple[AxisShare, ...]
    """The axes that are counted, in the order of the plan."""
    held: int
    """Counted specifications in which the claim holds."""
    counted: int
    """Counted specifications."""
    worst: Specified | None
    """The counted specification that speaks most against the claim; None where there is no claim."""
    interaction: str
    """Whether interaction matters, one of `Answer`."""
    shifts: tuple[Shift, ...]
    """How far each ablation moves the outcome."""
    cue: tuple[Shift, ...]
    """How far the mere notice that seats are watched moves the outcome; empty: not tried."""
    cue_flagged: bool
    """Whether it does: then minds behave otherwise when they are observed, and every outcome is one of observed behaviour."""
    label: str
    """One of `Label`."""
    reasons: tuple[str, ...]
    """Why it has this label, in sentences."""
    not_run: tuple[tuple[str, str], ...]
    """Axes without a specification, and why."""
    null_model: bool
    """Whether the primary part stands on a negative control: then nothing here is evidence of language models."""

    @property
    def share(self) -> float | None:
        """Share of the counted specifications in which the claim holds, 0 to 1; None where there is no claim."""
        return None if self.claim == "none" or not self.counted else self.held / self.counted


def find_robustness(plan: Plan, trials: Trials) -> Robustness | None:
    """What the audit of a run found; None where the run has none.

    Args:
        plan: of the run.
        trials: its table.
    """
    parts = [part for part in plan.parts if part.role == "audit" and part.specification is not None]
    if not parts:
        return None
    main, smallest = plan.part(plan.primary.part), plan.primary.smallest
    claim = read_claim(plan, trials)
    found = tuple(specify(plan, trials, part, claim) for part in parts)
    counted = [own for own in found if own.group in COUNTED]
    names = list(dict.fromkeys(own.axis for own in counted))
    shares = [AxisShare(axis, *_count([own for own in counted if own.axis == axis])) for axis in names]
    fresh = next((part for part in parts if part.specification and part.specification[0] == FRESH), None)
    ablated = [part for part in parts if group_of(part) == "ablation"]
    shifts = tuple(shift for part in ablated for shift in ablation_shifts(plan, trials, fresh, part))
    cue = tuple(shift for part in parts for shift in cue_shifts(plan, trials, part))
    label, reasons = label_claim(plan, trials, parts, found, claim)
    return Robustness(
        metric=plan.primary.metric,
        unit=plan.metrics[plan.primary.metric].unit,
        claim=claim,
        smallest=smallest,
        headline=specify(plan, trials, main, claim),
        specifications=found,
        axes=tuple(shares),
        held=_count(counted)[0],
        counted=len(counted),
        worst=None if claim == "none" else min(counted, key=lambda own: _support(own, claim), default=None),
        interaction=say_interaction(shifts, smallest),
        shifts=shifts,
        cue=cue,
        cue_flagged=any(shift.moved for shift in cue),
        label=label,
        reasons=reasons,
        not_run=tuple((axis, _why_not(plan, axis)) for axis in AXES if axis not in {own.axis for own in found}),
        null_model=main.null_model,
    )


def _count(specifications: Sequence[Specified]) -> tuple[int, int]:
    return sum(own.verdict == "holds" for own in specifications), len(specifications)


def _support(own: Specified, claim: Claim) -> float:
    """How much a specification speaks for a claim: its estimate in the claim's direction."""
    if own.value is None:
        return -math.inf
    if claim == "no effect":
        return -abs(own.value)
    return own.value if claim == "raises" else -own.value


def _why_not(plan: Plan, axis: str) -> str:
    if axis == "model family":
        return "not run: one model" if plan.model is not None else "no language model is in this study"
    return "does not apply to this society"
