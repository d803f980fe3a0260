"""When a run may stop early: the study's rule, applied to the primary contrast seed by seed, and written down when it holds."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

from commonweal.core.errors import LogError
from commonweal.core.parts import Metric
from commonweal.lab.finished import read_outcomes
from commonweal.lab.study import Part, Primary, Study
from commonweal.statistics.inference import Bounds
from commonweal.statistics.sequential import Decision, Stopping, bound_differences, decide

FILE = "stopped.json"


def full_rule(study: Study) -> Stopping | None:
    """The study's stopping rule with what it leaves open: the range of a difference, and the part's last seed.

    Args:
        study: whose rule.
    """
    rule = study.stopping
    if rule is None:
        return None
    metric: Metric = study.metrics[study.primary.metric]
    finite = math.isfinite(metric.low) and math.isfinite(metric.high)
    bounds = bound_differences(Bounds(float(metric.low), float(metric.high))) if finite else None
    seeds = study.part(study.primary.part).seeds
    return dataclasses.replace(rule, bounds=rule.bounds or bounds, most=max(rule.first, min(rule.most, seeds)))


def stop_early(study: Study, directory: Path) -> Decision | None:
    """Ask the study's rule about the seeds that are finished, and write `stopped.json` when it says stop before the last.

    Args:
        study: whose primary part runs.
        directory: the run's folder.

    Returns:
        What the rule said; None: there is no rule, or no seed is finished in all cells.

    Raises:
        LogError: the logs cannot be read, or the decision not be written.
    """
    rule = full_rule(study)
    if rule is None:
        return None
    part = study.part(study.primary.part)
    values = differences_by_seed(part, study.primary, read_outcomes(directory, part.name, study.primary.metric))
    decision = decide(values, rule)
    if decision.stop and decision.n < part.seeds:
        facts = {"part": part.name, **dataclasses.asdict(decision), "seeds": part.seeds}
        path = directory / FILE
        try:
            draft = path.with_suffix(".tmp")
            draft.write_text(json.dumps(facts, indent=1, sort_keys=True))
            draft.replace(path)
        except OSError as error:
            raise LogError(f"{path} cannot be written: {error}; free space or choose another folder with --out") from error
    return decision


def stopped_part(directory: Path) -> str | None:
    """The name of the part that a folder's run stopped early; None: none.

    Args:
        directory: the run's folder.

    Raises:
        LogError: what was written down is damaged.
    """
    path = directory / FILE
    if not path.exists():
        return None
    try:
        return str(json.loads(path.read_text())["part"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LogError(f"{path} is damaged ({error}); move it away and run the study again") from error


def differences_by_seed(part: Part, primary: Primary, rows: list[tuple[int, int, float, float]]) -> list[float]:
    """Treatment minus control of each seed, averaged over the cells that differ in nothing else, up to the first open seed.

    Args:
        part: the primary part.
        primary: the contrast.
        rows: (cell, seed, value, seconds) of finished trials.
    """
    pairs = arms_of(part, primary)
    value = {(cell, seed): number for cell, seed, number, _ in rows}
    found: list[float] = []
    for seed in part.seeds_of(pairs[0][0]) if pairs else ():
        if any((cell, seed) not in value for pair in pairs for cell in pair):
            break
        found.append(sum(value[treatment, seed] - value[control, seed] for treatment, control in pairs) / len(pairs))
    return found


def arms_of(part: Part, primary: Primary) -> list[tuple[int, int]]:
    """The cells that are compared, as (treatment, control): those that differ in the primary factor alone.

    Args:
        part: the primary part.
        primary: the contrast.
    """
    arms: dict[object, dict[object, int]] = {}
    for number, cell in enumerate(part.plan):
        rest = tuple(level for label, level in cell.levels.items() if label != primary.factor)
        arms.setdefault(rest, {})[cell.levels[primary.factor]] = number
    both = (primary.treatment, primary.control)
    return [(own[both[0]], own[both[1]]) for own in arms.values() if {*both} <= {*own}]
