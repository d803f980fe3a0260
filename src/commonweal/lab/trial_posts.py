"""The posts of a compiled trial: its seed is run once more, and what was posted kept, to lie beside a platform's own log.

Source: ours.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import numpy as np

from commonweal.core.errors import LogError, StudyError
from commonweal.core.named import Named
from commonweal.core.posts import PostMetric, Posts
from commonweal.engine.compiled import advance
from commonweal.engine.trial import begin
from commonweal.lab.batches import trial_seed
from commonweal.lab.order import prepare
from commonweal.lab.replay import read_order


class Kept(PostMetric):
    """Keeps the posts of a trial, and measures how many there are."""

    unit: ClassVar[str] = "posts"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = float("inf")
    source: ClassVar[str] = "ours"
    null: ClassVar[str] = "the same number: shuffling takes none away"

    def measure(self, log: Posts) -> float:
        """How many posts and comments there are."""
        return float(len(log))

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """The log itself."""
        return log


def replay_posts(directory: Path, trial: str) -> Posts:
    """The posts of one trial of a run.

    Args:
        directory: the run's folder; its plan says how it was asked for.
        trial: `part/cell/seed`, counted from 0.

    Raises:
        StudyError: there is no such trial, it has language minds or no forum, or the study has changed since.
        LogError: the folder's plan does not say how it was asked for.
    """
    pieces = trial.split("/")
    if len(pieces) != 3 or not pieces[1].isdecimal() or not pieces[2].isdecimal():
        raise StudyError(f"{trial!r} names no trial; expected PART/CELL/SEED, as in forum/0/0")
    name, cell, seed = pieces[0], int(pieces[1]), int(pieces[2])
    try:
        plan = json.loads((directory / "plan.json").read_text())
    except (OSError, ValueError) as error:
        raise LogError(f"{directory} is no run's folder: {error}; name a folder that `commonweal run` wrote") from error
    order = read_order(str(plan.get("order", "")))
    prepared = prepare(order)
    if prepared.plan()["digest"] != plan["digest"]:
        raise StudyError(
            f"study {order.reference!r} has changed since {directory} was run; check out that version to see its posts"
        )
    prepared = prepared.staged(directory)
    part = prepared.study.part(name)
    if part.society.hosted:
        raise StudyError(f"part {name!r} has language minds, whose posts are not said again; its own metrics measured them")
    if cell >= len(part.plan) or seed not in part.seeds_of(cell):
        raise StudyError(f"part {name!r} has {len(part.plan)} cells and {part.seeds} seeds, counted from 0; found {trial}")
    watch, levels = Kept(), part.cells()[cell]
    begun = begin(part.society_of(levels), trial_seed(prepared.study, part, cell, seed), Named.of(("posts", watch)))
    done = advance(begun, part.ticks_of(levels))
    return watch.gather(done.seen, done.texts)
