"""A replication's verdict in words: a published figure beside ours.

Replications are of three kinds: a `re-run` of a published design, a `re-analysis` of published raw data with the trial as unit,
and a `fixture`, a published number that ours must equal.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from commonweal.analysis.fields import Fields
from commonweal.core.errors import LogError
from commonweal.statistics.inference import Estimate


@dataclass(frozen=True)
class Replication:
    """What was published, what we found, and how they compare."""

    kind: str
    """`re-run`, `re-analysis` or `fixture`."""
    source: str
    """Where it was published."""
    published: float
    """The published figure of the primary contrast."""
    low: float
    """Its published lower limit; NaN where none was given."""
    high: float
    """Its published upper limit."""
    ours: Estimate
    """Our primary contrast."""
    verdict: str
    """In words."""


def find_replication(directory: Path, ours: Estimate) -> Replication | None:
    """The verdict of a run's study, where it says that it is a replication.

    Args:
        directory: the run's folder.
        ours: the primary contrast.

    Raises:
        LogError: the plan is damaged.
    """
    try:
        plan = Fields(json.loads((Path(directory) / "plan.json").read_text(encoding="utf-8")), "plan.json")
    except (OSError, ValueError) as error:
        raise LogError(f"{directory}: its plan cannot be read ({error}). Plan the study again into a new folder.") from error
    study = plan.inner("study")
    if not study.raw.get("replication"):
        return None
    fields = study.inner("replication")
    nan = float("nan")
    low, high = (number if (number := fields.optional_number(name)) is not None else nan for name in ("low", "high"))
    kind, published = fields.text("kind"), fields.number("published")
    return Replication(kind, fields.text("source"), published, low, high, ours, judge_replication(kind, published, ours))


def judge_replication(kind: str, published: float, ours: Estimate) -> str:
    """The verdict: is the published figure inside our interval, and if not, is at least its sign found?

    Args:
        kind: of the replication; a fixture must be met to 1e-6 or lie inside the interval.
        published: the published figure.
        ours: our estimate.

    Source: the verdicts of the Open Science Collaboration, Science 349 (2015), by interval and by sign.
    """
    if not ours.n:
        return "not run yet"
    if kind == "fixture" and abs(ours.value - published) <= 1e-6 * max(1.0, abs(published)):
        return "replicated exactly"
    if not ours.bounded:
        return "undecided: ours has no interval"
    if ours.low <= published <= ours.high:
        return "replicated: the published figure lies inside our interval"
    if ours.low > 0 < published or ours.high < 0 > published:
        return "same direction, another size: the published figure lies outside our interval"
    if ours.low <= 0 <= ours.high:
        return "not replicated: our interval holds 0 and not the published figure"
    return "reversed: our interval lies on the other side of 0"
