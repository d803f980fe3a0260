"""The discovery log as HTML: what the scan proposed, with the odd trajectories drawn over the others."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from commonweal.analysis.discoveries import read_discoveries
from commonweal.analysis.discovery import Discovery, Trajectories, read_trajectories
from commonweal.analysis.drawing import Course, draw_courses
from commonweal.analysis.figures import Figure
from commonweal.analysis.logs import TrialKey
from commonweal.analysis.page import (
    escape_text,
    write_figure,
    write_page,
    write_section,
    write_table_html,
    write_warning,
)
from commonweal.analysis.plans import Plan, read_plan
from commonweal.analysis.transcript import clean_text
from commonweal.core.errors import LogError

_MOST, _ODD, _OTHERS = 6, 12, 60
_ABOUT = (
    "Proposed by an unsupervised scan of all trajectories. A run in which nothing is odd has any proposal at most 5 times in "
    "100. Each was chosen because it stands out, so its size is no estimate: it is exploratory until a study of its own, "
    "locked before it is run on fresh seeds, finds it again."
)


def write_discovery_page(directory: Path) -> Path:
    """Write `discoveries.html` beside the `discoveries.jsonl` of a run.

    Args:
        directory: the run's folder.

    Raises:
        LogError: the run was not scanned, its files are damaged, or the page cannot be written.
    """
    directory = Path(directory)
    plan = read_plan(directory)
    body = write_discovery_section(directory, plan)
    if not body:
        raise LogError(f"{directory} was not scanned; run `commonweal discover {directory}` first")
    head = f'<header><div class="study">commonweal study · {escape_text(plan.name)}</div><h1>Discovery log</h1></header>'
    path = directory / "discoveries.html"
    scratch = path.with_suffix(".html.part")
    try:
        scratch.write_text(
            write_page(f"{plan.name}: discovery log", head + write_section("What the scan proposed", body)), encoding="utf-8"
        )
        os.replace(scratch, path)
    except OSError as error:
        raise LogError(f"{path}: cannot be written ({error.strerror}). Make room or a writable folder.") from error
    return path


def write_discovery_section(directory: Path, plan: Plan) -> str:
    """The discovery log as blocks of HTML, for a section of a page; empty where the run was not scanned.

    Args:
        directory: the run's folder.
        plan: of the run.

    Raises:
        LogError: the run's files are damaged.
    """
    known = read_discoveries(directory)
    if known is None:
        return ""
    found, promoted = known
    if not found:
        return f"<p>The scan proposed nothing.</p><p class=meta>{escape_text(_ABOUT)}</p>"
    rows = [
        (one.id, one.part, one.words, f"{len(one.trials):,}", f"{one.score:.2f}", promoted.get(one.id, "no")) for one in found
    ]
    head = ("id", "part", "what is odd", "trials", "score", "promoted")
    blocks = [f"<p class=meta>{escape_text(_ABOUT)}</p>", write_table_html(head, rows, frozenset({3, 4}))]
    parts = {one.part: read_trajectories(directory, one.part) for one in found[:_MOST]}
    for one in found[:_MOST]:
        blocks.append(_write_one(one, plan, *parts[one.part]))
    if len(found) > _MOST:
        blocks.append(f"<p class=meta>The first {_MOST} of {len(found)} are drawn.</p>")
    return "".join(blocks)


def _write_one(one: Discovery, plan: Plan, keys: Sequence[TrialKey], readings: Sequence[Trajectories]) -> str:
    part = plan.part(one.part)
    own = next((reading for reading in readings if reading.name == one.reading), None)
    if own is None:
        return ""
    row_of = {key: row for row, key in enumerate(keys)}
    mark = "Null model: this is an artefact of wording, not behaviour of a model. " if part.null_model else ""
    panel = draw_courses(clean_text(one.reading), part.tick_name, _courses(one, row_of, own.values))
    legend = '<span class="key control">odd</span><span class="key other">other trials of these cells</span>'
    caption = f"{mark}{one.words} Score {one.score:.2f}: so many times the limit. Odd ones on top; at most {_OTHERS} others."
    warning = write_warning(f"Null model. Part {one.part} runs on a negative control.") if part.null_model else ""
    return warning + write_figure(Figure((panel,), legend, caption), f"{one.id}.")


def _courses(one: Discovery, row_of: Mapping[TrialKey, int], values: np.ndarray) -> list[Course]:
    """Lines from the back to the front: other trials, then odd ones. An odd cell is drawn over the trials of other cells."""
    odd = [key for key in one.trials if key in row_of]
    chosen = set(odd)
    same = [key for key in row_of if key not in chosen and (one.kind == "cell" or key[1] in one.cells)]
    others = same[:: max(1, -(-len(same) // _OTHERS))]

    def course(key: TrialKey, tone: str) -> Course:
        line = tuple(int(value) for value in values[row_of[key]])
        return Course("/".join(map(str, key)) + (", odd" if tone == "control" else ""), line, tone, ())

    return [course(key, "other") for key in others] + [course(key, "control") for key in odd[:_ODD]]
