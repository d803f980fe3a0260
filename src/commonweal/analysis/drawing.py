"""Panels of a figure as inline SVG: colours come from the page's CSS, so one drawing serves light, dark and print.

A panel is about 380 units wide, so that on a phone panels stack at their natural size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeAlias

from commonweal.analysis.lettering import TICK, cut_text, fit_labels, fit_size, measure_text

WIDTH = 380
"""Width of a panel in its own units."""

MOST_POINTS = 800
"""A line is drawn through about as many points, since more than there are pixels only make the file larger."""

Number: TypeAlias = float | None
"""A value, or None where there is none."""

_STOPS = ((0xF4, 0xEC, 0xDA), (0xC9, 0xD9, 0xBE), (0x7F, 0xB8, 0xA8), (0x3A, 0x83, 0x8C), (0x12, 0x47, 0x5A))
_ACROSS, _ALONG = 0.7548776662, 0.5698402910  # steps whose multiples fill the unit square evenly: jitter without chance


@dataclass(frozen=True)
class Interval:
    """A mean with its limits."""

    value: float
    """The mean."""
    low: Number
    """Lower limit, if there is one."""
    high: Number
    """Upper limit, if there is one."""


@dataclass(frozen=True)
class Range:
    """Values that an axis spans."""

    low: float
    """At the foot."""
    high: float
    """At the head."""

    def place(self, value: float, start: float, end: float) -> float:
        """Where a value lies between `start` and `end`."""
        return start + (end - start) * (value - self.low) / ((self.high - self.low) or 1.0)

    def ticks(self) -> list[float]:
        """Three to six round values within the range."""
        span = (self.high - self.low) or 1.0
        step = 10 ** math.floor(math.log10(span / 3))
        step *= next(m for m in (1, 2, 2.5, 5, 10) if span / (step * m) <= 5.001)
        first = math.ceil(self.low / step - 1e-9)
        return [round(i * step, 12) for i in range(first, math.floor(self.high / step + 1e-9) + 1)]


def span_range(values: Sequence[Number], low: Number = None, high: Number = None) -> Range:
    """A range that holds all values, with the given ends where they are known and do not dwarf them; shares keep theirs."""
    known = [value for value in values if value is not None and math.isfinite(value)] or [0.0]
    if low is not None and high is not None and high - low > 1 and max(known) - min(known) < (high - low) / 8:
        known = [*known, 0.0] if low <= 0 <= high else known
        low, high = (min(known), max(known)) if max(known) > min(known) else (low, high)
    least, most = min(known) if low is None else low, max(known) if high is None else high
    if low is None and least > 0 and least < 0.6 * most:
        least = 0.0
    return Range(least, most if most > least else least + 1.0)


@dataclass(frozen=True)
class MapPanel:
    """A heat map of one metric over two factors; rows from the bottom up."""

    title: str
    """Above the panel; may be empty."""
    x_name: str
    """Factor along the foot."""
    y_name: str
    """Factor up the side."""
    x_levels: tuple[str, ...]
    """Its levels."""
    y_levels: tuple[str, ...]
    """Its levels."""
    values: tuple[tuple[Number, ...], ...]
    """Mean of each row and column; None without trials."""
    theory: tuple[tuple[Number, ...], ...]
    """Theory value of each row and column; None where there is none."""
    hover: tuple[tuple[str, ...], ...]
    """Words shown over each cell."""


def color_value(share: float) -> str:
    """The colour of a value at `share` of its range, 0 (pale) to 1 (deep)."""
    place = min(max(share, 0.0), 1.0) * (len(_STOPS) - 1)
    i = min(int(place), len(_STOPS) - 2)
    mixed = (a + (b - a) * (place - i) for a, b in zip(_STOPS[i], _STOPS[i + 1], strict=True))
    return "#" + "".join(f"{round(channel):02x}" for channel in mixed)


def draw_map(panel: MapPanel, span: Range) -> str:
    """A heat map with the value in each cell and a dashed line where theory crosses the middle of the range."""
    top, columns, rows = 26 if panel.title else 8, len(panel.x_levels), len(panel.y_levels)
    left = min(max(58.0, 28 + max(measure_text(level, TICK) for level in panel.y_levels)), 140.0)
    width, height = (WIDTH - left - 6) / columns, min(44.0, max(16.0, 220 / rows))
    foot = top + rows * height
    drawn = [draw_text(left, 15, panel.title, "head", "start")] if panel.title else []
    size = fit_size([_short(value) for row in panel.values for value in row if value is not None], width, height, 10.5)
    for y in range(rows):
        for x in range(columns):
            drawn.append(_draw_cell(panel, span, x, y, (left + x * width, foot - (y + 1) * height, width, height), size))
    drawn.append(_draw_boundary(panel, span, left, foot, width, height))
    drawn += _draw_labels(panel.x_levels, left, width, foot + 15)
    skip = max(1, math.ceil(rows * 11 / (foot - top)))
    drawn += [
        draw_text(left - 6, foot - (y + 0.5) * height + 4, cut_text(level, TICK, left - 28), "tick", "end")
        for y, level in enumerate(panel.y_levels)
        if y % skip == 0
    ]
    drawn.append(draw_text(left + columns * width / 2, foot + 33, panel.x_name, "axis"))
    if panel.y_name:
        drawn.append(draw_side(13, (top + foot) / 2, panel.y_name))
    return wrap_panel(drawn, foot + 40, f"{panel.title} {panel.x_name} by {panel.y_name}")


def _draw_labels(labels: Sequence[str], left: float, width: float, foot: float) -> list[str]:
    """Labels under places that are `width` apart, so written that none meets the next."""
    found = fit_labels(labels, width)
    return [
        draw_text(left + (i + 0.5) * width, foot, cut_text(label, found.size, found.every * width - 2), "tick", size=found.size)
        for i, label in enumerate(labels)
        if i % found.every == 0
    ]


def _draw_cell(panel: MapPanel, span: Range, x: int, y: int, box: tuple[float, float, float, float], size: float | None) -> str:
    """A cell, with its number where numbers of this size fit."""
    value = panel.values[y][x]
    left, top, width, height = box
    hover = f"<title>{escape(panel.hover[y][x])}</title>"
    place = f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}"'
    if value is None:
        return f'<rect {place} class="empty">{hover}</rect>'
    share = span.place(value, 0, 1)
    cell = f'<rect {place} fill="{color_value(share)}" class="cell">{hover}</rect>'
    if size is not None:
        tone = "onpale" if share < 0.6 else "ondeep"
        cell += draw_text(left + width / 2, top + height / 2 + 4, _short(value), tone, size=size)
    return cell


def _draw_boundary(panel: MapPanel, span: Range, left: float, foot: float, width: float, height: float) -> str:
    middle, steps = (span.low + span.high) / 2, list[str]()

    def side(y: int, x: int) -> bool | None:
        inside = y < len(panel.y_levels) and x < len(panel.x_levels)
        value = panel.theory[y][x] if inside else None
        return None if value is None else value >= middle

    for y in range(len(panel.y_levels)):
        for x in range(len(panel.x_levels)):
            here, right, above = side(y, x), side(y, x + 1), side(y + 1, x)
            if here is not None and right is not None and here != right:
                steps.append(f"M{left + (x + 1) * width:.1f} {foot - y * height:.1f}v{-height:.1f}")
            if here is not None and above is not None and here != above:
                steps.append(f"M{left + x * width:.1f} {foot - (y + 1) * height:.1f}h{width:.1f}")
    path = "".join(steps)
    return f'<path d="{path}" class="halo"/><path d="{path}" class="theory"/>' if path else ""


@dataclass(frozen=True)
class DotColumn:
    """The trials of one arm."""

    label: str
    """Under the column."""
    values: tuple[float, ...]
    """One value a trial."""
    mean: Interval | None
    """Their mean with its interval."""
    tone: str
    """CSS class of its colour: `control`, `treatment` or `other`."""


def draw_dots(title: str, y_name: str, columns: Sequence[DotColumn], span: Range, spread: bool) -> str:
    """Every trial as a dot, side by side in columns, with each column's mean and interval beside the dots.

    Args:
        title: Above the panel.
        y_name: Up the side.
        columns: The arms.
        span: Range of the metric.
        spread: Whether dots are moved a little up and down too, since the metric takes few values.
    """
    frame, drawn = _frame(title, y_name, span, 240)
    left, foot = frame.left, frame.foot
    width = (WIDTH - left - 6) / max(len(columns), 1)
    for i, column in enumerate(columns):
        middle, steps = left + (i + 0.5) * width, list[str]()
        room = width * 0.5 * min(1.0, (len(column.values) - 1) / 8)  # few dots stay close to the middle
        shift = 0.07 * (spread and len(column.values) > 1)
        for j, value in enumerate(column.values):
            x = middle - width * 0.08 + ((j * _ACROSS) % 1 - 0.5) * room
            y = frame.level(value) + ((j * _ALONG) % 1 - 0.5) * shift * 240
            steps.append(f"M{x:.1f} {y:.1f}h0")
        hover = f"<title>{escape(column.label)}: {len(column.values):,} trials</title>"
        size = 6 if len(column.values) <= 60 else 3.4 if len(column.values) <= 600 else 1.8
        drawn.append(f'<path d="{"".join(steps)}" class="dots {column.tone}" stroke-width="{size}">{hover}</path>')
        if column.mean is not None:
            drawn.append(_whisker(middle + width * 0.32, column.mean, frame, f"{column.label}: "))
    drawn += _draw_labels([column.label for column in columns], left, width, foot + 16)
    counts = [f"n = {len(column.values):,}" for column in columns]
    if (size := fit_size(counts, width, 12, 10.0)) is not None:
        drawn += [draw_text(left + (i + 0.5) * width, foot + 30, n, "small", size=size) for i, n in enumerate(counts)]
    return wrap_panel(drawn, foot + 36, f"{title} {y_name}, trial by trial")


@dataclass(frozen=True)
class ProfilePoint:
    """One cell on a profile."""

    x: str
    """Its level of the factor along the foot."""
    mean: Interval | None
    """What the trials gave."""
    theory: Number
    """What theory says."""


def draw_profile(title: str, x_name: str, y_name: str, points: Sequence[ProfilePoint], span: Range) -> str:
    """Means with intervals along a factor, and the theory values as bars that they should meet."""
    frame, drawn = _frame(title, y_name, span, 170)
    left, foot = frame.left, frame.foot
    width = (WIDTH - left - 6) / max(len(points), 1)
    for i, point in enumerate(points):
        middle = left + (i + 0.5) * width
        if point.theory is not None:
            y = frame.level(point.theory)
            hover = f"<title>theory {point.theory:.3g} at {escape(point.x)}</title>"
            drawn.append(f'<path d="M{middle - 0.5 * width:.1f} {y:.1f}h{width:.1f}" class="expected">{hover}</path>')
        if point.mean is not None:
            drawn.append(_whisker(middle, point.mean, frame, f"{x_name} {point.x}: "))
    drawn += _draw_labels([point.x for point in points], left, width, foot + 15)
    drawn.append(draw_text(left + (WIDTH - left) / 2, foot + 31, x_name, "axis"))
    return wrap_panel(drawn, foot + 38, f"{title} theory and simulation")


@dataclass(frozen=True)
class Course:
    """One reading of one trial over its ticks."""

    label: str
    """Shown on hover."""
    values: tuple[int | None, ...]
    """One a tick, or one every `step` ticks; None where there is none, and a gap in the line."""
    tone: str
    """CSS class of its colour: `control`, `treatment` or `other`."""
    marks: tuple[tuple[int, str], ...]
    """Events: tick and words."""
    step: int = 1
    """Ticks from one value to the next."""

    @property
    def known(self) -> tuple[int, ...]:
        """The values that there are; a 0 where there is none at all."""
        return tuple(value for value in self.values if value is not None) or (0,)


def draw_courses(title: str, x_name: str, courses: Sequence[Course]) -> str:
    """Readings over ticks, one line a trial (or agent), with a ring where an event happened."""
    span = span_range([value for course in courses for value in course.known])
    span = Range(min(0.0, span.low), span.high)
    frame, drawn = _frame(title, "", span, 150)
    left, foot = frame.left, frame.foot
    length = max(((len(course.values) - 1) * course.step + 1 for course in courses), default=1)
    ticks = Range(0, max(length - 1, 1))

    def place(course: Course, i: int) -> tuple[float, float] | None:
        value = course.values[i]
        return None if value is None else (ticks.place(i * course.step, left + 4, WIDTH - 8), frame.level(value))

    for course in courses:
        shown = range(0, len(course.values), max(1, len(course.values) // MOST_POINTS))
        hover = f"<title>{escape(course.label)}</title>"
        path = _join([place(course, i) for i in shown])
        drawn.append(f'<path d="{path}" class="course {course.tone}">{hover}</path>')
        for tick, words in course.marks:
            at = place(course, tick // course.step) if tick // course.step < len(course.values) else None
            if at is not None:
                hover = f"<title>{escape(words)}</title>"
                ring = f'cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="4.5"'
                drawn.append(f'<circle {ring} class="mark {course.tone}">{hover}</circle>')
    for tick in ticks.ticks():
        if tick == int(tick):
            drawn.append(draw_text(ticks.place(tick, left + 4, WIDTH - 8), foot + 15, f"{tick:,.0f}", "tick"))
    drawn.append(draw_text(left + (WIDTH - left) / 2, foot + 31, x_name, "axis"))
    return wrap_panel(drawn, foot + 38, f"{title} over time")


def _join(places: Sequence[tuple[float, float] | None]) -> str:
    """A path through the places, with a gap where there is none."""
    steps, down = list[str](), False
    for place in places:
        if place is not None:
            # A point between two gaps is drawn as a line of no length, which a round cap makes a dot.
            steps.append(f"{'L' if down else 'M'}{place[0]:.1f} {place[1]:.1f}{'' if down else 'h0'}")
        down = place is not None
    return "".join(steps)


def draw_scale(label: str, span: Range) -> str:
    """The colours of a heat map, from one end of the range to the other."""
    steps = "".join(
        f'<rect x="{i * 6}" y="4" width="6.3" height="11" fill="{color_value((i + 0.5) / 24)}"/>' for i in range(24)
    )
    ends = draw_text(0, 28, _short(span.low), "tick", "start") + draw_text(144, 28, _short(span.high), "tick", "end")
    middle = draw_text(72, 28, label, "tick")
    return f'<svg class="scale" viewBox="0 0 144 32" width="144" height="32" aria-hidden="true">{steps}{ends}{middle}</svg>'


@dataclass(frozen=True)
class _Frame:
    """The room of a panel that has a y axis."""

    span: Range
    left: float
    top: float
    low: float
    foot: float

    def level(self, value: float) -> float:
        """Height of a value."""
        return self.span.place(value, self.low, self.top)


def _frame(title: str, y_name: str, span: Range, height: float) -> tuple[_Frame, list[str]]:
    """The room of a panel, some of it free above and below the range, and its title, grid and axis."""
    widest = max((measure_text(_short(tick), TICK) for tick in span.ticks()), default=0.0)
    left, top = max(50.0, widest + 28) if y_name else max(44.0, widest + 10), 26.0 if title else 8.0
    frame = _Frame(span, left, top + 0.05 * height, top + 0.95 * height, top + height)
    drawn = [draw_text(left, 15, title, "head", "start")] if title else []
    for tick in span.ticks():
        y = frame.level(tick)
        drawn.append(f'<path d="M{left:.1f} {y:.1f}H{WIDTH - 4}" class="grid"/>')
        drawn.append(draw_text(left - 6, y + 4, _short(tick), "tick", "end"))
    if y_name:
        drawn.append(draw_side(13, top + height / 2, y_name))
    return frame, drawn


def _whisker(x: float, mean: Interval, frame: _Frame, label: str) -> str:
    y, span = frame.level(mean.value), frame.span
    words, bar = f"{label}{mean.value:.3g}", ""
    if mean.low is not None and mean.high is not None:
        high, low = (frame.level(min(max(end, span.low), span.high)) for end in (mean.high, mean.low))
        bar = f'<path d="M{x - 3:.1f} {high:.1f}h6m-3 0V{low:.1f}m-3 0h6" class="whisker"/>'
        words += f", interval {mean.low:.3g} to {mean.high:.3g}"
    point = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.4" class="mean"/>'
    return f"<g><title>{escape(words)}</title>{bar}{point}</g>"


def draw_text(x: float, y: float, words: str, style: str, anchor: str = "middle", size: float | None = None) -> str:
    """Words at a place.

    Args:
        x: of the place.
        y: of the place.
        words: plain text.
        style: a class of the page's style sheet.
        anchor: which end of the words stands there.
        size: of the letters, in units of the panel; None: as the class has it.
    """
    own = "" if size is None else f' style="font-size:{size:g}px"'
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}"{own}>{escape(words)}</text>'


def draw_side(x: float, y: float, words: str) -> str:
    """The name of an axis, along the side."""
    turn = f"rotate(-90 {x:.1f} {y:.1f})"
    return f'<text x="{x:.1f}" y="{y:.1f}" class="axis" text-anchor="middle" transform="{turn}">{escape(words)}</text>'


def _short(value: float) -> str:
    """A number in at most five characters or so: `0.37`, `1`, `12.5`, `1,200`."""
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}".rstrip("0").rstrip(".")
    return (text if text not in ("", "-0") else "0").replace("-", "\u2212")


def wrap_panel(drawn: Sequence[str], height: float, label: str) -> str:
    """A panel of these drawings, `WIDTH` wide; `label` is what a screen reader says."""
    return (
        f'<svg class="panel" viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(label.strip())}">'
        + "".join(drawn)
        + "</svg>"
    )
