"""What a detector sees: how well a metric tells the trials of a cell from trials that are known to be innocent.

A study names the metrics by which trials are accused (its screens) and the innocent cells of a part; every other cell of the
part is set against them, trial by trial. An area of 1/2 is a screen that sees nothing, 1 one that never errs, and below 1/2
the screen points at the innocent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from commonweal.analysis.fields import Fields, read_facts
from commonweal.analysis.plans import Level, Part, Plan, read_level
from commonweal.analysis.trials import Trials
from commonweal.statistics.detection import estimate_auc, find_roc
from commonweal.statistics.inference import Estimate

ALARMS = 0.05
"""The share of innocent trials that may be accused where a screen's power is told."""


@dataclass(frozen=True)
class Suspect:
    """One cell of a part, seen by a screen."""

    cell: int
    """Its number."""
    levels: Mapping[str, Level]
    """Its levels."""
    area: Estimate
    """Area under the ROC curve, over trials."""
    power: float
    """Largest share of its trials that is accused at no more than `ALARMS` false alarms."""
    alarms: tuple[float, ...]
    """Share of innocent trials that is accused, threshold by threshold, from 0 to 1. [h]"""
    found: tuple[float, ...]
    """Share of the cell's trials that is accused at the same thresholds. [h]"""


@dataclass(frozen=True)
class Detection:
    """What one screen sees in a part."""

    part: str
    """The part."""
    metric: str
    """The metric by which trials are accused."""
    guilty: str
    """What the guilty are said to have: `more` or `less` of it."""
    innocent: Mapping[str, Level]
    """Levels that the innocent cells have."""
    n: int
    """Innocent trials with a value."""
    suspects: tuple[Suspect, ...]
    """The other cells of the part that have trials with a value."""


def find_detection(directory: Path, plan: Plan, trials: Trials) -> tuple[Detection, ...]:
    """What the screens of a run's study see; empty where it has none, or no innocent trial is finished.

    Args:
        directory: the run's folder.
        plan: of the run.
        trials: those that estimates rest on.

    Raises:
        LogError: the plan is damaged.
    """
    study = read_facts(directory).inner("study")
    screens = study.items("screens") if study.raw.get("screens") else []
    return tuple(one for screen in screens if (one := _see(screen, plan, trials)) is not None)


def _see(screen: Fields, plan: Plan, trials: Trials) -> Detection | None:
    metric, guilty, part = screen.text("metric"), screen.text("guilty"), plan.part(screen.text("part"))
    pairs = [Fields({"pair": pair}, f"{screen.place}.innocent").entries("pair") for pair in screen.entries("innocent")]
    innocent = {str(label): read_level(level) for label, level in pairs}
    sign = -1.0 if guilty == "less" else 1.0
    own = trials.where((trials.part == part.name) & np.isfinite(trials.metrics[metric]))
    known = [cell.cell for cell in part.cells if all(cell.levels.get(name) == level for name, level in innocent.items())]
    reference = sign * own.metrics[metric][np.isin(own.cell, known)]
    if not reference.size:
        return None
    suspects = _suspects(part, own, metric, sign, known)
    return Detection(part.name, metric, guilty, innocent, int(reference.size), suspects)


def _suspects(part: Part, own: Trials, metric: str, sign: float, known: list[int]) -> tuple[Suspect, ...]:
    values = sign * own.metrics[metric]
    reference, found = values[np.isin(own.cell, known)], list[Suspect]()
    for cell in part.cells:
        accused = values[own.cell == cell.cell]
        if cell.cell in known or not accused.size:
            continue
        roc = find_roc(accused, reference)
        area = estimate_auc(accused, reference)
        curve = tuple(roc.alarms.tolist()), tuple(roc.found.tolist())
        found.append(Suspect(cell.cell, cell.levels, area, roc.power(ALARMS), *curve))
    return tuple(found)
