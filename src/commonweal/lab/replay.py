"""Show a compiled trial again: its seed is run once more, with everything traced, and must give the log that is on disk."""

from __future__ import annotations

import itertools
import json
import shlex
import shutil
from pathlib import Path

from commonweal.core.errors import LogError, StudyError
from commonweal.engine.log import TrialLog
from commonweal.engine.trial import RECORDABLE
from commonweal.lab.logs import write_logs
from commonweal.lab.order import Order, prepare
from commonweal.lab.worker import run_trials
from commonweal.models.choice import ModelChoice


def replay(directory: Path, trial: tuple[str, int, int], into: Path) -> Path:
    """Run one trial of a folder again and write it, with traces, as a folder of its own.

    Args:
        directory: the run's folder; its plan says how it was asked for.
        trial: part, cell and seed.
        into: an empty folder.

    Returns:
        `into`, which then holds the plan and the log of this trial alone.

    Raises:
        StudyError: the study cannot be had, has changed since, or the trial is of language minds or not in the plan.
        LogError: the folder's plan does not say how it was asked for.
    """
    part_name, cell, seed = trial
    plan = json.loads((directory / "plan.json").read_text())
    order = read_order(str(plan.get("order", "")))
    prepared = prepare(order)
    now = prepared.plan()
    if now["digest"] != plan["digest"]:
        raise StudyError(
            f"study {order.reference!r} has changed since {directory} was run; check out that version to replay it"
        )
    prepared = prepared.staged(directory)
    part = prepared.study.part(part_name)
    if part.society.hosted:
        raise StudyError(f"part {part_name!r} has language minds, whose trials are recorded whole; replay compiled trials only")
    if cell >= len(part.plan) or seed not in part.seeds_of(cell):
        raise StudyError(f"part {part_name!r} has {len(part.plan)} cells and {part.seeds} seeds, counted from 0; found {trial}")
    (log,) = run_trials(prepared, part, ((cell, seed),), RECORDABLE)
    return _written(directory, into, trial, log)


def read_order(words: str) -> Order:
    """The order that a plan was made from, as it was typed: see `Order.words`.

    Raises:
        LogError: the words are no order.
    """
    pieces = shlex.split(words)
    if pieces[:2] != ["commonweal", "run"] or len(pieces) < 3:
        raise LogError(f"the plan does not say how it was asked for: found {words!r}; run the study again to replay its trials")
    named = dict(itertools.pairwise(pieces[3:]))
    seeds = named.get("--seeds")
    scoring = named.get("--scoring", "auto")
    if scoring not in ("auto", "logprobs", "schema"):
        raise LogError(f"the plan asks for the scoring {scoring!r}; run the study again to replay its trials")
    model = ModelChoice(named.get("--model", "embedded"), named.get("--endpoint"), scoring)
    return Order(pieces[2], None if seeds is None else int(seeds), "--quick" in pieces, "--audit" in pieces, model)


def _written(directory: Path, into: Path, trial: tuple[str, int, int], log: TrialLog) -> Path:
    part, cell, seed = trial
    (into / "logs").mkdir(parents=True)
    shutil.copy(directory / "plan.json", into / "plan.json")
    write_logs(into / "logs" / f"{part}-000001.parquet", part, [(cell, seed, log)])
    return into
