"""The effects of a two-level design on a report: a sentence, bars with intervals, and the table."""

from __future__ import annotations

from commonweal.analysis.bars import Bar, BarRow, draw_bars
from commonweal.analysis.drawing import Interval, span_range
from commonweal.analysis.factorial import Effect, Factorial
from commonweal.analysis.figures import Figure
from commonweal.analysis.finding import Finding, say_number
from commonweal.analysis.page import escape_text, write_figure, write_table_html, write_warning

_ALPHA = 0.05
_SHOWN = 6
"""Interactions that are shown, the largest ones."""
_NULL = (
    "These figures are of a null model. The part's language model is a negative control: what its factors do is an artefact of "
    "wording, not a finding."
)


def write_factorial(found: Factorial) -> str:
    """The section's HTML."""
    mains = sorted((own for own in found.effects if len(own.factors) == 1), key=_size, reverse=True)
    pairs = sorted((own for own in found.effects if len(own.factors) == 2), key=_size, reverse=True)[:_SHOWN]
    rows = [
        BarRow(_name(own), (Bar("effect", _interval(own.finding), "treatment" if len(own.factors) == 1 else "control"),))
        for own in (*mains, *pairs)
    ]
    ends = [end for own in (*mains, *pairs) for end in (own.finding.value, own.finding.low, own.finding.high)]
    levels = "; ".join(f"{label}: {low} to {high}" for label, (low, high) in found.levels.items())
    figure = Figure(
        (draw_bars("", f"change in {found.metric}", rows, span_range(ends, min(0.0, *_known(ends)), None)),),
        '<span class="key treatment">by itself</span><span class="key control">two together, beyond their sum</span>',
        f"What each factor of part {found.part} does to {found.metric} on average over all levels of the others ({levels}), "
        f"and the {len(pairs)} largest of {len(found.effects) - len(mains)} interactions: half of what one does where the "
        f"other is high, less half of what it does where that is low. Lines: {mains[0].finding.level:.0%} intervals, "
        f"{mains[0].finding.method}.".replace("%", " %"),
    )
    table = write_table_html(
        ("factors", "effect", "interval", "p (Holm)"),
        [(_name(own), _number(own.finding.value), _limits(own.finding), _say_p(own)) for own in (*mains, *pairs)],
        frozenset({1, 3}),
    )
    gaps = f" {found.left_out} trials are left out, since their seed is missing in another cell." if found.left_out else ""
    warning = write_warning(_NULL) if found.null_model else ""
    text = f"<h3>Factor by factor</h3><p>{escape_text(say_factorial(found) + gaps)}</p>"
    return warning + text + write_figure(figure, "Effects.") + table


def say_factorial(found: Factorial) -> str:
    """Which factor moves the outcome most, and which two depend most on each other, in words."""
    mains = [own for own in found.effects if len(own.factors) == 1]
    clear = [own for own in found.effects if own.adjusted < _ALPHA]
    if not clear:
        return f"No factor's effect on {found.metric} is told from chance."
    told = sum(len(own.factors) == 1 for own in clear)
    top = max(mains, key=_size)
    words = (
        f"{top.factors[0]} moves {found.metric} most, by {_number(top.finding.value)} ({_limits(top.finding)}); {told} of "
        f"{len(mains)} factors move it beyond chance (Holm over all effects)."
    )
    pairs = [own for own in clear if len(own.factors) == 2]
    if not pairs:
        return words + " No two of them do more or less together than their sum, as far as can be told from chance."
    pair = max(pairs, key=_size)
    more = "more" if (pair.finding.value or 0.0) > 0 else "less"
    one, two = pair.factors
    return words + (
        f" {len(pairs)} of {len(found.effects) - len(mains)} interactions are told from chance; the largest: where {two} is "
        f"{found.levels[two][1]}, {one} brings {more} ({_number(pair.finding.value)}, {_limits(pair.finding)})."
    )


def _size(own: Effect) -> float:
    return abs(own.finding.value or 0.0)


def _name(own: Effect) -> str:
    return " and ".join(own.factors)


def _known(ends: list[float | None]) -> list[float]:
    return [end for end in ends if end is not None]


def _interval(finding: Finding) -> Interval | None:
    return None if finding.value is None else Interval(finding.value, finding.low, finding.high)


def _number(value: float | None) -> str:
    return "none" if value is None else say_number(value, sign=True)


def _limits(finding: Finding) -> str:
    if finding.low is None or finding.high is None:
        return finding.method
    return f"{say_number(finding.low)} to {say_number(finding.high)}"


def _say_p(own: Effect) -> str:
    return "< 0.001" if own.adjusted < 0.001 else f"{own.adjusted:.3f}"
