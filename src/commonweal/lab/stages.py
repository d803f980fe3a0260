"""Later stages of adaptive designs: what was seen, what is run next, and what is expected of it, written before it is run.

Source: design/002-files-of-a-run.md.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from commonweal.core.errors import LogError
from commonweal.lab.batches import static_factors, trial_seconds
from commonweal.lab.designs.design import Cell, Seen, Stage, check_cells
from commonweal.lab.factors import Level
from commonweal.lab.finished import read_outcomes
from commonweal.lab.plan import plan_cell
from commonweal.lab.study import Part, Study

SCHEMA = "commonweal.stage/1"


def staged(study: Study, directory: Path) -> Study:
    """The study with the cells that later stages of a run added, and with the draws of the lock that the run keeps to.

    Args:
        study: as its file has it.
        directory: the run's folder.

    Raises:
        LogError: a stage's file is damaged.
        StudyError: a stage does not fit the study.
    """
    later: dict[str, list[Cell]] = {}
    for path in _paths(directory):
        try:
            stage = json.loads(path.read_text())
            labels = [factor.label for factor in study.part(stage["part"]).factors]
            cells = [_cell(item, labels) for item in stage["cells"]]
            later.setdefault(stage["part"], []).extend(cells)
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise LogError(f"{path} is damaged ({error}); move it and later ones away and run the study again") from error
    parts = tuple(dataclasses.replace(part, later=tuple(later.get(part.name, ()))) for part in study.parts)
    return dataclasses.replace(study, parts=parts, draws=_draws(directory / "lock.json"))


def _draws(path: Path) -> str:
    """The digest of a run's lock; empty: there is none."""
    if not path.is_file():
        return ""
    try:
        return str(json.loads(path.read_text())["digest"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise LogError(f"{path} is damaged ({error}), and the trials' draws depend on it; restore it") from error


def grow(study: Study, part: Part, directory: Path) -> bool:
    """Ask a part's design for its next stage, and write it down. Call when all trials of the part so far are finished.

    Args:
        study: with the stages so far.
        part: of the study.
        directory: the run's folder.

    Returns:
        Whether there is a next stage; False: the design is complete.

    Raises:
        StudyError: the design chose cells that the part cannot have.
        LogError: the logs cannot be read, or the stage not be written.
    """
    seen = look(study, part, directory)
    stage = part.design.extend(seen)
    if stage is None or not stage.cells:
        return False
    check_cells(part.factors, stage.cells)
    _write(directory, part, stage, seen)
    return True


def look(study: Study, part: Part, directory: Path) -> Seen:
    """What a design is told: the finished trials of a part.

    Args:
        study: with the stages so far.
        part: of the study.
        directory: the run's folder.
    """
    name = part.design.metric(study.primary.metric)
    metric = study.metrics[name]
    rows = read_outcomes(directory, part.name, name, metric.across)
    stages = sum(json.loads(path.read_text())["part"] == part.name for path in _paths(directory))
    return Seen(
        factors=part.factors,
        allowed=part.allowed or (lambda levels: True),
        seeds=part.seeds,
        cells=part.plan,
        cell=np.array([row[0] for row in rows], np.int64),
        seed=np.array([row[1] for row in rows], np.int64),
        outcome=np.array([row[2] for row in rows], np.float64),
        seconds=_predicted_seconds(part)[[row[0] for row in rows]],
        bounds=(float(metric.low), float(metric.high)),
        stages=stages,
    )


def _predicted_seconds(part: Part) -> NDArray[np.float64]:
    """What a trial of each cell is predicted to cost: a measured time would make the next stage a matter of the machine."""
    static = static_factors(part)
    known: dict[tuple[object, ...], float] = {}
    found: list[float] = []
    for cell in part.plan:
        shape = tuple(cell.levels[factor.label] for factor in static)
        if shape not in known:
            known[shape] = trial_seconds(part.society_of(cell.levels), part.ticks_of(cell.levels))
        found.append(known[shape])
    return np.array(found, np.float64)


def _paths(directory: Path) -> list[Path]:
    return sorted((directory / "stages").glob("*.json"))


def _cell(item: dict[str, object], labels: list[str]) -> Cell:
    levels, seeds = item["levels"], item["seeds"]
    if not isinstance(levels, dict) or not isinstance(seeds, list):
        raise TypeError(f"a cell with levels {levels} and seeds {seeds}")
    found: dict[str, Level] = {label: levels[label] for label in labels}
    return Cell(found, int(seeds[1]), int(seeds[0]), str(item["why"]))


def _write(directory: Path, part: Part, stage: Stage, seen: Seen) -> None:
    whole = dataclasses.replace(part, later=(*part.later, *stage.cells))
    first = len(part.plan)
    rows = np.stack([seen.cell.astype(np.float64), seen.seed.astype(np.float64), seen.outcome])
    digest = hashlib.sha256(np.ascontiguousarray(rows).tobytes()).hexdigest()
    number = len(_paths(directory)) + 1
    facts = {
        "schema": SCHEMA,
        "part": part.name,
        "stage": seen.stages + 1,
        "cells": [
            plan_cell(whole, first + index, cell, whole.society_of(cell.levels).digest)
            for index, cell in enumerate(stage.cells)
        ],
        "prediction": stage.prediction,
        "seen": {"trials": int(seen.outcome.size), "digest": f"sha256:{digest}"},
        "written": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    path = directory / "stages" / f"{number:04d}.json"
    try:
        path.parent.mkdir(exist_ok=True)
        draft = path.with_suffix(".tmp")
        draft.write_text(json.dumps(facts, indent=1, sort_keys=True))
        draft.replace(path)
    except OSError as error:
        raise LogError(f"{path} cannot be written: {error}; free space or choose another folder with --out") from error
