"""Whether the effect of a part with a saturation design adds up: the overall effect against the linear-spillover benchmark.

Source: C. Manski, Review of Economic Studies 60 (1993); M. Hudgens and M. E. Halloran, J. American Statistical Association 103
(2008).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from commonweal.analysis.finding import Finding, make_finding
from commonweal.analysis.plans import Level, Part, Plan
from commonweal.analysis.spillover import check_design, split_strata
from commonweal.analysis.trials import Trials
from commonweal.statistics.linear_spillover import Deviation, compare_with_linear
from commonweal.statistics.spillover import Saturated

_SOURCE = "Manski, Review of Economic Studies 60 (1993); Hudgens and Halloran, J. American Statistical Association 103 (2008)"


@dataclass(frozen=True)
class Departure:
    """The overall effect at one saturation against the benchmark."""

    share: float
    """Share of the seats that is treated, between 0 and 1."""
    benchmark: float
    """Overall effect that it would have: its share of the effect of treating all."""
    overall: float
    """Overall effect that it has."""
    deviation: Finding
    """What it has beyond the benchmark."""
    adjusted: float
    """p-value of no deviation, adjusted for the other saturations (Holm); 1 where nothing varies."""


@dataclass(frozen=True)
class Bend:
    """The departures at one combination of the other factors' levels."""

    levels: Mapping[str, Level]
    """The combination; empty where there are no other factors."""
    departures: tuple[Departure, ...]
    """At each saturation between 0 and 1, in order."""
    p: float
    """p-value of the benchmark as a whole."""


@dataclass(frozen=True)
class AgainstLinear:
    """Whether an effect adds up."""

    part: str
    """Name of the part."""
    factor: str
    """Label of the factor that sets the share of treated seats."""
    everybody: str
    """Metric of all seats."""
    unit: str
    """Its unit."""
    bends: tuple[Bend, ...]
    """By combination of the other factors' levels."""
    null_model: bool
    """Whether the part's language model is a negative control."""


def find_departures(plan: Plan, trials: Trials, part: Part) -> AgainstLinear | None:
    """The departures of a saturation design from the benchmark.

    None where the part has another design, where no whole society is treated or none in part, or no such trial is finished.

    Args:
        plan: of the run.
        trials: its table.
        part: the part.

    Raises:
        LogError: the design names a factor or a metric that the plan does not have.
    """
    if part.design.get("kind") != "saturation":
        return None
    factor, everybody = str(part.design.get("share")), str(part.design.get("everybody"))
    check_design(plan, part, factor, everybody)
    bends: list[Bend] = []
    for levels, own, share in split_strata(trials, part, factor):
        outcome = own.metrics[everybody]
        there = {round(value, 9) for value in share[np.isfinite(outcome)].tolist()}
        if len(there) < 3 or not {0.0, 1.0} <= there:
            continue
        found = compare_with_linear(Saturated(share, own.seed, outcome, outcome, outcome))
        rows = tuple(_name(row, part, everybody, plan.metrics[everybody].unit) for row in found.rows)
        bends.append(Bend(levels, rows, found.p))
    unit = plan.metrics[everybody].unit
    return AgainstLinear(part.name, factor, everybody, unit, tuple(bends), part.null_model) if bends else None


def _name(row: Deviation, part: Part, everybody: str, unit: str) -> Departure:
    mark = " (null model)" if part.null_model else ""
    estimand = f"overall effect beyond the linear benchmark, at saturation {row.share:g}{mark}"
    finding = make_finding(row.deviation, everybody, part.name, None, estimand, unit, _SOURCE)
    adjusted = row.adjusted if math.isfinite(row.adjusted) else 1.0
    return Departure(row.share, row.benchmark, row.overall, finding, adjusted)
