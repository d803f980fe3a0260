"""What each factor does to the outcome of a part, with the seed's share beside: from Saltelli's sample or Morris's paths."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from commonweal.analysis.coverage import locate_cells
from commonweal.analysis.finding import Finding, make_finding
from commonweal.analysis.plans import Part, Plan
from commonweal.analysis.trials import Trials
from commonweal.core.errors import LogError
from commonweal.statistics.inference import Estimate
from commonweal.statistics.sensitivity import estimate_effects, estimate_shares

_SALTELLI = "Saltelli et al., Computer Physics Communications 181 (2010); Jansen (1999)"
_MORRIS = "Morris, Technometrics 33 (1991); Campolongo et al. (2007) for mu*"


@dataclass(frozen=True)
class FactorShares:
    """One factor's shares of the variance of a trial's outcome."""

    factor: str
    """Its label."""
    first: Finding
    """By itself."""
    total: Finding
    """With its interactions."""


@dataclass(frozen=True)
class Sensitivity:
    """Where the variance of a trial's outcome comes from, over the factors' ranges and over seeds."""

    part: str
    """Name of the part."""
    metric: str
    """Whose variance it is."""
    factors: tuple[FactorShares, ...]
    """The factors' shares, in the part's order."""
    seed: Finding
    """The seed's share: what no factor explains."""
    variance: float
    """The variance, in the metric's unit squared."""
    points: int
    """Base points that were used."""
    left_out: int
    """Base points that were not, since a trial of theirs is missing or has no value."""
    replicates: int
    """Trials of each cell."""
    null_model: bool
    """Whether the part's language model is a negative control."""


@dataclass(frozen=True)
class FactorEffects:
    """What a step of one factor does, per length of its whole range, in the metric's unit."""

    factor: str
    """Its label."""
    mu: Finding
    """Mean effect."""
    mu_star: Finding
    """Mean size of the effect."""
    sigma: Finding
    """Standard deviation of the effect over the space: interactions and curves."""
    noise: float | None
    """What the mean size would be if the factor did nothing; None with one trial a cell."""


@dataclass(frozen=True)
class Screening:
    """Which factors matter at all."""

    part: str
    """Name of the part."""
    metric: str
    """Whose changes are looked at."""
    factors: tuple[FactorEffects, ...]
    """The factors' effects, in the part's order."""
    paths: int
    """Paths that were planned."""
    null_model: bool
    """Whether the part's language model is a negative control."""


def find_sensitivity(plan: Plan, trials: Trials, part: Part, metric: str | None = None) -> Sensitivity | Screening | None:
    """The sensitivity of a part's outcome; None where its design is neither `saltelli` nor `morris`, or no trial is finished.

    Args:
        plan: of the run.
        trials: its table.
        part: the part.
        metric: the outcome; None: the primary one.

    Raises:
        LogError: the plan's cells are not those of the design it names.
        StudyError: fewer than two base points or paths have all their trials.
    """
    kind, d = part.design.get("kind"), len(part.factors)
    name = plan.primary.metric if metric is None else metric
    if kind not in ("saltelli", "morris") or not (trials.part == part.name).any():
        return None
    outcomes = _arrange(trials, part, name, d + 2 if kind == "saltelli" else d + 1)
    unit, mark = plan.metrics[name].unit, " (null model)" if part.null_model else ""

    def find(estimate: Estimate, estimand: str, own: str, source: str) -> Finding:
        return make_finding(estimate, name, part.name, None, estimand + mark, own, source)

    labels = [factor.label for factor in part.factors]
    if kind == "saltelli":
        shares = estimate_shares(outcomes)
        rows = tuple(
            FactorShares(
                label,
                find(row.first, f"share of variance of {label} by itself", "1", _SALTELLI),
                find(row.total, f"share of variance of {label} with its interactions", "1", _SALTELLI),
            )
            for label, row in zip(labels, shares.factors, strict=True)
        )
        seed = find(shares.seed, "share of variance of the seed", "1", _SALTELLI)
        counts = (shares.points, shares.left_out, shares.replicates)
        return Sensitivity(part.name, name, rows, seed, shares.variance, *counts, part.null_model)
    points = locate_cells(part.factors, part.cells)
    effects = tuple(
        FactorEffects(
            label,
            find(row.mu, f"mean effect of the range of {label} (mu)", unit, _MORRIS),
            find(row.mu_star, f"mean size of the effect of the range of {label} (mu*)", unit, _MORRIS),
            find(row.sigma, f"standard deviation of the effect of the range of {label} (sigma)", unit, _MORRIS),
            row.noise if math.isfinite(row.noise) else None,
        )
        for label, row in zip(labels, estimate_effects(points, outcomes), strict=True)
    )
    return Screening(part.name, name, effects, len(outcomes), part.null_model)


def _arrange(trials: Trials, part: Part, metric: str, length: int) -> NDArray[np.float64]:
    """Outcomes by base point or path, place in it, and replicate; NaN where a trial is missing. [n, length, m]"""
    first = [cell.seeds[0] for cell in part.cells]
    replicates = {cell.seeds[1] for cell in part.cells}
    if len(part.cells) % length or not part.cells or len(replicates) != 1:
        _refuse(part, f"{len(part.cells)} cells", f"a multiple of {length} with as many trials each")
    own = trials.where(trials.part == part.name)
    found = np.full((len(part.cells), replicates.pop()), np.nan)
    place = own.seed - np.array(first, dtype=np.int64)[own.cell]
    if len(own) and (place.min() < 0 or place.max() >= found.shape[1]):
        _refuse(part, "trials of seeds that its cells do not have", "those of the plan")
    found[own.cell, place] = own.metrics[metric]
    return found.reshape(-1, length, found.shape[1])


def _refuse(part: Part, found: str, expected: str) -> NoReturn:
    raise LogError(
        f"plan.json, part {part.name!r} of design {part.design.get('kind')}: found {found}, expected {expected}. "
        "The plan is damaged or of another version: plan the study again into a new folder."
    )
