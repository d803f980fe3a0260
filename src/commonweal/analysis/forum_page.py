"""Logs of a forum as a page: what they hold, each metric against its null model, one log or two side by side, their shape."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from commonweal.analysis.drawing import WIDTH, Range, draw_side, draw_text, span_range, wrap_panel
from commonweal.analysis.figures import Figure
from commonweal.analysis.finding import say_number
from commonweal.analysis.forum_report import Card, Curve, Facts, ForumReport, Value
from commonweal.analysis.page import escape_text, write_figure, write_page, write_section, write_table_html, write_warning
from commonweal.core.errors import LogError

_LEFT, _TOP, _HEIGHT = 54.0, 26.0, 180.0
_TONES = ("control", "treatment")
_MARK = "◆"
"""Beside a value that is outside what its null model gives."""


def write_forum_page(report: ForumReport, directory: Path) -> Path:
    """Write `report.html`; the file is replaced whole or not at all.

    Args:
        report: what was measured.
        directory: the folder.

    Raises:
        LogError: the page cannot be written.
    """
    names = [log.name for log in report.logs]
    title = " and ".join(names)
    head = (
        f'<header><div class="study">commonweal posts</div><h1>{escape_text(title, 200)}</h1>'
        f'<p class="answer">{escape_text(_answer(report))}</p>{_warn(report)}</header>'
    )
    body = "\n".join(
        (
            head,
            write_section("What was read", _write_facts(report)),
            write_section("Metrics", _write_values(report)),
            write_section("Shape", _write_shapes(report)),
            write_section("What was measured", _write_cards(report)),
            write_section("How", _write_method(report)),
        )
    )
    path = directory / "report.html"
    scratch = path.with_suffix(".html.part")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        scratch.write_text(write_page(f"Posts: {title}", body), encoding="utf-8")
        os.replace(scratch, path)
    except OSError as error:
        raise LogError(f"{path}: cannot be written ({error.strerror}). Make room or choose another folder.") from error
    return path


def _answer(report: ForumReport) -> str:
    if not report.cards:
        return "No metric of posts is installed: there is nothing to say but what the logs hold."
    said: list[str] = []
    for at, log in enumerate(report.logs):
        known = [row[at] for row in report.values if math.isfinite(row[at].value)]
        tested = [value for value in known if value.span is not None]
        words = f"{log.name}: {len(known)} of {len(report.cards)} metrics have a value"
        if tested:
            words += f", {sum(value.outside for value in tested)} of {len(tested)} outside what their null models give"
        said.append(words + ".")
    return " ".join(said)


def _warn(report: ForumReport) -> str:
    made_up = [log.name for log in report.logs if "synthetic" in log.source]
    return write_warning(f"Synthetic. {' and '.join(made_up)}: made up by a program; nobody wrote it.") if made_up else ""


def _write_facts(report: ForumReport) -> str:
    rows = [(name, *(_count(log, name) for log in report.logs)) for name in report.logs[0].counts if any(_has(report, name))]
    numbers = frozenset(range(1, len(report.logs) + 1))
    table = write_table_html(("", *(log.name for log in report.logs)), rows, numbers)
    said = "".join(_write_reading(log) for log in report.logs)
    return table + said


def _has(report: ForumReport, name: str) -> list[bool]:
    return [log.counts.get(name, 0) > 0 for log in report.logs]


def _count(log: Facts, name: str) -> str:
    count = log.counts.get(name, 0)
    return f"{count:,}" if count else "none"


def _write_reading(log: Facts) -> str:
    """How a log came to be: what was left out, and what else a reader must know."""
    rows = [(reason, f"{count:,}") for reason, count in log.left_out]
    left = (
        write_table_html(("rows left out, for they have", "rows"), rows, frozenset({1}))
        if rows
        else "<p>No row was left out.</p>"
    )
    told = "".join(f"<li>{escape_text(own)}</li>" for own in log.told)
    more = f"<details><summary>How {escape_text(log.name)} was read</summary><ul>{told}</ul></details>" if told else ""
    return f"<h3>{escape_text(log.name)}</h3><p>{escape_text(log.source[:1].upper() + log.source[1:])}.</p>{left}{more}"


def _write_values(report: ForumReport) -> str:
    if not report.cards:
        return "<p>No metric of posts is installed.</p>"
    head = ["metric"]
    for log in report.logs:
        head += [log.name if len(report.logs) > 1 else "value", "null model"]
    rows = [
        (
            card.name if card.unit == "1" else f"{card.name} ({card.unit})",
            *(cell for value in values for cell in _say(value)),
            card.published.value or "\u2014",
        )
        for card, values in zip(report.cards, report.values, strict=True)
    ]
    table = write_table_html((*head, "published"), rows, frozenset(range(1, len(head) + 1)))
    if report.shuffles:
        note = (
            f"Null models: mean, and the middle 95 % of {report.shuffles} shuffled logs. {_MARK}: outside it. "
            "About one metric in twenty is outside by chance alone. "
        )
    else:
        note = "No logs were shuffled (--shuffles 0): whether a value is more than chance is not said. "
    note += "Published: of Moltbook, by other definitions on other days, as notes on the papers have it; which, see below."
    return f"{table}<p class=meta>{escape_text(note)}</p>"


def _say(value: Value) -> tuple[str, str]:
    if not math.isfinite(value.value):
        return "none", "\u2014"
    words = f"{_number(value.value)}{' ' + _MARK if value.outside else ''}"
    if value.span is None:
        return words, "\u2014"
    mean, low, high = value.span
    return words, f"{_number(mean)} ({_number(low)} to {_number(high)})"


def _number(value: float) -> str:
    """Three decimals where two would hide a small value."""
    return f"{value:.3f}".replace("-", "\u2212") if 0.0005 <= abs(value) < 1 else say_number(value)


def _write_cards(report: ForumReport) -> str:
    rows = [(card.name, card.words, _sentence(card.null), card.source, _published(card)) for card in report.cards]
    if not rows:
        return ""
    table = write_table_html(("metric", "what it is", "its null model", "source", "published of Moltbook"), rows, frozenset())
    return f"<details><summary>Metric by metric</summary>{table}</details>"


def _published(card: Card) -> str:
    own = card.published
    return f"{own.value} ({own.source})" if own.value else "nothing that is known here"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _write_method(report: ForumReport) -> str:
    def seconds(card: Card, values: Sequence[Value]) -> tuple[str, ...]:
        cells = [f"{own:.2f}" for value in values for own in (value.seconds, value.null_seconds)]
        return (card.name, *cells)

    rows = [seconds(card, values) for card, values in zip(report.cards, report.values, strict=True)]
    head = ["metric"]
    for log in report.logs:
        own = f"{log.name}: " if len(report.logs) > 1 else ""
        head += [f"{own}measuring, s", "shuffled logs, s"]
    spent = sum(value.seconds + value.null_seconds for values in report.values for value in values)
    table = write_table_html(head, rows, frozenset(range(1, len(head)))) if rows else ""
    skipped = "".join(f"<p>Not measured: {escape_text(words)}.</p>" for words in report.skipped)
    words = (
        f"Every metric of posts in the catalogue at its defaults; {report.shuffles} shuffled logs each, seed {report.seed}. "
        f"Measuring took {spent:,.1f} s."
    )
    fold = f"<details><summary>Seconds, metric by metric</summary>{table}</details>" if table else ""
    return f"<p>{escape_text(words)}</p>{fold}{skipped}"


@dataclass(frozen=True)
class _Axis:
    """One axis of a panel."""

    name: str
    values: tuple[float, ...]
    log: bool = False

    def scale(self, start: float, end: float) -> tuple[Callable[[float], float], list[tuple[float, str]]]:
        """Where values lie between `start` and `end`, and the places and words of ticks."""
        if not self.log:
            span = span_range(self.values, 0.0)
            return lambda x: span.place(x, start, end), [(tick, _tick(tick)) for tick in span.ticks()]
        low, high = min(self.values), max(self.values)
        span = Range(math.log10(low), math.log10(high if high > low else 10 * low))
        first, last = math.ceil(span.low - 1e-9), math.floor(span.high + 1e-9)
        powers = range(first, last + 1, max(1, (last - first) // 4 + ((last - first) % 4 > 0)))
        return lambda x: span.place(math.log10(x), start, end), [(10.0**power, _tick(10.0**power)) for power in powers]


def _tick(value: float) -> str:
    if value and not 1e-3 <= abs(value) < 1e5:
        return f"1e{round(math.log10(value))}".replace("-", "\u2212")
    return f"{value:,.10g}"


def _write_shapes(report: ForumReport) -> str:
    shapes = (
        ("Posts and comments a day", _Axis("day", ()), _Axis("share of all", ()), [log.days for log in report.logs]),
        (
            "Scores of 1 and more",
            _Axis("score", (), True),
            _Axis("share with at least it", (), True),
            [log.scores for log in report.logs],
        ),
        (
            "Gaps between an author's posts",
            _Axis("days", (), True),
            _Axis("share that are shorter", ()),
            [log.gaps for log in report.logs],
        ),
        (
            "Depth of comments",
            _Axis("replies to the top", ()),
            _Axis("share of comments", (), True),
            [log.depths for log in report.logs],
        ),
    )
    panels: list[str] = []
    missing: list[str] = []
    for title, x, y, curves in shapes:
        drawn = _draw(title, x, y, curves)
        if drawn:
            panels.append(drawn)
        else:
            missing.append(title[:1].lower() + title[1:])
    legend = "".join(
        f'<span class="key {tone}">{escape(log.name)}</span>' for tone, log in zip(_TONES, report.logs, strict=False)
    )
    gone = f" Not drawn, for no log has any: {', '.join(missing)}." if missing else ""
    caption = f"A day is a day of the dump; of a simulation, what its log says is one.{gone}"
    return write_figure(Figure(tuple(panels), legend, caption), "Shape of the logs.") if panels else f"<p>{escape(gone)}</p>"


def _draw(title: str, x_axis: _Axis, y_axis: _Axis, curves: Sequence[Curve]) -> str:
    """A panel of lines; empty where no log has one."""
    shown = [
        [(x, y) for x, y in zip(curve.x, curve.y, strict=True) if not (y_axis.log and y <= 0) and not (x_axis.log and x <= 0)]
        for curve in curves
    ]
    if not any(shown):
        return ""
    foot = _TOP + _HEIGHT
    every = [point for points in shown for point in points]
    x, x_ticks = _Axis(x_axis.name, tuple(p[0] for p in every), x_axis.log).scale(_LEFT + 8, WIDTH - 14)
    y, y_ticks = _Axis(y_axis.name, tuple(p[1] for p in every), y_axis.log).scale(foot - 6, _TOP + 8)
    drawn = [draw_text(_LEFT, 15, title, "head", "start")]
    for tick, words in y_ticks:
        drawn.append(f'<path d="M{_LEFT:.1f} {y(tick):.1f}H{WIDTH - 4}" class="grid"/>')
        drawn.append(draw_text(_LEFT - 6, y(tick) + 4, words, "tick", "end"))
    for points, tone in zip(shown, _TONES, strict=False):
        path = "L".join(f"{x(a):.1f} {y(b):.1f}" for a, b in points)
        if path:
            drawn.append(f'<path d="M{path}h0" class="course {tone}"/>')
        if len(points) <= 20:
            drawn += [f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="2.6" style="fill:var(--{tone})"/>' for a, b in points]
    drawn += [draw_text(x(tick), foot + 15, words, "tick") for tick, words in x_ticks]
    drawn.append(draw_text(_LEFT + (WIDTH - _LEFT) / 2, foot + 31, x_axis.name, "axis"))
    drawn.append(draw_side(13, _TOP + _HEIGHT / 2, y_axis.name))
    return wrap_panel(drawn, foot + 38, title)
