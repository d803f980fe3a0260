"""A threshold as HTML: every trial along the factor, both curves, and the band in which the crossing lies."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from html import escape

import numpy as np

from commonweal.analysis.contrasts import find_bounds
from commonweal.analysis.drawing import WIDTH, Range, draw_side, draw_text, wrap_panel
from commonweal.analysis.figures import MOST_PANELS, Figure
from commonweal.analysis.page import escape_text, write_figure, write_table_html, write_warning
from commonweal.analysis.plans import Plan, say_level
from commonweal.analysis.threshold import Crossing, Threshold, say_limits, say_place
from commonweal.statistics.inference import Estimate

_LEFT, _TOP, _HEIGHT = 50.0, 26.0, 210.0
_MOST_WORDS = 12
"""Sentences that are printed; the table has all thresholds."""


def write_threshold(plan: Plan, found: Threshold) -> str:
    """The thresholds of one part: a sentence and a panel each, and the table.

    Args:
        plan: of the run.
        found: what `find_threshold` gave.
    """
    mark = "Null model. " if found.null_model else ""
    words = f"Null model. Part {found.part} runs on a negative control: its threshold is one of wording artefacts."
    warning = write_warning(words) if found.null_model else ""
    panels = tuple(_draw(plan, found, crossing) for crossing in found.crossings[:MOST_PANELS])
    cut = f" The first {MOST_PANELS} of {len(found.crossings)} are shown." if len(found.crossings) > MOST_PANELS else ""
    legend = (
        '<span class="key treatment">logistic curve, band of its threshold</span>'
        '<span class="key mean">monotone curve, bar of its threshold</span><span class="key control">trials</span>'
    )
    caption = (
        f"{mark}{found.metric} along {found.factor}. A dot is a value of {found.factor} that was run, larger where several "
        "trials share it; dots of single trials at an end of the scale are moved up and down to be seen. Dashed: "
        f"{found.level:g}. Later trials stand where earlier ones left the crossing open, so dots crowd there.{cut}"
    )
    sentences = "".join(f"<p>{escape_text(sentence)}</p>" for sentence in found.words[:_MOST_WORDS])
    figure = write_figure(Figure(panels, legend, caption), "Threshold.") if panels else ""
    return warning + sentences + figure + _write_table(found)


def _write_table(found: Threshold) -> str:
    rows = [
        (
            ", ".join(f"{label} {say_level(level)}" for label, level in crossing.levels.items()) or "all",
            say_place(crossing.logistic.value) if np.isfinite(crossing.logistic.value) else "not crossed",
            say_limits(crossing.logistic).partition("interval ")[2],
            say_place(crossing.monotone.value) if np.isfinite(crossing.monotone.value) else "not crossed",
            say_limits(crossing.monotone).partition("interval ")[2],
            f"{crossing.trials:,}",
        )
        for crossing in found.crossings
    ]
    head = ("where", "threshold, logistic", "95 % interval", "threshold, monotone", "95 % interval", "trials")
    return write_table_html(head, rows, frozenset({1, 3, 5}))


def _draw(plan: Plan, found: Threshold, own: Crossing) -> str:
    """One panel."""
    bounds = find_bounds(plan.metrics[found.metric])
    assert bounds is not None  # find_threshold refuses a metric without limits
    span = Range(bounds.low, bounds.high)
    along = (math.log(found.low), math.log(found.high)) if found.logarithmic else (found.low, found.high)
    across = Range(*along)

    def x(value: float) -> float:
        return across.place(math.log(value) if found.logarithmic else value, _LEFT + 6, WIDTH - 14)

    def y(value: float) -> float:
        return span.place(value, _TOP + 0.92 * _HEIGHT, _TOP + 0.08 * _HEIGHT)

    foot = _TOP + _HEIGHT
    title = ", ".join(f"{label} {say_level(level)}" for label, level in own.levels.items())
    drawn = [draw_text(_LEFT, 15, title, "head", "start")] if title else []
    for tick in span.ticks():
        drawn.append(f'<path d="M{_LEFT:.1f} {y(tick):.1f}H{WIDTH - 4}" class="grid"/>')
        drawn.append(draw_text(_LEFT - 6, y(tick) + 4, f"{tick:g}".replace("-", "\u2212"), "tick", "end"))
    drawn.append(_draw_band(found, own.logistic, x))
    drawn.append(f'<path d="M{_LEFT:.1f} {y(found.level):.1f}H{WIDTH - 4}" class="theory" style="stroke-width:1"/>')
    drawn += [_draw_point(point.place, point.mean, point.n, i, (x, y), span) for i, point in enumerate(own.points)]
    drawn.append(_draw_steps(own, x, y))
    curve = "L".join(f"{x(place):.1f} {y(mean):.1f}" for place, mean in own.curve)
    drawn.append(f'<path d="M{curve}" class="course treatment" style="stroke-width:2.4"/>')
    drawn.append(_draw_bar(found, own.monotone, x, foot - 5))
    drawn += [draw_text(x(tick), foot + 15, f"{tick:g}".replace("-", "\u2212"), "tick") for tick in _ticks(found, across)]
    drawn.append(draw_text(_LEFT + (WIDTH - _LEFT) / 2, foot + 31, found.factor, "axis"))
    drawn.append(draw_side(13, _TOP + _HEIGHT / 2, found.metric))
    return wrap_panel(drawn, foot + 38, f"{found.metric} along {found.factor} {title}")


def _ticks(found: Threshold, across: Range) -> list[float]:
    """Round values along the foot; powers of ten where they are three or more of a logarithmic range."""
    if not found.logarithmic:
        return across.ticks()
    powers = [10.0**i for i in range(math.ceil(math.log10(found.low) - 1e-9), math.floor(math.log10(found.high) + 1e-9) + 1)]
    return powers if len(powers) > 2 else [found.low, float(f"{math.sqrt(found.low * found.high):.2g}"), found.high]


def _draw_band(found: Threshold, own: Estimate, x: Callable[[float], float]) -> str:
    """The interval over the whole height, and the threshold within; an open side runs to the end of the range."""
    left, right = (x(end) for end in _ends(found, own))
    box = f'x="{left:.1f}" y="{_TOP:.1f}" width="{max(right - left, 0.8):.1f}" height="{_HEIGHT:.1f}"'
    hover = f"<title>{escape(say_limits(own))}</title>"
    band = f'<rect {box} style="fill:var(--treatment);fill-opacity:.15;stroke:none">{hover}</rect>'
    if not np.isfinite(own.value):
        return band
    return f'{band}<path d="M{x(own.value):.1f} {_TOP:.1f}v{_HEIGHT:.1f}" class="course treatment"/>'


def _ends(found: Threshold, own: Estimate) -> tuple[float, float]:
    return (own.low if np.isfinite(own.low) else found.low, own.high if np.isfinite(own.high) else found.high)


def _draw_bar(found: Threshold, own: Estimate, x: Callable[[float], float], height: float) -> str:
    """The interval of the monotone curve as a bar near the foot; an open side has no end mark."""
    low, high = _ends(found, own)
    ends = "".join(f"M{x(end):.1f} {height - 4:.1f}v8" for end in (own.low, own.high) if np.isfinite(end))
    hover = f"<title>{escape('with no shape assumed, ' + say_limits(own))}</title>"
    style = 'style="stroke:var(--ink);stroke-width:1.6"'
    bar = f'<path d="M{x(low):.1f} {height:.1f}H{x(high):.1f}{ends}" class="whisker" {style}>{hover}</path>'
    dot = f'<circle cx="{x(own.value):.1f}" cy="{height:.1f}" r="3" style="fill:var(--ink)"/>' if np.isfinite(own.value) else ""
    return bar + dot


def _draw_steps(own: Crossing, x: Callable[[float], float], y: Callable[[float], float]) -> str:
    """The monotone curve: flat at each value that was run, a rise or fall in the middle between two."""
    places = [x(place) for place, _ in own.steps]
    if not places:
        return ""
    turns = [(a + b) / 2 for a, b in itertools.pairwise(places)]
    path = [f"M{places[0]:.1f} {y(own.steps[0][1]):.1f}"]
    path += [f"H{turn:.1f}V{y(mean):.1f}" for turn, (_, mean) in zip(turns, own.steps[1:], strict=True)]
    style = 'style="stroke:var(--ink);stroke-width:1.1;stroke-opacity:.7"'
    return f'<path d="{"".join(path)}H{places[-1]:.1f}" class="course" {style}/>'


def _draw_point(
    place: float,
    mean: float,
    n: int,
    i: int,
    axes: tuple[Callable[[float], float], Callable[[float], float]],
    span: Range,
) -> str:
    """The trials at one value; single ones at an end of the scale, as 0 and 1 are, are moved a little, without chance."""
    x, y = axes
    shift = ((i * 0.7548776662) % 1 - 0.5) * 0.08 * _HEIGHT if n == 1 and mean in (span.low, span.high) else 0.0
    size = min(2.6 * math.sqrt(n), 7.0)
    hover = f"<title>{escape(f'{place:g}: mean {mean:.3g}, n = {n}')}</title>"
    style = 'style="fill:var(--control);fill-opacity:var(--dot);stroke:none"'
    return f'<circle cx="{x(place):.1f}" cy="{y(mean) + shift:.1f}" r="{size:.1f}" {style}>{hover}</circle>'
