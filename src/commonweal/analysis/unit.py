"""The unit and the sample of a study: how many trials, how alike the agents of one are, what a run that died left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtri

from commonweal.analysis.fields import Fields
from commonweal.analysis.plans import Part, Plan, say_level
from commonweal.analysis.trials import Trials
from commonweal.core.errors import LogError
from commonweal.statistics.agents import AgentSums, Likeness, estimate_likeness, exact_agent_error
from commonweal.statistics.inference import Column

MEANS = ("Welfare",)
"""Metrics that are the mean over agents of what `EarningsVariance` is the variance of."""
VARIANCE = "EarningsVariance"


@dataclass(frozen=True)
class Arm:
    """The sample of one arm of the primary contrast."""

    name: str
    """Its level of the primary factor."""
    planned: int
    """Trials that were planned."""
    finished: int
    """Trials in the table."""
    known: int
    """Trials that have a value of the primary metric."""


@dataclass(frozen=True)
class Unit:
    """What the primary outcome is counted in."""

    part: str
    """The primary part."""
    agents: int | None
    """Agents of a society; None where that is varied."""
    ticks: int
    """Length of a trial."""
    arms: tuple[Arm, Arm]
    """Control and treatment."""
    likeness: Likeness | None
    """How alike agents of one trial are in what they earn, cells apart; None where the study does not measure it."""
    agent_error: float | None
    """How often a test with agents as unit would find an effect that is not there, with this sample; nominal .05."""
    stopped: Stopped | None
    """How the run ended early, by the rule that was declared."""


@dataclass(frozen=True)
class Stopped:
    """An early stop of the primary part."""

    n: int
    """Seeds that the decision and all estimates rest on."""
    seeds: int
    """Seeds that were planned."""
    why: str
    """The aim that was reached."""
    estimate: float
    """Mean difference over these seeds."""
    low: float
    """Lower limit at all looks at once."""
    high: float
    """Upper limit."""


def read_stopped(directory: Path) -> Stopped | None:
    """The early stop of a run; None where it has none.

    Raises:
        LogError: what the run wrote down is damaged.
    """
    import json

    path = Path(directory) / "stopped.json"
    if not path.exists():
        return None
    try:
        fields = Fields(json.loads(path.read_text(encoding="utf-8")), str(path))
    except (OSError, ValueError) as error:
        raise LogError(f"{path}: cannot be read ({error}). Move it away and run the study again.") from error
    n, seeds = fields.whole("n"), fields.whole("seeds")
    return Stopped(n, seeds, fields.text("why"), *(fields.number(name) for name in ("estimate", "low", "high")))


def keep_sample(plan: Plan, trials: Trials, stopped: Stopped | None) -> Trials:
    """The trials that estimates rest on: where the primary part stopped early, those of the seeds up to the stop.

    Trials that were in flight when the rule said stop are in the table, and no estimate looks at them.
    """
    if stopped is None:
        return trials
    return trials.where((trials.part != plan.primary.part) | (trials.seed < last_seed(plan, stopped)))


def last_seed(plan: Plan, stopped: Stopped) -> int:
    """The seed after the last one that estimates rest on."""
    return min((cell.seeds[0] for cell in plan.part(plan.primary.part).cells), default=0) + stopped.n


def find_unit(plan: Plan, trials: Trials, stopped: Stopped | None) -> Unit:
    """The unit and sample of a run's primary outcome.

    Args:
        plan: of the run.
        trials: that estimates rest on.
        stopped: how the primary part ended early.
    """
    part = plan.part(plan.primary.part)
    own = trials.where(trials.part == part.name)
    arms = tuple(_arm(plan, part, own, level, stopped) for level in (plan.primary.control, plan.primary.treatment))
    likeness = _likeness(plan, part, own)
    smallest = min(arm.known for arm in arms)
    error = None
    if likeness is not None and np.isfinite(likeness.icc.value) and smallest > 0:
        size = max(round(likeness.size), 2)
        error = exact_agent_error(smallest, size, min(max(likeness.icc.value, 0.0), 1.0))
    return Unit(part.name, part.agents, part.ticks, (arms[0], arms[1]), likeness, error, stopped)


def _arm(plan: Plan, part: Part, own: Trials, level: float | str, stopped: Stopped | None) -> Arm:
    cells = [cell for cell in part.cells if cell.levels.get(plan.primary.factor) == level]
    here = np.isin(own.cell, [cell.cell for cell in cells])
    planned = sum(cell.seeds[1] if stopped is None else min(cell.seeds[1], stopped.n) for cell in cells)
    known = int(np.isfinite(own.metrics[plan.primary.metric][here]).sum())
    return Arm(say_level(level), planned, int(here.sum()), known)


def _likeness(plan: Plan, part: Part, own: Trials) -> Likeness | None:
    """Over all cells of the part, each cell's trials about their own mean."""
    variances = [name for name, card in plan.metrics.items() if card.kind == VARIANCE]
    means = [name for kind in MEANS for name, card in plan.metrics.items() if card.kind == kind]
    sizes = _sizes(part, own)
    if not variances or not means or sizes is None:
        return None
    mean, variance = own.metrics[means[0]], own.metrics[variances[0]]
    # One correlation is of societies of one size: where sizes vary, of the middle one.
    known = np.isfinite(mean) & np.isfinite(variance)
    kinds = np.unique(sizes[known])
    if kinds.size:
        known &= sizes == kinds[kinds.size // 2]
    cells = own.cell[known]
    _, number, count = np.unique(cells, return_inverse=True, return_counts=True)
    middle = np.bincount(number, mean[known]) / count
    spare = cells.size - count.size
    if spare < 1:
        return None
    # Cells have means of their own: what is left is brought to the degrees of freedom that one common mean would leave, and the
    # limits to the F quantiles of those that there are.
    left = (mean[known] - middle[number]) * np.sqrt((cells.size - 1) / spare)
    found, within = _likeness_at(sizes[known], left, variance[known], 1.0), int(sizes[known].sum()) - cells.size
    if not found.icc.bounded:
        return found
    low, high = (
        _likeness_at(sizes[known], left, variance[known], float(fdtri(cells.size - 1, within, p) / fdtri(spare, within, p))).icc
        for p in ((1 + found.icc.level) / 2, (1 - found.icc.level) / 2)
    )
    return replace(found, icc=replace(found.icc, low=low.low, high=high.high))


def _likeness_at(sizes: NDArray[np.int64], left: Column, variance: Column, ratio: float) -> Likeness:
    """The likeness if the trials' means had `ratio` times the variance that they have."""
    return estimate_likeness(AgentSums(sizes, left * np.sqrt(ratio), variance))


def _sizes(part: Part, own: Trials) -> NDArray[np.int64] | None:
    """Agents of each trial's society; None where something else than the population itself varies them. [r]"""
    if part.agents is not None:
        return np.full(len(own), part.agents, np.int64)
    varied = [factor.label for factor in part.factors if factor.lens == "seats.n"]
    return own.factors[varied[0]].astype(np.int64) if varied else None
