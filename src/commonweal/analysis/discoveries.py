"""The discovery log of a run, `discoveries.jsonl`: what the scan proposed, and what was promoted to a study of its own.

One JSON object a line: first `{"schema", "log_digest", "level", "scanned"}`, then one a proposal, then one a promotion.

Source: design/002-files-of-a-run.md.
"""

from __future__ import annotations

import datetime
import json
import math
import os
from dataclasses import asdict
from pathlib import Path
from typing import cast

from commonweal.analysis.discovery import LEVEL, Discovery, scan_run
from commonweal.analysis.plans import Plan, read_plan
from commonweal.analysis.trials import hash_trials, read_trials
from commonweal.core.errors import LogError, StudyError

SCHEMA = "commonweal.discoveries/1"
"""The only version of `discoveries.jsonl` that this version reads."""
DRAFT_SCHEMA = "commonweal.lock-draft/1"
"""Of a promoted proposal: no lock until a study stands behind it."""

_Json = dict[str, object]


def write_discoveries(directory: Path) -> tuple[Discovery, ...]:
    """Scan a run and write its discovery log; promotions of the same logs are kept.

    Args:
        directory: the run's folder.

    Returns:
        The proposals, the most striking first.

    Raises:
        LogError: the run's files cannot be read, or the log cannot be written.
    """
    directory = Path(directory)
    plan, trials = read_plan(directory), read_trials(directory)
    digest, found = hash_trials(trials.log_digest.tolist()), scan_run(directory, plan)
    head: _Json = {"schema": SCHEMA, "log_digest": digest, "level": LEVEL, "scanned": len(trials)}
    path = directory / "discoveries.jsonl"
    kept = (
        [row for row in _read(path) if "promoted" in row] if path.exists() and _head(path).get("log_digest") == digest else []
    )
    _write(path, [head, *(asdict(one) for one in found), *kept])
    return found


def read_discoveries(directory: Path) -> tuple[tuple[Discovery, ...], dict[str, str]] | None:
    """The proposals of a run, and the draft of each promoted one by id; None: the run was not scanned.

    Args:
        directory: the run's folder.

    Raises:
        LogError: the log is damaged or of another version.
    """
    path = Path(directory) / "discoveries.jsonl"
    if not path.exists():
        return None
    try:
        rows = _read(path)
        if not rows or rows[0].get("schema") != SCHEMA:
            raise ValueError(f"schema {rows[0].get('schema') if rows else None!r}, expected {SCHEMA!r}")
        found = [_discovery(row) for row in rows[1:] if "promoted" not in row]
        promoted = {str(row["promoted"]): str(row["draft"]) for row in rows[1:] if "promoted" in row}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LogError(f"{path} is damaged or of another version ({error}); scan again with `commonweal discover`") from error
    return tuple(found), promoted


def _discovery(row: _Json) -> Discovery:
    trials = cast("list[list[object]]", row["trials"])
    keys = tuple((str(part), int(str(cell)), int(str(seed))) for part, cell, seed in trials)
    cells = tuple(int(str(cell)) for cell in cast("list[object]", row["cells"]))
    words = {name: str(row[name]) for name in ("id", "kind", "part", "reading", "feature", "words")}
    numbers = {name: float(str(row[name])) for name in ("score", "threshold", "share")}
    return Discovery(
        words["id"],
        words["kind"],
        words["part"],
        cells,
        keys,
        words["reading"],
        words["feature"],
        words["words"],
        numbers["score"],
        numbers["threshold"],
        numbers["share"],
    )


def promote(directory: Path, name: str) -> Path:
    """Write the draft of a lock for a study that tests a proposal on fresh seeds, and note it in the log.

    Args:
        directory: the run's folder.
        name: id of the proposal, as `D1`.

    Returns:
        The draft, `NAME.lock-draft.json` in the run's folder.

    Raises:
        StudyError: there is no such proposal, or it was promoted before.
        LogError: the log is missing or damaged, or the draft cannot be written.
    """
    directory = Path(directory)
    known = read_discoveries(directory)
    if known is None:
        raise LogError(f"{directory} was not scanned; run `commonweal discover {directory}` first")
    found = next((one for one in known[0] if one.id == name), None)
    if found is None:
        names = ", ".join(one.id for one in known[0]) or "none: the scan proposed nothing"
        raise StudyError(f"there is no discovery {name!r} in {directory}; there are {names}")
    path = directory / f"{found.id}.lock-draft.json"
    log = directory / "discoveries.jsonl"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(json.dumps(_draft(found, read_plan(directory), _head(log)), indent=1, sort_keys=True) + "\n")
    except FileExistsError as error:
        raise StudyError(f"{path} is there already: {found.id} was promoted before; write the study that tests it") from error
    except OSError as error:
        raise LogError(f"{path} cannot be written: {error}; make room or a writable folder") from error
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    _write(log, [*_read(log), {"promoted": found.id, "draft": path.name, "written": now}])
    return path


def _draft(found: Discovery, plan: Plan, head: _Json) -> _Json:
    """What a confirmatory study needs, as far as it follows from the proposal."""
    part = plan.part(found.part)
    cells = [cell for cell in part.cells if cell.cell in found.cells]
    odd = len(found.trials) if found.kind == "trials" else 0
    hope = None if not odd else math.ceil(math.log(0.05) / math.log1p(-min(found.share, 0.999)))
    return {
        "schema": DRAFT_SCHEMA,
        "study": {
            "name": f"{plan.name}-{found.id.lower()}",
            "question": f"Is it so again, on fresh seeds: {found.words}",
            "hypotheses": [found.words],
        },
        "proposed": {"run": plan.name, "plan": plan.digest, **asdict(found)},
        "estimand": {
            "unit": "trial",
            "reading": found.reading,
            "feature": found.feature,
            "threshold": found.threshold,
            "what": (
                "share of trials beyond the threshold, in robust deviations from the cell's median"
                if found.kind == "trials"
                else "ratio of the cell's spread to that of the other cells, beyond the threshold"
            ),
        },
        "design": {
            "part": part.name,
            "ticks": part.ticks,
            "cells": [{"cell": cell.cell, "levels": dict(cell.levels)} for cell in cells],
            "trials_to_see_one_again": hope,
        },
        "seeds": {
            "used_up": {str(cell.cell): list(cell.seeds) for cell in part.cells},
            "of_study": plan.name,
            "logs": head.get("log_digest"),
            "fresh": (
                f"a study of another name draws anew (`{plan.name}-{found.id.lower()}`): a trial's draws follow from study, "
                "part and seed; under the same name, seeds must begin after the used ones"
            ),
        },
        "next": "write the study in a Python file, then `commonweal lock FILE.py`: only that is a registration",
    }


def _head(path: Path) -> _Json:
    rows = _read(path)
    return rows[0] if rows else {}


def _read(path: Path) -> list[_Json]:
    try:
        return [cast("_Json", json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise LogError(f"{path} cannot be read ({error}); move it away and scan again with `commonweal discover`") from error


def _write(path: Path, rows: list[_Json]) -> None:
    scratch = path.with_suffix(".jsonl.part")
    try:
        scratch.write_text("".join(json.dumps(row, sort_keys=True) + "\n" for row in rows), encoding="utf-8")
        os.replace(scratch, path)
    except OSError as error:
        raise LogError(f"{path} cannot be written: {error}; make room or a writable folder") from error
