"""A ladder as HTML: means over sizes, the averaged laws with their band, and the held-out size beside its prediction."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape

from commonweal.analysis.contrasts import find_bounds
from commonweal.analysis.drawing import WIDTH, Range, span_range
from commonweal.analysis.figures import MOST_PANELS, Figure
from commonweal.analysis.finding import say_number
from commonweal.analysis.ladder import HeldOut, Ladder, Rail
from commonweal.analysis.page import escape_text, write_figure, write_section, write_table_html, write_warning
from commonweal.analysis.plans import Level, Plan, say_level
from commonweal.statistics.inference import Estimate

_LEFT, _TOP, _HEIGHT = 50.0, 26.0, 190.0


def write_ladder(plan: Plan, ladder: Ladder) -> str:
    """A section of a page: plot, predictions hit and missed, laws, and what the method was worth on smaller sizes.

    Args:
        plan: of the run.
        ladder: what `find_ladder` gave.
    """
    warning = ""
    if ladder.null_model:
        words = f"Null model. Part {ladder.part} runs on a negative control: its ladder is one of wording artefacts."
        warning = write_warning(words)
    panels = tuple(_draw(plan, ladder, rail) for rail in ladder.rails[:MOST_PANELS])
    legend = (
        '<span class="key mean">run before the prediction</span><span class="key treatment">predicted, then run</span>'
        '<span class="key control">missed</span>'
    )
    cut = f" The first {MOST_PANELS} of {len(ladder.rails)} are shown." if len(ladder.rails) > MOST_PANELS else ""
    mark = "Null model. " if ladder.null_model else ""
    caption = (
        f"{mark}Mean {ladder.metric} over {ladder.factor}, with 95 % intervals over trials. Band: the averaged laws, for "
        f"the mean of one cell's trials. Open bar: the prediction as written before its size was run; dot: what came.{cut}"
    )
    figure = write_figure(Figure(panels, legend, caption), "Ladder.") if panels else ""
    return write_section(
        f"Ladder of {ladder.factor}: part {ladder.part}",
        warning,
        f"<p>{escape_text(ladder.words)}</p>",
        figure,
        _write_held(ladder),
        _write_laws(ladder),
        _write_rehearsed(ladder),
    )


def _write_held(ladder: Ladder) -> str:
    rows: list[tuple[str, ...]] = []
    for held in ladder.held:
        verdict = {True: "hit", False: "missed", None: "not judged"}[held.hit]
        came = f"{say_number(held.measured.value)} (n = {held.measured.n})" if held.measured.n else "not run yet"
        again = "yes" if held.reproduced else "no"
        rows.append((_say_levels(held.levels), _say_prediction(held), held.written or "never", came, verdict, again))
    if not rows:
        return f"<p class=meta>The held-out {escape_text(ladder.factor)} is predicted when the smaller ones are finished.</p>"
    head = ("held out", f"predicted, {ladder.level:.0%} interval".replace("%", " %"), "written", "came", "", "reproduced")
    return write_table_html(head, rows, frozenset())


def _say_prediction(held: HeldOut) -> str:
    if held.value is None or held.low is None or held.high is None:
        return f"none: {held.none}"
    return f"{say_number(held.value)} ({say_number(held.low)} to {say_number(held.high)})"


def _say_levels(levels: Mapping[str, Level]) -> str:
    return ", ".join(f"{label} {say_level(level)}" for label, level in levels.items())


def _write_laws(ladder: Ladder) -> str:
    rows = [
        (_say_levels(held.levels), name, formula, f"{weight:.3f}")
        for held in ladder.held
        for name, formula, weight in held.laws
        if weight >= 0.0005
    ]
    if not rows:
        return ""
    table = write_table_html(("held out", "law", "formula", "weight"), rows, frozenset({3}))
    return f"<details><summary>The laws that predicted, and their weights</summary>{table}</details>"


def _write_rehearsed(ladder: Ladder) -> str:
    rows: list[tuple[str, ...]] = []
    hits = 0
    for rail in ladder.rails:
        means = dict(rail.rungs)
        for one in rail.rehearsed:
            mean = means.get(one.size)
            if mean is None:
                continue
            hits += one.covers(mean.value)
            place = ", ".join(filter(None, (_say_levels(rail.levels), f"{ladder.factor} {one.size:g}")))
            interval = f"{say_number(one.low)} to {say_number(one.high)}"
            rows.append((place, interval, say_number(mean.value), "hit" if one.covers(mean.value) else "missed"))
    if not rows:
        return ""
    table = write_table_html(("size", "predicted from the smaller ones", "mean", ""), rows, frozenset({2}))
    words = f"{hits} of {len(rows)} smaller sizes lie where the still smaller ones predict them, reckoned after the run."
    return f"<details><summary>{escape_text(words)}</summary>{table}</details>"


def _draw(plan: Plan, ladder: Ladder, rail: Rail) -> str:
    """One panel, sizes in the logarithm."""
    bounds = find_bounds(plan.metrics[ladder.metric])
    numbers = [end for _, *ends in rail.path for end in ends]
    numbers += [x for _, mean in rail.rungs for x in (mean.value, mean.low, mean.high)]
    numbers += [x for held in rail.held for x in (held.low, held.high, held.measured.value) if x is not None]
    known = [x for x in numbers if math.isfinite(x)]
    span = span_range(known, bounds.low if bounds else None, bounds.high if bounds else None)
    sizes = sorted({size for size, _ in rail.rungs} | {held.size for held in rail.held} | {row[0] for row in rail.path})
    across = Range(math.log(sizes[0]), math.log(sizes[-1]) + 1e-9) if sizes else Range(0, 1)

    def x(size: float) -> float:
        return across.place(math.log(size), _LEFT + 16, WIDTH - 20)

    def y(value: float) -> float:
        return span.place(min(max(value, span.low), span.high), _TOP + 0.95 * _HEIGHT, _TOP + 0.05 * _HEIGHT)

    title = _say_levels(rail.levels)
    drawn = [_text(_LEFT, 15, title, "head", "start")] if title else []
    for tick in span.ticks():
        drawn.append(f'<path d="M{_LEFT:.1f} {y(tick):.1f}H{WIDTH - 4}" class="grid"/>')
        drawn.append(_text(_LEFT - 6, y(tick) + 4, f"{tick:g}".replace("-", "\u2212"), "tick", "end"))
    drawn.append(_draw_band([(x(size), y(value), y(low), y(high)) for size, value, low, high in rail.path]))
    drawn += [_draw_mean(x(size), mean, y, "mean", f"{ladder.factor} {size:g}") for size, mean in rail.rungs]
    for held in rail.held:
        drawn.append(_draw_held(x(held.size), held, y, f"{ladder.factor} {held.size:g}"))
    marked = [size for size, _ in rail.rungs] + [held.size for held in rail.held]
    every = max(1, math.ceil(len(marked) * 30 / (WIDTH - _LEFT)))
    foot = _TOP + _HEIGHT
    drawn += [_text(x(size), foot + 15, f"{size:,.4g}", "tick") for size in sorted(marked)[::-1][::every]]
    drawn.append(_text(_LEFT + (WIDTH - _LEFT) / 2, foot + 31, ladder.factor, "axis"))
    turn = f"rotate(-90 13 {_TOP + _HEIGHT / 2:.1f})"
    drawn.append(
        f'<text x="13" y="{_TOP + _HEIGHT / 2:.1f}" class="axis" text-anchor="middle" transform="{turn}">'
        f"{escape(ladder.metric)}</text>"
    )
    label = escape(f"{ladder.metric} over {ladder.factor} {title}".strip())
    return f'<svg class="panel" viewBox="0 0 {WIDTH} {foot + 38:.0f}" role="img" aria-label="{label}">{"".join(drawn)}</svg>'


def _text(x: float, y: float, words: str, style: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}">{escape(words)}</text>'


def _draw_band(path: Sequence[tuple[float, float, float, float]]) -> str:
    if not path:
        return ""
    edge = [f"{x:.1f} {high:.1f}" for x, _, _, high in path] + [f"{x:.1f} {low:.1f}" for x, _, low, _ in reversed(path)]
    middle = "L".join(f"{x:.1f} {value:.1f}" for x, value, _, _ in path)
    return (
        f'<path d="M{"L".join(edge)}Z" style="fill:var(--treatment);fill-opacity:.13;stroke:none"/>'
        f'<path d="M{middle}" class="course treatment"/>'
    )


def _draw_mean(x: float, mean: Estimate, y: Callable[[float], float], style: str, label: str) -> str:
    bar = ""
    words = f"{label}: {mean.value:.3g}, n = {mean.n}"
    if mean.bounded:
        low, high = y(mean.low), y(mean.high)
        bar = f'<path d="M{x - 3:.1f} {high:.1f}h6m-3 0V{low:.1f}m-3 0h6" class="whisker"/>'
        words += f", interval {mean.low:.3g} to {mean.high:.3g}"
    return f'<g><title>{escape(words)}</title>{bar}<circle cx="{x:.1f}" cy="{y(mean.value):.1f}" r="3.4" class="{style}"/></g>'


def _draw_held(x: float, held: HeldOut, y: Callable[[float], float], label: str) -> str:
    tone, drawn = "control" if held.hit is False else "treatment", ""
    if held.low is not None and held.high is not None:
        low, high = y(held.low), y(held.high)
        words = f"{label}: predicted {held.low:.3g} to {held.high:.3g}, written {held.written}"
        drawn = (
            f'<rect x="{x - 6:.1f}" y="{high:.1f}" width="12" height="{max(low - high, 1):.1f}" class="{tone}" '
            f'style="fill:none;stroke-width:1.6"><title>{escape(words)}</title></rect>'
        )
    if held.measured.n:
        words = f"{label}: came {held.measured.value:.3g}, n = {held.measured.n}"
        fill = f'style="fill:var(--{tone})"'
        drawn += (
            f'<circle cx="{x:.1f}" cy="{y(held.measured.value):.1f}" r="4.2" {fill}><title>{escape(words)}</title></circle>'
        )
    return drawn
