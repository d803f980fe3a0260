"""The figures of a report: which trials and cells go into which panel."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np

from commonweal.analysis.contrasts import measure
from commonweal.analysis.drawing import (
    MOST_POINTS,
    Course,
    DotColumn,
    Interval,
    MapPanel,
    Number,
    ProfilePoint,
    Range,
    draw_courses,
    draw_dots,
    draw_map,
    draw_profile,
    draw_scale,
    span_range,
)
from commonweal.analysis.finding import Finding
from commonweal.analysis.logs import TrialKey, read_trial
from commonweal.analysis.plans import Cell, Factor, Level, MetricCard, Part, Plan, say_level
from commonweal.analysis.transcript import choose_readings, clean_text, has_words, list_acts, read_acts
from commonweal.analysis.trials import Trials

Means = Mapping[tuple[str, int, str], Finding]
"""The mean of each metric in each cell, by (part, cell, metric)."""

MOST_PANELS = 12
"""A figure shows at most this many panels, and says what it leaves out."""


@dataclass(frozen=True)
class Figure:
    """Panels with a legend and a caption."""

    panels: tuple[str, ...]
    """Inline SVG."""
    legend: str
    """HTML."""
    caption: str
    """Plain text: what is shown, and what a mark means."""


@dataclass(frozen=True)
class Layout:
    """Which factor goes where; the rest is averaged over."""

    x: Factor
    """Along the foot: of the factors besides the primary, the one with most levels."""
    y: Factor | None
    """Up the side: the primary factor."""
    panel: Factor | None
    """One panel a level."""
    rest: tuple[Factor, ...]
    """Averaged over."""


def choose_layout(part: Part, primary: str) -> Layout | None:
    """Where the factors of a part go, with the factor labelled `primary` up the side; None without factors."""
    varied = sorted((f for f in part.factors if len(f.levels) > 1), key=lambda f: -len(f.levels)) or list(part.factors)
    if not varied:
        return None
    y = next((factor for factor in varied if factor.label == primary), None)
    others = [factor for factor in varied if factor is not y]
    if not others:
        return Layout(varied[0], None, None, ())
    if y is None and len(others) > 1:
        y = others.pop(1)
    return Layout(others[0], y, others[1] if len(others) > 1 else None, tuple(others[2:]))


def _group_cells(part: Part, *factors: Factor | None) -> dict[tuple[Level, ...], list[Cell]]:
    """The cells by their levels of these factors; a factor that is None has the one level ""."""
    groups: dict[tuple[Level, ...], list[Cell]] = {}
    for cell in part.cells:
        key = tuple(cell.levels.get(factor.label, "") if factor else "" for factor in factors)
        groups.setdefault(key, []).append(cell)
    return groups


def _average(numbers: Sequence[Number]) -> Number:
    known = [number for number in numbers if number is not None]
    return sum(known) / len(known) if known else None


def _panel_title(factor: Factor | None, level: Level) -> str:
    return f"{factor.label} {say_level(level)}" if factor is not None else ""


def _note_rest(layout: Layout) -> str:
    return f" Averaged over {', '.join(factor.label for factor in layout.rest)}." if layout.rest else ""


def _metric_range(card: MetricCard, values: Sequence[Number]) -> Range:
    return span_range(values, card.low, card.high)


def draw_phase_map(plan: Plan, part: Part, metric: str, means: Means) -> Figure | None:
    """The metric's mean over two factors, a panel for each level of a third; None where fewer than two factors vary."""
    layout = choose_layout(part, plan.primary.factor)
    if layout is None or layout.y is None:
        return None
    card, has_theory = plan.metrics[metric], metric == plan.primary.metric
    found = {cell.cell: means.get((part.name, cell.cell, metric)) for cell in part.cells}
    span = _metric_range(card, [f.value for f in found.values() if f is not None])
    panels: list[str] = []
    groups = _group_cells(part, layout.panel, layout.y, layout.x)
    levels: tuple[Level, ...] = layout.panel.levels if layout.panel else ("",)
    for level in levels[:MOST_PANELS]:
        grid = [[groups.get((level, y, x), []) for x in layout.x.levels] for y in layout.y.levels]
        values = tuple(tuple(_average([f.value for cell in cells if (f := found[cell.cell])]) for cells in row) for row in grid)
        theory = tuple(
            tuple(_average([cell.theory for cell in cells]) if has_theory else None for cells in row) for row in grid
        )
        hover = tuple(tuple(_say_cells(cells, found, metric) for cells in row) for row in grid)
        names = (tuple(say_level(x) for x in layout.x.levels), tuple(say_level(y) for y in layout.y.levels))
        title = _panel_title(layout.panel, level)
        panels.append(draw_map(MapPanel(title, layout.x.label, layout.y.label, *names, values, theory, hover), span))
    drawn_theory = has_theory and any(cell.theory is not None for cell in part.cells)
    line = f" Dashed: where theory crosses the middle of the range ({plan.theory})." if drawn_theory else ""
    unit = f", in {card.unit}" if card.unit != "1" else ""
    caption = f"Mean {metric}{unit} over the trials of each cell.{line}{_note_rest(layout)}{_note_cut(len(levels))}"
    return Figure(tuple(panels), draw_scale(metric, span), caption)


def _note_cut(panels: int) -> str:
    return f" The first {MOST_PANELS} of {panels} panels are shown." if panels > MOST_PANELS else ""


def _say_cells(cells: Sequence[Cell], found: Mapping[int, Finding | None], metric: str) -> str:
    words: list[str] = []
    for cell in cells[:6]:
        finding = found[cell.cell]
        levels = ", ".join(f"{label} {say_level(level)}" for label, level in cell.levels.items())
        words.append(f"cell {cell.cell}: {levels}\n{_say_finding(finding, metric)}")
    return "\n".join(words) or "not planned"


def _say_finding(finding: Finding | None, metric: str) -> str:
    if finding is None or finding.value is None:
        return "no trials yet"
    interval = f" [{finding.low:.3g}, {finding.high:.3g}]" if finding.low is not None and finding.high is not None else ""
    return f"{metric} {finding.value:.3g}{interval}, n = {finding.n}"


def _interval(finding: Finding | None) -> Interval | None:
    if finding is None or finding.value is None:
        return None
    return Interval(finding.value, finding.low, finding.high)


def draw_arms(plan: Plan, part: Part, metric: str, trials: Trials) -> Figure | None:
    """Every trial as a dot, a column for each level of the primary factor (or of the part's first)."""
    layout = choose_layout(part, plan.primary.factor)
    if layout is None:
        return None
    factor = next((f for f in part.factors if f.label == plan.primary.factor), layout.x)
    card, own = plan.metrics[metric], trials.where(trials.part == part.name)
    values = own.metrics[metric]
    span = _metric_range(card, values[np.isfinite(values)].tolist())
    spread = len(np.unique(values[np.isfinite(values)])) <= max(3, values.size // 20)
    panels: list[str] = []
    groups = _group_cells(part, layout.panel, factor)
    levels: tuple[Level, ...] = layout.panel.levels if layout.panel else ("",)
    for level in levels[:MOST_PANELS]:
        columns: list[DotColumn] = []
        for arm in factor.levels[:MOST_PANELS]:
            cells = [cell.cell for cell in groups.get((level, arm), [])]
            chosen = values[np.isin(own.cell, cells)]
            known = chosen[np.isfinite(chosen)]
            estimate = measure(known, card)
            mean = Interval(estimate.value, _finite(estimate.low), _finite(estimate.high)) if estimate.n else None
            columns.append(DotColumn(say_level(arm), tuple(known.tolist()), mean, _tone(plan, factor, arm)))
        panels.append(draw_dots(_panel_title(layout.panel, level), metric, columns, span, spread))
    moved = " Dots are moved up and down too, since many share a value." if spread else ""
    caption = (
        f"Every trial is one dot, by {factor.label}; dots are moved sideways to be seen.{moved} "
        f"Beside them the mean with its 95 % interval over trials, all other factors pooled.{_note_cut(len(levels))}"
    )
    return Figure(tuple(panels), _legend_arms(plan) if factor.label == plan.primary.factor else "", caption)


def _finite(value: float) -> Number:
    return value if math.isfinite(value) else None


def _tone(plan: Plan, factor: Factor, level: Level) -> str:
    if factor.label != plan.primary.factor:
        return "other"
    return {plan.primary.control: "control", plan.primary.treatment: "treatment"}.get(level, "other")


def _legend_arms(plan: Plan) -> str:
    name = plan.primary.factor
    arms = (("control", plan.primary.control), ("treatment", plan.primary.treatment))
    return "".join(f'<span class="key {tone}">{escape(f"{name} {say_level(level)}")} ({tone})</span>' for tone, level in arms)


def draw_theory(plan: Plan, part: Part, means: Means) -> Figure | None:
    """Theory beside simulation, cell by cell; None where a part has no factors."""
    layout = choose_layout(part, plan.primary.factor)
    metric = plan.primary.metric
    if layout is None or not any(cell.theory is not None for cell in part.cells):
        return None
    card = plan.metrics[metric]
    found = [means.get((part.name, cell.cell, metric)) for cell in part.cells]
    numbers = [cell.theory for cell in part.cells] + [f.value for f in found if f is not None]
    span = _metric_range(card, numbers)
    panels: list[str] = []
    groups = _group_cells(part, layout.panel, layout.y, layout.x)
    tops: tuple[Level, ...] = layout.panel.levels if layout.panel else ("",)
    rows: tuple[Level, ...] = layout.y.levels if layout.y else ("",)
    primary = (plan.primary.control, plan.primary.treatment)
    cut = ""
    if layout.y and layout.y.label == plan.primary.factor and len(rows) * len(tops) > MOST_PANELS:
        rows = tuple(row for row in rows if row in primary)
        cut = f" Of {layout.y.label} the two arms are shown; the phase map has the rest."
    for row in rows:
        for level in tops:
            points: list[ProfilePoint] = []
            for x in layout.x.levels:
                cells = groups.get((level, row, x), [])
                # Over other factors there is no one interval: such a point shows its mean alone.
                own = [means.get((part.name, cell.cell, metric)) for cell in cells]
                value = _average([f.value for f in own if f is not None])
                mean = _interval(own[0]) if len(own) == 1 else None if value is None else Interval(value, None, None)
                points.append(ProfilePoint(say_level(x), mean, _average([cell.theory for cell in cells])))
            title = ", ".join(t for t in (_panel_title(layout.y, row), _panel_title(layout.panel, level)) if t)
            panels.append(draw_profile(title, layout.x.label, metric, points, span))
    compared = [
        cell.theory >= f.low - 1e-9 and cell.theory <= f.high + 1e-9
        for cell, f in zip(part.cells, found, strict=True)
        if cell.theory is not None and f is not None and f.low is not None and f.high is not None
    ]
    inside = f" Of {len(compared)} cells, {sum(compared)} have the theory value inside their 95 % interval."
    caption = f"Bars: theory ({plan.theory}). Dots: mean {metric} over trials, with 95 % interval.{inside}"
    cut += f"{_note_rest(layout)}{_note_cut(len(panels))}"
    legend = '<span class="key expected">theory</span><span class="key mean">simulation</span>'
    return Figure(tuple(panels[:MOST_PANELS]), legend, caption + cut)


def draw_trace(plan: Plan, trials: Trials, directory: Path) -> Figure | None:
    """Readings of one trial of the main part over its ticks, beside those of its pair in the other arm."""
    pair = choose_pair(plan, trials)
    if not pair:
        return None
    part = plan.part(plan.primary.part)
    courses: dict[str, list[Course]] = {}
    for key, tone in pair:
        rows = read_trial(directory, key, range(0))
        marks = tuple(
            (row.tick, f"{clean_text(row.name)} {clean_text(row.text or '', 80)}".strip())
            for row in rows
            if row.kind == "event" and row.tick is not None and row.agent is None
        )[:40]
        for name, values in choose_readings(rows):
            words = f"{'/'.join(str(item) for item in key)}, {tone}"
            courses.setdefault(name, []).append(Course(words, values, tone, marks if name.startswith("world.") else ()))
    # A series of nothing but 0 and 1 (collapsed or not) is what the rings say already; one that never moves says nothing.
    seen = {name: {value for line in lines for value in line.known} for name, lines in courses.items()}
    telling = {name: lines for name, lines in courses.items() if max(seen[name]) > 1 and len(seen[name]) > 1} or courses
    panels = [draw_courses(name, part.tick_name, lines) for name, lines in list(telling.items())[:6]]
    where = next(cell for cell in part.cells if cell.cell == pair[0][0][1])
    levels = ", ".join(f"{k} {say_level(v)}" for k, v in where.levels.items() if k != plan.primary.factor)
    names = " and ".join("/".join(str(item) for item in key) for key, _ in pair)
    caption = (
        f"One seed, both arms: trials {names}{f' ({levels})' if levels else ''}, with the same random draws; an example, "
        "not evidence. A ring marks an event of the trial."
    )
    return Figure(tuple(panels), _legend_arms(plan), caption) if panels else None


def choose_pair(plan: Plan, trials: Trials) -> tuple[tuple[TrialKey, str], ...]:
    """A trial of each arm that differ in nothing else: the pair whose difference is the median of those that differ.

    Where no pair differs, it is the first one; where there is no pair, the first trial of the part.
    """
    primary, part = plan.primary, plan.part(plan.primary.part)
    own = trials.where(trials.part == part.name)
    value = dict(zip(zip(own.cell.tolist(), own.seed.tolist(), strict=True), own.metrics[primary.metric], strict=True))
    partner: dict[tuple[tuple[str, Level], ...], dict[Level, int]] = {}
    for cell in part.cells:
        rest = tuple(sorted((k, v) for k, v in cell.levels.items() if k != primary.factor))
        partner.setdefault(rest, {})[cell.levels[primary.factor]] = cell.cell
    seeds: dict[int, list[int]] = {}
    for cell, seed in value:
        seeds.setdefault(cell, []).append(seed)
    pairs: list[tuple[float, int, int, int]] = []
    for arms in partner.values():
        control, treatment = arms.get(primary.control), arms.get(primary.treatment)
        if control is None or treatment is None:
            continue
        for seed in seeds.get(treatment, []):
            if (control, seed) in value:
                pairs.append((float(value[treatment, seed] - value[control, seed]), control, treatment, seed))
    if not pairs:
        return tuple((((part.name, int(c), int(s)), "other") for c, s in list(value)[:1]))
    differing = sorted(pair for pair in pairs if pair[0]) or pairs[:1]
    _, control, treatment, seed = differing[len(differing) // 2]
    return ((part.name, control, seed), "control"), ((part.name, treatment, seed), "treatment")


def draw_acts(directory: Path, key: TrialKey, part: Part) -> Figure | None:
    """What each agent of one recorded trial did over its ticks; None where its acts make no line of three ticks.

    Args:
        directory: folder of the run.
        key: the trial.
        part: its part.
    """
    length = next((part.ticks_of(cell) for cell in part.cells if cell.cell == key[1]), part.ticks)
    # More points than pixels tell nothing more, and are millions where a trial is long.
    step = max(1, length // MOST_POINTS)
    rows = read_acts(directory, key, range(0, length, step))
    step = 1 if has_words(rows) else step
    acts: dict[str, list[Course]] = {}
    for (question, agent), values in list_acts(rows, step).items():
        if sum(value is not None for value in values) > 2:
            acts.setdefault(question, []).append(Course(f"agent {agent}", values, "other", (), step))
    if not acts:
        return None
    panels = [draw_courses(name, part.tick_name, courses[:40]) for name, courses in list(acts.items())[:4]]
    name = "/".join(str(item) for item in key)
    return Figure(tuple(panels), "", f"What each agent of trial {name} did; a line is one agent (the first 40).")
