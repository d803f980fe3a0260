"""The map of a zoom on a report's page: what all trials show, the cells that were run and why, the region in words."""

from __future__ import annotations

from html import escape

import numpy as np

from commonweal.analysis.boundary import Boundary, Reading
from commonweal.analysis.coverage import locate_cells
from commonweal.analysis.drawing import WIDTH, Range, color_value, draw_scale, draw_side, draw_text, wrap_panel
from commonweal.analysis.figures import Figure
from commonweal.analysis.finding import say_number
from commonweal.analysis.page import escape_text, write_figure, write_table_html, write_warning
from commonweal.analysis.plans import Factor, Part, Plan
from commonweal.statistics.inference import Estimate

_BINS = 20
"""Squares of the drawn surface along each axis."""
_MARKS = {"coverage": "covered", "boundary": "searched", "confirm": "confirmed"}


def write_boundary(plan: Plan, part: Part, found: Boundary) -> str:
    """The section of one zoom.

    Args:
        plan: of the run.
        part: the part.
        found: its boundary.
    """
    null = (
        write_warning(f"Null model. Part {part.name} runs on a negative control: its map shows the wording artefact.")
        if found.null_model
        else ""
    )
    place = found.box if found.box == "everywhere" else f"where {found.box}"
    where = f"{found.metric} is above {found.level:g} on average {place}"
    box = (
        f"<p>In words (patient rule induction): {escape_text(where)}. Of that box {found.box_density:.0%} is above the level, "
        f"and it holds {found.box_coverage:.0%} of what is.</p>".replace("%", " %")
        if found.box
        else f"<p>Nowhere in the space is the mean of {escape_text(found.metric)} surely above {found.level:g}.</p>"
    )
    rows = [_row("all cells", found.all), _row("coverage cells alone (control)", found.control)]
    titles = ("map by", "share of the space above the level", "95 % interval", "cells", "trials", "noise of a trial")
    table = write_table_html(titles, rows, frozenset({1, 2, 3, 4, 5}))
    lengths = ", ".join(f"{label} {length:.2g}" for label, length in zip(found.factors, found.all.lengths, strict=True))
    fresh = found.confirmed
    confirmed = (
        f" Fresh seeds on the boundary: mean {say_number(fresh.value)} ({_limits(fresh)}, n = {fresh.n}); a good map has "
        f"{found.level:g} there."
        if fresh.n
        else ""
    )
    agree = f"The two maps agree on {found.overlap:.0%} of what either calls above the level.".replace("%", " %")
    matter = f" Length scales, in lengths of the axis (the shorter, the more it matters): {lengths}."
    words = f"<p class=meta>{escape_text(agree + matter + confirmed)}</p>"
    return null + box + write_figure(draw_boundary(plan, part, found), "Where it flips.") + table + words


def _row(name: str, reading: Reading) -> tuple[str, ...]:
    return (
        name,
        say_number(reading.share.value),
        _limits(reading.share),
        f"{reading.points:,}",
        f"{reading.trials:,}",
        f"{reading.noise:.2g}",
    )


def _limits(estimate: Estimate) -> str:
    return f"{say_number(estimate.low)} to {say_number(estimate.high)}" if estimate.bounded else "none"


def draw_boundary(plan: Plan, part: Part, found: Boundary) -> Figure | None:
    """The two axes that matter most, the chance of being above the level averaged over the rest, and every cell that was run.

    Args:
        plan: of the run.
        part: the part.
        found: its boundary.
    """
    del plan
    if len(found.factors) < 2:
        return None
    first, second = sorted(np.argsort(found.all.lengths)[:2].tolist())
    panels = tuple(
        _draw(part, found, reading, (first, second), title, control)
        for title, reading, control in (("all cells", found.all, False), ("coverage cells alone", found.control, True))
    )
    rest = [label for i, label in enumerate(found.factors) if i not in (first, second)]
    over = f" Averaged over {', '.join(rest)}." if rest else ""
    null = "Null model. " if found.null_model else ""
    caption = (
        f"{null}Chance that the mean of {found.metric} is above {found.level:g}.{over} A mark is a cell that was run: a ring "
        "covers the space, a dot was searched along the boundary, a square was confirmed there with fresh seeds."
    )
    return Figure(panels, draw_scale(f"chance above {found.level:g}", Range(0.0, 1.0)), caption)


def _draw(part: Part, found: Boundary, reading: Reading, axes: tuple[int, int], title: str, control: bool) -> str:
    left, top, size = 58, 26, WIDTH - 58 - 14
    foot = top + size * 0.8
    places, chance = np.array(reading.places), np.array(reading.chance)
    column, row = (np.minimum((places[:, axis] * _BINS).astype(int), _BINS - 1) for axis in axes)
    count = np.zeros((_BINS, _BINS))
    total = np.zeros((_BINS, _BINS))
    np.add.at(count, (row, column), 1.0)
    np.add.at(total, (row, column), chance)
    wide, high = size / _BINS, (foot - top) / _BINS
    drawn = [draw_text(left, 15, title, "head", "start"), '<g shape-rendering="crispEdges">']
    for y in range(_BINS):
        for x in range(_BINS):
            place = (
                f'x="{left + x * wide:.1f}" y="{foot - (y + 1) * high:.1f}" width="{wide + 0.3:.1f}" height="{high + 0.3:.1f}"'
            )
            if count[y, x]:
                drawn.append(f'<rect {place} fill="{color_value(total[y, x] / count[y, x])}"/>')
    drawn.append("</g>")
    points = locate_cells(part.factors, part.cells)[:, list(axes)]
    for (x, y), cell in zip(points.tolist(), part.cells, strict=True):
        kind = _MARKS.get(cell.why, "covered")
        if control and kind != "covered":
            continue
        at = (left + x * size, foot - y * (foot - top))
        hover = f"<title>{escape(', '.join(f'{label} {level}' for label, level in cell.levels.items()))}</title>"
        drawn.append(_mark(kind, at, hover))
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        drawn.append(draw_text(left + share * size, foot + 15, _say(part.factors[axes[0]], share), "tick"))
        drawn.append(draw_text(left - 6, foot - share * (foot - top) + 4, _say(part.factors[axes[1]], share), "tick", "end"))
    drawn.append(draw_text(left + size / 2, foot + 33, found.factors[axes[0]], "axis"))
    drawn.append(draw_side(13, (top + foot) / 2, found.factors[axes[1]]))
    return wrap_panel(drawn, foot + 40, f"{title}: {found.factors[axes[0]]} by {found.factors[axes[1]]}")


def _mark(kind: str, at: tuple[float, float], hover: str) -> str:
    x, y = at
    if kind == "confirmed":
        return f'<rect x="{x - 3.4:.1f}" y="{y - 3.4:.1f}" width="6.8" height="6.8" class="spot confirmed">{hover}</rect>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{3 if kind == "searched" else 2.6}" class="spot {kind}">{hover}</circle>'


def _say(factor: Factor, share: float) -> str:
    """The value at a share of an axis."""
    if factor.low is None or factor.high is None:
        place = min(int(share * len(factor.levels)), len(factor.levels) - 1)
        level = factor.levels[place]
        return level if isinstance(level, str) else f"{level:g}"
    if factor.logarithmic:
        return f"{factor.low * (factor.high / factor.low) ** share:.3g}"
    return f"{factor.low + (factor.high - factor.low) * share:.3g}"
