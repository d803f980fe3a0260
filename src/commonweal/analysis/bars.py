"""Bars with intervals, lying on their side: a row a factor, room for its whole name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from commonweal.analysis.drawing import WIDTH, Interval, Range

_LEFT, _RIGHT, _BAR = 8.0, WIDTH - 46.0, 9.0


@dataclass(frozen=True)
class Bar:
    """One bar."""

    name: str
    """What it shows, as in `by itself`."""
    size: Interval | None
    """Its length with its limits; None: there is none."""
    tone: str
    """CSS class of its colour: `control`, `treatment` or `other`."""
    floor: float | None = None
    """Where a dashed mark stands: what the bar would be if nothing were going on; None: no mark."""


@dataclass(frozen=True)
class BarRow:
    """Bars under one name."""

    label: str
    """The name."""
    bars: tuple[Bar, ...]
    """From top to bottom."""


def draw_bars(title: str, x_name: str, rows: Sequence[BarRow], span: Range) -> str:
    """Rows of bars from 0, each with its whisker and its value.

    Args:
        title: above the panel; may be empty.
        x_name: along the foot.
        rows: from top to bottom.
        span: of the values; holds 0.
    """
    top = 24.0 if title else 4.0
    heights = [20.0 + (_BAR + 4) * len(row.bars) for row in rows]
    foot = top + sum(heights) + 4
    drawn = [_say(_LEFT, 14, title, "head", "start")] if title else []
    for tick in span.ticks():
        x = span.place(tick, _LEFT, _RIGHT)
        drawn.append(f'<path d="M{x:.1f} {top:.1f}V{foot:.1f}" class="grid"/>')
        drawn.append(_say(x, foot + 14, f"{tick:g}".replace("-", "\u2212"), "tick", "middle"))
    start = top
    for row, height in zip(rows, heights, strict=True):
        drawn.append(_say(_LEFT, start + 13, _shorten(row.label), "tick", "start"))
        for number, bar in enumerate(row.bars):
            drawn.append(_draw(bar, f"{row.label}, {bar.name}", start + 22 + number * (_BAR + 4), span))
        start += height
    drawn.append(_say((_LEFT + _RIGHT) / 2, foot + 30, x_name, "axis", "middle"))
    label = escape(f"{title} {x_name}".strip())
    head = f'<svg class="panel" viewBox="0 0 {WIDTH} {foot + 36:.0f}" role="img" aria-label="{label}">'
    return head + "".join(drawn) + "</svg>"


def _draw(bar: Bar, label: str, y: float, span: Range) -> str:
    if bar.size is None:
        return _say(_LEFT, y + 4, f"{bar.name}: no estimate", "small", "start")
    zero = span.place(0.0, _LEFT, _RIGHT)
    end, low, high = (
        None if value is None else span.place(min(max(value, span.low), span.high), _LEFT, _RIGHT)
        for value in (bar.size.value, bar.size.low, bar.size.high)
    )
    words = f"{label}: {bar.size.value:.3g}"
    drawn = f'<path d="M{zero:.1f} {y:.1f}H{end:.1f}" class="{bar.tone}" stroke-width="{_BAR}"/>'
    if low is not None and high is not None:
        words += f", interval {bar.size.low:.3g} to {bar.size.high:.3g}"
        drawn += f'<path d="M{low:.1f} {y - 3:.1f}v6m0 -3H{high:.1f}m0 -3v6" class="whisker"/>'
    if bar.floor is not None:
        x = span.place(min(max(bar.floor, span.low), span.high), _LEFT, _RIGHT)
        words += f", by the seed alone {bar.floor:.3g}"
        drawn += f'<path d="M{x:.1f} {y - 7:.1f}v14" class="theory"/>'
    drawn += _say(WIDTH - 2, y + 4, f"{bar.size.value:.2f}".replace("-", "\u2212"), "small", "end")
    return f"<g><title>{escape(words)}</title>{drawn}</g>"


def _shorten(words: str) -> str:
    """At most as many letters as a row has room for; the whole name is in the hover and in the table."""
    return words if len(words) <= 58 else f"{words[:57]}\u2026"


def _say(x: float, y: float, words: str, style: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}">{escape(words)}</text>'
