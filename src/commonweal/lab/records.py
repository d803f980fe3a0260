"""Decisions of earlier trials, from a run's folder, as groups that a record can be taken from: a trial is a group.

Logs hold acts as the world saw them, tick by tick, where a part traced them. What an option is worth on the norm scale stands
in the world's menu; what an amount is worth moves with the world's state, which logs do not hold.

Source: design/002-files-of-a-run.md.
"""

from __future__ import annotations

import json
from pathlib import Path

import equinox as eqx
import numpy as np
from numpy.typing import NDArray

from commonweal.core.errors import LogError, StudyError
from commonweal.core.questions import Choice
from commonweal.core.society import Society
from commonweal.engine.families import without_models
from commonweal.engine.phases import offer
from commonweal.engine.trial import begin
from commonweal.lab.finished import list_finished, read_finished, trial_name
from commonweal.lab.replay import read_order
from commonweal.lab.stages import staged

_offer = eqx.filter_jit(offer)


def groups_of_run(directory: Path, part: str, question: str, cell: int | None = None) -> NDArray[np.float64]:
    """What the seats of a part's finished trials decided, as norm levels: for `Record.of_groups` and `analysis.held_out`.

    Args:
        directory: the run's folder.
        part: whose trials; those without traces are left out.
        question: of the menu; a choice with a norm scale, one answer for all.
        cell: whose trials alone; None: of all cells.

    Returns:
        [g, n, t], a group a trial in (cell, seed) order; NaN where a seat gave no legal answer.

    Raises:
        LogError: the logs cannot be read, or no trial was traced.
        StudyError: the study cannot be had, the question is no such choice, or trials differ in seats.
    """
    plan = json.loads((directory / "plan.json").read_text())
    order = read_order(str(plan.get("order", "")))
    own = staged(order.study(), directory).part(part)
    cells = own.cells()
    found: list[NDArray[np.float64]] = []
    for trial in list_finished(directory, part):
        if cell is not None and trial[1] != cell:
            continue
        finished = read_finished(directory, trial)
        society = own.society_of(cells[trial[1]])
        if not society.hosted and society.digest != finished.log.society_digest:
            raise StudyError(
                f"trial {trial_name(trial)} is of another society than the study's; check out the version that ran it"
            )
        acts, answered = (finished.log.traces.get(f"{what}.{question}") for what in ("act", "answered"))
        if acts is not None and answered is not None:
            serves = _serves(society, question)
            found.append(np.where(answered > 0, serves[np.clip(acts, 0, len(serves) - 1)], np.nan).T)
    if not found:
        raise LogError(
            f"{directory} holds no trial of part {part!r} in which {question!r} was traced; expected some: run the part with "
            'record=("acts",)'
        )
    if len({own.shape for own in found}) != 1:
        raise StudyError(f"trials of part {part!r} differ in seats; expected groups of one size: name a cell")
    return np.stack(found)


def _serves(society: Society, question: str) -> NDArray[np.float64]:
    """The norm level of each answer to a choice."""
    asked = _offer(without_models(society), begin(society, 0).state).menu[question]
    if not isinstance(asked, Choice) or asked.to is not None or asked.serves is None:
        raise StudyError(
            f"{question!r} is not a choice with a norm scale and one answer for all; expected one: what amounts and answers to "
            "each contact are worth cannot be read off a log, write such decisions to a file and use Record.read"
        )
    return np.asarray(asked.serves, np.float64)
