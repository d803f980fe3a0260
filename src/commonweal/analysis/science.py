"""What a sceptic asks of a study, reckoned from its files: one place that knows all of it, and `estimates.json` holds it.

Each question has a module of its own; this one asks them all, and keeps their answers together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from commonweal.analysis.accounts import Rivals, find_rivals
from commonweal.analysis.basins import Basins, find_basins
from commonweal.analysis.boundary import Boundary, find_boundary
from commonweal.analysis.coverage import StartCoverage, find_coverage
from commonweal.analysis.detection import Detection, find_detection
from commonweal.analysis.factorial import Factorial, find_factorial
from commonweal.analysis.fidelity import Rung, find_fidelity
from commonweal.analysis.ladder import Ladder, find_ladder
from commonweal.analysis.linear_spillover import AgainstLinear, find_departures
from commonweal.analysis.plans import Part, Plan
from commonweal.analysis.registration import Registration, find_registration
from commonweal.analysis.replication import Replication, find_replication
from commonweal.analysis.robustness import Robustness, find_robustness
from commonweal.analysis.sensitivity import Screening, Sensitivity, find_sensitivity
from commonweal.analysis.spillover import Spillover, find_spillover
from commonweal.analysis.theory_gap import TheoryGap, find_theory_gap
from commonweal.analysis.threshold import Threshold, find_threshold
from commonweal.analysis.trials import Trials
from commonweal.analysis.unit import Stopped, Unit, find_unit
from commonweal.analysis.verdicts import Verdicts, find_verdicts

T = TypeVar("T")


@dataclass(frozen=True)
class Science:
    """Everything but the estimates themselves."""

    registration: Registration
    """Whether the study was locked before it was run, and what was done otherwise."""
    unit: Unit
    """What is counted, and how many there are."""
    verdicts: Verdicts
    """What is left of every contrast when all are counted."""
    gap: TheoryGap
    """Simulation beside theory."""
    coverage: tuple[StartCoverage, ...]
    """Where in the space of start states each part looked."""
    boundaries: tuple[Boundary, ...]
    """Where outcomes flip."""
    thresholds: tuple[Threshold, ...]
    """At which value of one factor they do."""
    basins: tuple[Basins, ...]
    """Whether where a society ends depends on where it starts."""
    ladders: tuple[Ladder, ...]
    """What was predicted of larger sizes, and came."""
    sensitivities: tuple[Sensitivity, ...]
    """What outcomes depend on."""
    screenings: tuple[Screening, ...]
    """What they may depend on."""
    spillovers: tuple[Spillover, ...]
    """What a treatment does to those who do not get it."""
    fidelity: tuple[Rung, ...]
    """The primary contrast from the cheapest society to the dearest; empty where one part alone has it."""
    replication: Replication | None
    """The published finding beside ours; None where the study is no replication."""
    robustness: Robustness | None
    """Whether the answer survives other specifications; None: no audit was run."""
    departures: tuple[AgainstLinear, ...] = ()
    """Whether effects at shares of treated seats add up."""
    factorials: tuple[Factorial, ...] = ()
    """What each factor of a two-level design does, and which do it together."""
    detections: tuple[Detection, ...] = ()
    """What the study's screens see."""
    rivals: tuple[Rivals, ...] = ()
    """What published numbers say of the parameters of a part, account by account."""


def find_science(directory: Path, plan: Plan, trials: Trials, stopped: Stopped | None) -> Science:
    """Everything that the files of a run say beside its estimates.

    Args:
        directory: the run's folder.
        plan: of the run.
        trials: those that estimates rest on.
        stopped: how the primary part ended early.

    Raises:
        LogError: a file is damaged.
    """
    own = [part for part in plan.parts if part.role != "audit" and (trials.part == part.name).any()]
    sensitivities = _known(find_sensitivity(plan, trials, part) for part in own)
    verdicts = find_verdicts(plan, trials)
    return Science(
        registration=find_registration(directory, plan, trials),
        unit=find_unit(plan, trials, stopped),
        verdicts=verdicts,
        gap=find_theory_gap(plan, trials),
        coverage=_known(find_coverage(trials, part) for part in own),
        boundaries=_known(find_boundary(plan, trials, part) for part in own),
        thresholds=_known(find_threshold(plan, trials, part) for part in own),
        basins=_known(find_basins(plan, trials, part) for part in own),
        ladders=_known(find_ladder(plan, trials, part) for part in own),
        sensitivities=tuple(found for found in sensitivities if isinstance(found, Sensitivity)),
        screenings=tuple(found for found in sensitivities if isinstance(found, Screening)),
        spillovers=_known(find_spillover(plan, trials, part) for part in own),
        departures=_known(find_departures(plan, trials, part) for part in own),
        factorials=_known(find_factorial(plan, trials, part) for part in own),
        fidelity=find_fidelity(plan, trials, verdicts),
        replication=find_replication(directory, verdicts.primary.estimate, plan, trials),
        robustness=find_robustness(plan, trials),
        detections=find_detection(directory, plan, trials),
        rivals=find_rivals(directory, plan, trials),
    )


def _known(found: Iterable[T | None]) -> tuple[T, ...]:
    """What was found, without the parts where there was nothing to find."""
    return tuple(one for one in found if one is not None)


def floor_of(plan: Plan, science: Science) -> tuple[Part, float] | None:
    """The wording floor: how far the primary contrast may move with a null model in the same part's place; None: not measured.

    It is the limit of the null model's interval that is further from 0. A language effect that is smaller may be wording.

    Args:
        plan: of the run.
        science: of the run.
    """
    for test in science.verdicts.tests:
        if test.null_model and test.metric == plan.primary.metric and test.estimate.bounded:
            return plan.part(test.part), max(abs(test.estimate.low), abs(test.estimate.high))
    return None
