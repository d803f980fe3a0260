"""Direct, spillover, total and overall effects of a part with a saturation design, society by society.

Source: M. Hudgens and M. E. Halloran, J. American Statistical Association 103 (2008).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonweal.analysis.contrasts import find_bounds
from commonweal.analysis.finding import Finding, make_finding
from commonweal.analysis.plans import Level, Part, Plan
from commonweal.analysis.trials import Trials
from commonweal.core.errors import LogError
from commonweal.statistics.inference import Estimate
from commonweal.statistics.spillover import Saturated, SpilloverEffects, estimate_spillover

_SOURCE = "Hudgens and Halloran, J. American Statistical Association 103 (2008)"


@dataclass(frozen=True)
class SaturationEffects:
    """The effects at one saturation."""

    share: float
    """Share of the seats that is treated."""
    societies: int
    """Trials at this saturation."""
    direct: Finding
    """Treated minus untreated seats of the same societies."""
    spillover: Finding
    """Untreated seats, minus those of societies without treatment."""
    total: Finding
    """Treated seats, minus those of societies without treatment."""
    overall: Finding
    """All seats, minus those of societies without treatment."""


@dataclass(frozen=True)
class Stratum:
    """The effects at one combination of the other factors' levels."""

    levels: Mapping[str, Level]
    """The combination; empty where there are no other factors."""
    effects: tuple[SaturationEffects, ...]
    """At each saturation above 0, in order."""


@dataclass(frozen=True)
class Spillover:
    """What a treatment does to the treated, to the others and to societies."""

    part: str
    """Name of the part."""
    factor: str
    """Label of the factor that sets the share of treated seats."""
    treated: str
    """Metric of the treated seats."""
    untreated: str
    """Metric of the other seats."""
    everybody: str
    """Metric of all seats."""
    unit: str
    """Unit of all effects."""
    strata: tuple[Stratum, ...]
    """By combination of the other factors' levels."""
    matched: bool
    """Whether the same seeds were run at every saturation, and societies compared in pairs."""
    null_model: bool
    """Whether the part's language model is a negative control."""


def find_spillover(plan: Plan, trials: Trials, part: Part) -> Spillover | None:
    """The effects of a saturation design; None where the part has another design, or no trial is finished.

    Args:
        plan: of the run.
        trials: its table.
        part: the part.

    Raises:
        LogError: the design names a factor or a metric that the plan does not have.
        StudyError: no society without treatment is finished, or none with.
    """
    if part.design.get("kind") != "saturation" or not (trials.part == part.name).any():
        return None
    factor = str(part.design.get("share"))
    names = [str(part.design.get(role)) for role in ("treated", "untreated", "everybody")]
    check_design(plan, part, factor, *names)
    card = plan.metrics[names[0]]
    found: list[Stratum] = []
    for levels, own, share in split_strata(trials, part, factor):
        data = Saturated(share, own.seed, *(own.metrics[name] for name in names))
        rows = estimate_spillover(data, bounds=find_bounds(card))
        found.append(Stratum(levels, tuple(_name(row, part, names, card.unit) for row in rows)))
    matched = part.design.get("matched") is True
    treated, untreated, everybody = names
    return Spillover(part.name, factor, treated, untreated, everybody, card.unit, tuple(found), matched, part.null_model)


def check_design(plan: Plan, part: Part, factor: str, *metrics: str) -> None:
    """Refuse a saturation design that names what the plan does not have.

    Raises:
        LogError: the factor or a metric is not there.
    """
    labels = [own.label for own in part.factors]
    for name, known in ((factor, labels), *((metric, list(plan.metrics)) for metric in metrics)):
        if name not in known:
            raise LogError(
                f"plan.json, part {part.name!r} of design saturation: found {name!r}, expected one of {', '.join(known)}. "
                "Name it in the design as the study has it, and plan again into a new folder."
            )


def split_strata(trials: Trials, part: Part, factor: str) -> Iterator[tuple[dict[str, Level], Trials, NDArray[np.float64]]]:
    """By combination of the other factors' levels: those levels, its finished trials, and the share of each of them, [r].

    Args:
        trials: the table.
        part: of a saturation design.
        factor: label of the factor that sets the share of treated seats.
    """
    strata: dict[tuple[tuple[str, Level], ...], dict[int, float]] = {}
    for cell in part.cells:
        levels = tuple((label, level) for label, level in cell.levels.items() if label != factor)
        strata.setdefault(levels, {})[cell.cell] = float(cell.levels[factor])
    for levels, shares in strata.items():
        own = trials.where((trials.part == part.name) & np.isin(trials.cell, list(shares)))
        if len(own):
            yield dict(levels), own, np.array([shares[cell] for cell in own.cell.tolist()], np.float64)


def _name(row: SpilloverEffects, part: Part, names: list[str], unit: str) -> SaturationEffects:
    mark = " (null model)" if part.null_model else ""
    treated, untreated, everybody = names

    def find(estimate: Estimate, metric: str, words: str) -> Finding:
        return make_finding(estimate, metric, part.name, None, f"{words}, at saturation {row.share:g}{mark}", unit, _SOURCE)

    return SaturationEffects(
        share=row.share,
        societies=row.societies,
        direct=find(row.direct, treated, f"direct effect: {treated} minus {untreated} in the same society"),
        spillover=find(row.spillover, untreated, f"spillover: {untreated}, minus that of societies without treatment"),
        total=find(row.total, treated, f"total effect: {treated}, minus {untreated} of societies without treatment"),
        overall=find(row.overall, everybody, f"overall effect: {everybody}, minus that of societies without treatment"),
    )
