"""A replication's verdict in words: a published figure beside ours, and the rows of published tables beside our cells.

Replications are of three kinds: a `re-run` of a published design, a `re-analysis` of published raw data with the trial as unit,
and a `fixture`, a published number that ours must equal.

A row of a published table may stand beside the mean of some of our cells, or beside what a change of one factor does to it.
A figure is met where ours lies within the rounding of the print, or the published figure inside our interval; of a
direction, where our whole interval lies on the published side of 0. A part on a null model gets no verdict, whatever it shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from commonweal.analysis.contrasts import compare_levels, measure, measure_difference
from commonweal.analysis.fields import Fields, read_facts
from commonweal.analysis.plans import Level, Part, Plan, read_level, say_level
from commonweal.analysis.trials import Trials
from commonweal.statistics.inference import Estimate

_NOTHING = Estimate(np.nan, np.nan, np.nan, 0.95, "nothing of ours stands beside it", 0)


@dataclass(frozen=True)
class Beside:
    """One figure of a published row, and ours."""

    metric: str
    """What it is a value of."""
    published: float
    """As published, in the metric's unit."""
    ours: Estimate
    """Of the same cells; without trials where nothing of ours stands beside it."""
    verdict: str
    """`met`, `another size`, `same direction`, `reversed`, `no direction`; empty: none is given."""


@dataclass(frozen=True)
class Row:
    """One published row, and ours."""

    name: str
    """What the published row is of."""
    ours: str
    """Which cells of ours stand beside it, in words; empty: none."""
    figures: tuple[Beside, ...]
    """Its figures, in the order of publication."""
    verdict: str
    """In words, figure by figure; empty: none is given."""
    note: str
    """What a reader must know of the comparison; empty: nothing."""


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
    rows: tuple[Row, ...] = ()
    """Rows of published tables; none: the figure stands alone."""


def find_replication(directory: Path, ours: Estimate, plan: Plan, trials: Trials) -> Replication | None:
    """The verdict of a run's study, where it says that it is a replication.

    Args:
        directory: the run's folder.
        ours: the primary contrast.
        plan: of the run.
        trials: those that estimates rest on.

    Raises:
        LogError: the plan is damaged.
    """
    study = read_facts(directory).inner("study")
    if not study.raw.get("replication"):
        return None
    fields = study.inner("replication")
    nan = float("nan")
    low, high = (number if (number := fields.optional_number(name)) is not None else nan for name in ("low", "high"))
    kind, published = fields.text("kind"), fields.number("published")
    rows = tuple(_find_row(row, plan, trials) for row in (fields.items("rows") if fields.raw.get("rows") else ()))
    return Replication(kind, fields.text("source"), published, low, high, ours, judge_replication(kind, published, ours), rows)


def _find_row(row: Fields, plan: Plan, trials: Trials) -> Row:
    levels, against = _levels(row, "levels"), _levels(row, "against")
    name = row.text("part")
    part = plan.part(name) if name else None
    direction = row.text("compared") == "direction"
    figures: list[Beside] = []
    for figure in row.items("figures"):
        metric, published = figure.text("metric"), figure.number("value")
        ours = _NOTHING if part is None else _measure(plan, part, trials, metric, (levels, against))
        judged = ours.n > 0 and figure.flag("compared") and part is not None and not part.null_model
        verdict = judge_figure(published, ours, figure.number("within"), direction) if judged else ""
        figures.append(Beside(metric, published, ours, verdict))
    found = {verdict: [own.metric for own in figures if own.verdict == verdict] for verdict in (own.verdict for own in figures)}
    words = "; ".join(f"{verdict}: {', '.join(names)}" for verdict, names in found.items() if verdict)
    if part is not None and part.null_model:
        words = "null model: no verdict"
    return Row(
        row.text("name"), "" if part is None else _say_place(part, levels, against), tuple(figures), words, row.text("note")
    )


def _levels(row: Fields, name: str) -> dict[str, Level]:
    """Pairs (label, level) of a row."""
    pairs = [Fields({"pair": pair}, f"{row.place}.{name}").entries("pair") for pair in row.entries(name)]
    return {str(label): read_level(level) for label, level in pairs}


def _say_place(part: Part, levels: Mapping[str, Level], against: Mapping[str, Level]) -> str:
    words = [
        f"{label} {say_level(level)}" + (f" against {say_level(against[label])}" if against and against[label] != level else "")
        for label, level in levels.items()
    ]
    return f"part {part.name}" + (f": {', '.join(words)}" if words else "")


def _measure(
    plan: Plan, part: Part, trials: Trials, metric: str, where: tuple[Mapping[str, Level], Mapping[str, Level]]
) -> Estimate:
    """The mean of a metric in the cells that have these levels, or its difference from those that have the others."""
    levels, against = where
    varied = [label for label in levels if against and against[label] != levels[label]]
    kept = {label: level for label, level in levels.items() if label not in varied}
    cells = [cell.cell for cell in part.cells if all(cell.levels.get(label) == level for label, level in kept.items())]
    own = trials.where((trials.part == part.name) & np.isin(trials.cell, cells))
    card = plan.metrics[metric]
    if not varied:
        values = own.metrics[metric]
        return measure(values, card) if np.isfinite(values).any() else _NOTHING
    (factor,) = varied
    contrast = compare_levels(own, part, metric, factor, (against[factor], levels[factor])).contrast
    return measure_difference(contrast, card) if contrast.treatment.size and contrast.control.size else _NOTHING


def judge_figure(published: float, ours: Estimate, within: float = 0.0, direction: bool = False) -> str:
    """Whether one of our figures comes out as published, in two words.

    Args:
        published: the published figure.
        ours: our estimate.
        within: how much the print rounds.
        direction: whether the sign alone is compared; ours has it where our whole interval does, and where all trials agree.
    """
    known = ours.bounded
    low, high = (ours.low, ours.high) if known else (ours.value, ours.value)
    if direction:
        if low <= 0 <= high:
            return "no direction"
        return "same direction" if (low > 0) == (published > 0) else "reversed"
    slack = within + 1e-6 * max(1.0, abs(published))
    near = abs(ours.value - published) <= slack or (known and low - slack <= published <= high + slack)
    return "met" if near else "another size"


def judge_replication(kind: str, published: float, ours: Estimate) -> str:
    """The verdict: is the published figure inside our interval, and if not, is at least its sign found?

    An interval that is wide enough to hold both the published effect and none says nothing of either.

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
        if published and ours.low <= 0 <= ours.high:
            return "undecided: our interval holds both the published figure and 0"
        return "replicated: the published figure lies inside our interval"
    if ours.low > 0 < published or ours.high < 0 > published:
        return "same direction, another size: the published figure lies outside our interval"
    if ours.low <= 0 <= ours.high:
        return "not replicated: our interval holds 0 and not the published figure"
    return "reversed: our interval lies on the other side of 0"
