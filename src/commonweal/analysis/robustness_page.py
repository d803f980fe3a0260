"""The audit on the page of a report: the specification curve, its axes, the worst case, interaction, being watched, authorship.

Source: the specification curve after U. Simonsohn, J. Simmons and L. Nelson, Nature Human Behaviour 4 (2020).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from commonweal.analysis.drawing import WIDTH, span_range
from commonweal.analysis.figures import Figure
from commonweal.analysis.finding import say_number
from commonweal.analysis.page import escape_text, write_figure, write_pairs, write_table_html, write_warning
from commonweal.analysis.robustness import Robustness
from commonweal.analysis.shifts import Shift
from commonweal.analysis.specifications import COUNTED, Specified

_LEFT, _TOP, _PLOT, _ROW = 102.0, 26.0, 130.0, 13.0
_LABELS = {
    "theorem": "Theorem: theory gives the result, and the simulation agrees with it.",
    "robust": "Robust: the claim survives minds or a norm scale that its author did not choose.",
    "authored": "Authored: the claim rests on what the author of the study chose.",
    "no claim": "No claim is made that could be audited.",
}
_INTERACTION = {
    "yes": "Interaction matters: the outcome moves when it is made meaningless or cut.",
    "no": "Interaction does not matter: no ablation moves the outcome by as much as is of interest.",
    "not told": "Whether interaction matters is not told: no ablation moves the outcome for certain, nor is a move ruled out.",
    "not run": "Whether interaction matters was not tried: there is nothing to shuffle or mute in this society.",
}


def write_robustness(audit: Robustness) -> str:
    """The audit as HTML: sentences, curve and tables.

    Args:
        audit: what was found.
    """
    blocks = [f"<p>{escape_text(sentence)}</p>" for sentence in _sentences(audit)]
    if audit.null_model:
        blocks.insert(0, write_warning("Null model. The audited part stands on a negative control; nothing here is evidence."))
    if audit.cue_flagged:
        blocks.append(
            write_warning(
                "Flagged: minds behave otherwise when they are told that they are watched. The rules are the same; the outcome "
                "moves with the notice alone, so every outcome of this study is one of observed behaviour."
            )
        )
    blocks.append(write_figure(draw_curve(audit), "Specification curve."))
    if audit.claim != "none":
        blocks.append(_write_axes(audit))
    blocks.append(f"<details><summary>all specifications</summary>{_write_specifications(audit)}</details>")
    if audit.shifts or audit.cue:
        blocks.append(f"<h3>How far a change moves the outcome itself</h3>{_write_shifts((*audit.shifts, *audit.cue))}")
    blocks.append(f"<h3>Whose conclusion it is</h3>{_write_list((_LABELS[audit.label], *audit.reasons))}")
    if audit.not_run:
        blocks.append(f"<details><summary>axes that were not run</summary>{write_pairs(audit.not_run)}</details>")
    return "".join(blocks)


def draw_curve(audit: Robustness) -> Figure:
    """The specification curve: estimates in rising order with their intervals, and below what each of them changed.

    Args:
        audit: what was found.
    """
    rows = sorted((own for own in audit.specifications if own.value is not None), key=lambda own: own.value or 0.0)
    axes = list(dict.fromkeys(own.axis for own in audit.specifications))
    values = [value for own in rows for value in (own.low, own.value, own.high)]
    span = span_range([*values, 0.0, audit.headline.value, audit.smallest, None if audit.smallest is None else -audit.smallest])
    foot, step = _TOP + _PLOT, (WIDTH - _LEFT - 8) / max(1, len(rows))

    def level(value: float) -> float:
        return span.place(value, foot - 4, _TOP + 4)

    drawn = [_text(_LEFT, 14, f"difference in {audit.metric}", "small", "start")]
    for tick in span.ticks():
        drawn.append(f'<path d="M{_LEFT:.1f} {level(tick):.1f}H{WIDTH - 4}" class="grid"/>')
        drawn.append(_text(_LEFT - 6, level(tick) + 4, say_number(tick), "tick", "end"))
    drawn.append(f'<path d="M{_LEFT:.1f} {level(0.0):.1f}H{WIDTH - 4}" class="course other"/>')
    if audit.headline.value is not None:
        drawn.append(f'<path d="M{_LEFT:.1f} {level(audit.headline.value):.1f}H{WIDTH - 4}" class="theory"/>')
    for at, axis in enumerate(axes):
        drawn.append(_text(_LEFT - 6, foot + 20 + at * _ROW, axis, "tick", "end"))
        drawn.append(f'<path d="M{_LEFT:.1f} {foot + 16 + at * _ROW:.1f}H{WIDTH - 4}" class="grid"/>')
    for at, own in enumerate(rows):
        x = _LEFT + (at + 0.5) * step
        drawn.append(_mark(own, x, level, foot + 16 + axes.index(own.axis) * _ROW, own == audit.worst))
    height = foot + 24 + len(axes) * _ROW
    size = f'class="panel" viewBox="0 0 {WIDTH} {height:.0f}"'
    svg = f'<svg {size} role="img" aria-label="specification curve">{"".join(drawn)}</svg>'
    return Figure((svg,), "", _caption(audit, rows))


def _mark(own: Specified, x: float, level: Callable[[float], float], dot: float, worst: bool) -> str:
    """A specification: its estimate with its interval, and a dot in the row of its axis."""

    colour = "treatment" if own.verdict == "holds" else "control" if own.group in COUNTED else "other"
    value = own.value or 0.0
    bar = ""
    if own.low is not None and own.high is not None:
        bar = f'<path d="M{x:.1f} {level(own.high):.1f}V{level(own.low):.1f}" class="course {colour}"/>'
    words = f"{own.axis}: {own.what}: {_say_estimate(own)}; {own.verdict}"
    shape = f'<circle cx="{x:.1f}" cy="{level(value):.1f}" r="2.6" class="mark {colour}"/>'
    row = f'<circle cx="{x:.1f}" cy="{dot:.1f}" r="2.6" class="mark {colour}"/>'
    label = ""
    if worst:
        label = _text(x, level(own.high if own.high is not None else value) - 4, "worst", "small")
    return f"<g><title>{escape(words)}</title>{bar}{shape}{row}{label}</g>"


def _caption(audit: Robustness, rows: Sequence[Specified]) -> str:
    mark = "Null model. " if audit.null_model else ""
    level = f"{rows[0].level:.0%}".replace("%", " %") if rows else "95 %"
    return (
        f"{mark}Each column is one specification: the primary contrast with its {level} interval over trials, and below, what "
        "was changed. Blue-green: the claim holds. Red: it does not. Grey: ablations and baselines, in which it need not hold. "
        "Dashed: the estimate as planned."
    )


def _sentences(audit: Robustness) -> list[str]:
    found = [_INTERACTION[audit.interaction]]
    if audit.claim == "none":
        return ["The primary outcome makes no claim, so there is none to audit; estimates are shown all the same.", *found]
    claim = "has no effect that is of interest on" if audit.claim == "no effect" else audit.claim
    first = (
        f"The claim that the treatment {claim} {audit.metric} holds in {audit.held} of {audit.counted} specifications "
        f"({100 * audit.held / max(1, audit.counted):.0f} %)."
    )
    worst = audit.worst
    if worst is not None:
        found.insert(0, f"The worst: {worst.axis}, {worst.what}: {_say_estimate(worst)} ({worst.verdict}).")
    return [first, *found]


def _write_axes(audit: Robustness) -> str:
    rows = [(own.axis, f"{own.held} of {own.count}") for own in audit.axes]
    return write_table_html(("axis", "claim holds in"), rows, frozenset({1}))


def _write_specifications(audit: Robustness) -> str:
    rows = [
        (
            own.group,
            own.axis,
            own.what,
            _say_estimate(own),
            f"{own.n:,}",
            own.verdict if own.group in COUNTED else "not counted",
        )
        for own in audit.specifications
    ]
    return write_table_html(("group", "axis", "what was changed", "estimate", "n", "claim"), rows, frozenset({3, 4}))


def _write_shifts(shifts: Sequence[Shift]) -> str:
    rows = [
        (own.axis, own.what, own.arm, _say_interval(own.value, own.low, own.high), "moved" if own.moved else "not told")
        for own in shifts
    ]
    rows = [
        (*row[:4], "too small to matter") if own.small and not own.moved else row for row, own in zip(rows, shifts, strict=True)
    ]
    return write_table_html(("axis", "what was changed", "arm", "shift of the mean", "outcome"), rows, frozenset({3}))


def _write_list(sentences: Sequence[str]) -> str:
    return "".join(f"<p>{escape_text(sentence)}</p>" for sentence in sentences)


def _say_estimate(own: Specified) -> str:
    return _say_interval(own.value, own.low, own.high)


def _say_interval(value: float | None, low: float | None, high: float | None) -> str:
    if value is None or not math.isfinite(value):
        return "no trials"
    ends = "no interval" if low is None or high is None else f"{say_number(low)} to {say_number(high)}"
    return f"{say_number(value, sign=True)} ({ends})"


def _text(x: float, y: float, words: str, style: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}">{escape(words)}</text>'
