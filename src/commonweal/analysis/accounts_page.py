"""Rival accounts on a report: their numbers beside the simulator's, and the parameters that give them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from commonweal.analysis.accounts import FIT, LEFT_OUT, LEVEL, Account, Number, Parameter, Prediction, Rivals
from commonweal.analysis.drawing import WIDTH, Range, draw_text, wrap_panel
from commonweal.analysis.figures import Figure
from commonweal.analysis.finding import say_number
from commonweal.analysis.page import escape_text, write_figure, write_table_html

_LEFT, _RIGHT, _TOP, _ROW = 8.0, WIDTH - 8.0, 34.0, 34.0


@dataclass(frozen=True)
class _Strip:
    """One row of a panel: a range, what is likely within it, and marks."""

    label: str
    span: tuple[float, float]
    band: tuple[float, float]
    middle: float
    published: float | None = None
    deep: bool = True
    """Whether it is drawn as the account's own."""


def write_rivals(found: Sequence[Rivals]) -> str:
    """What rival accounts say of parts, as HTML; nothing where there is none.

    Args:
        found: what `find_rivals` gave.
    """
    return "".join(_write_part(rivals) for rivals in found)


def _write_part(rivals: Rivals) -> str:
    first = rivals.accounts[0]
    count = f"{first.kept:,} of the {rivals.simulations:,}"
    percent = f"{100 * FIT:g} %"
    opening = (
        f"Part {rivals.part} is a prior: {rivals.simulations:,} societies with parameters drawn evenly from their ranges, one "
        f"trial each. For each account alone, and for all together, {count} are looked at whose numbers come nearest to the "
        "published ones, each published number with the error that it may be off. For parameters more are kept, and a "
        "regression takes off what distance is left. What comes out is given this simulator, this prior and these numbers: it "
        "says which parameters an account needs here, not which the platform has."
    )
    return (
        f"<p>{escape_text(opening)}</p><p><b>{escape_text(say_verdicts(rivals.numbers))}</b></p>"
        + write_figure(_draw_numbers(rivals), "Numbers.")
        + _write_numbers(rivals)
        + f"<p class=meta>{escape_text(f'Ranges hold the middle {percent} of the simulations, of all and of those kept.')}</p>"
        + write_figure(_draw_parameters(rivals), "Parameters.")
        + _write_parameters(rivals)
        + f"<p>{escape_text(say_check(rivals.accounts))}</p>"
        + _write_check(rivals)
        + _write_sources(rivals)
    )


def say_verdicts(numbers: Sequence[Number]) -> str:
    """Which published numbers have a fit and which have none, in a few sentences.

    Args:
        numbers: each with its verdict.
    """
    groups: dict[str, list[str]] = {}
    for number in numbers:
        groups.setdefault(number.verdict, []).append(f"{number.metric} {_say(number.published)} ({number.account})")
    order = sorted(groups, key=lambda verdict: verdict != "fits")
    return " ".join(f"{verdict[0].upper()}{verdict[1:]}: {'; '.join(groups[verdict])}." for verdict in order)


def say_check(accounts: Sequence[Account]) -> str:
    """How well known parameters are found, and how far the published numbers are from the simulator's, in a few sentences.

    Args:
        accounts: of one part.
    """
    told = [
        f"{account.name}: {_percent(account.surprise)} (kept up to {account.tolerance:.2f} away; one of the simulator's own "
        f"{account.typical:.2f})"
        for account in accounts
    ]
    return (
        f"Check: {LEFT_OUT} simulations with known parameters were taken as if published and found again from all others. An "
        f"interval should hold the truth in {100 * LEVEL:g} % of them; an error of 1 is that of one who knows the prior alone. "
        "The share of these simulations that are as far from all others as the published numbers are, small where the "
        f"simulator does not give them together: {'; '.join(told)}."
    )


def _write_numbers(rivals: Rivals) -> str:
    rows = [
        (
            number.metric,
            number.account,
            f"{_say(number.published)} ± {_say(number.error)}",
            _between(number.least, number.greatest),
            *(_say_prediction(one) for one in number.predictions),
            number.verdict,
        )
        for number in rivals.numbers
    ]
    head = ("number", "published by", "published", "all simulations", *_heads(rivals), "verdict")
    return write_table_html(head, rows, frozenset())


def _write_parameters(rivals: Rivals) -> str:
    rows = [
        (one.label, _between(one.least, one.greatest), *(_say_parameter(account.parameters[i]) for account in rivals.accounts))
        for i, one in enumerate(rivals.accounts[0].parameters)
    ]
    return write_table_html(("parameter", "prior", *_heads(rivals)), rows, frozenset())


def _write_check(rivals: Rivals) -> str:
    rows = [
        (one.label, *(_say_recovery(account.parameters[i]) for account in rivals.accounts))
        for i, one in enumerate(rivals.accounts[0].parameters)
    ]
    return write_table_html(("truth inside the interval, and error", *_heads(rivals)), rows, frozenset())


def _write_sources(rivals: Rivals) -> str:
    rows = [(number.metric, number.source, number.note) for number in rivals.numbers]
    table = write_table_html(("number", "published in", "note"), rows, frozenset())
    return f"<details><summary>where the published numbers are from</summary>{table}</details>"


def _heads(rivals: Rivals) -> tuple[str, ...]:
    return tuple(account.name for account in rivals.accounts)


def _say_prediction(one: Prediction) -> str:
    return f"{_say(one.middle)} ({_between(one.low, one.high)})" if math.isfinite(one.middle) else "none"


def _say_parameter(one: Parameter) -> str:
    return f"{_say(one.mean)} ({_between(one.low, one.high)})"


def _say_recovery(one: Parameter) -> str:
    return f"{_percent(one.coverage.value)}, {one.error:.2f}"


def _between(low: float, high: float) -> str:
    return f"{_say(low)} to {_say(high)}" if math.isfinite(low) and math.isfinite(high) else "none"


def _say(value: float) -> str:
    """A number in two decimals, three where it is small."""
    return f"{value:.3f}".replace("-", "\u2212") if 5e-4 <= abs(value) < 0.1 else say_number(value)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if math.isfinite(share) else "none"


def _draw_numbers(rivals: Rivals) -> Figure:
    """A panel an account: each number's range over all simulations, over those kept, and the published number."""
    panels = [
        _draw_panel(
            account.name,
            [
                _Strip(
                    number.metric,
                    _hold(number.least, number.greatest, number.published),
                    (number.predictions[i].low, number.predictions[i].high),
                    number.predictions[i].middle,
                    number.published,
                    account.numbers == len(rivals.numbers) or number.account == account.name,
                )
                for number in rivals.numbers
            ],
        )
        for i, account in enumerate(rivals.accounts)
    ]
    caption = (
        f"What each number is in the simulations that an account keeps (bar: the middle {100 * FIT:g} %, dot: mean), on the "
        "range that it has in all simulations; the upright line is the published number. A number fits by itself: whether "
        "all of an account are met at once is told by its distance, below."
    )
    legend = '<span class="key treatment">asked for</span><span class="key control">not asked for</span>'
    return Figure(tuple(panels), legend, caption)


def _draw_parameters(rivals: Rivals) -> Figure:
    """A panel an account: the prior of each parameter, and its posterior."""
    panels = [
        _draw_panel(
            account.name,
            [_Strip(one.label, (one.least, one.greatest), (one.low, one.high), one.mean) for one in account.parameters],
        )
        for account in rivals.accounts
    ]
    caption = f"Posterior of each parameter (bar: the middle {100 * LEVEL:g} %, dot: mean) on the range of its prior."
    return Figure(tuple(panels), "", caption)


def _hold(low: float, high: float, published: float) -> tuple[float, float]:
    """A range that holds the published number too."""
    known = [value for value in (low, high, published) if math.isfinite(value)]
    return min(known), max(known)


def _draw_panel(title: str, strips: Sequence[_Strip]) -> str:
    drawn = [draw_text(_LEFT, 15, title, "head", "start")]
    for i, strip in enumerate(strips):
        drawn += _draw_strip(strip, _TOP + i * _ROW)
    return wrap_panel(drawn, _TOP + len(strips) * _ROW, title)


def _draw_strip(strip: _Strip, y: float) -> list[str]:
    """A label, its range in words, and the range as a line with a bar, a dot and the published number on it."""
    span, line = Range(*strip.span), y + 13.0

    def place(value: float) -> float:
        return span.place(min(max(value, span.low), span.high), _LEFT, _RIGHT)

    drawn = [
        draw_text(_LEFT, y + 4, strip.label, "tick", "start"),
        draw_text(_RIGHT, y + 4, _between(*strip.span), "small", "end"),
        f'<path d="M{_LEFT:.1f} {line:.1f}H{_RIGHT:.1f}" class="grid"/>',
    ]
    low, high = strip.band
    if math.isfinite(low) and math.isfinite(high) and math.isfinite(strip.middle):
        words = f"{strip.label}: {_say(strip.middle)}, {_between(low, high)}"
        tone = "treatment" if strip.deep else "control"
        drawn.append(
            f'<path d="M{place(low):.1f} {line:.1f}H{place(high):.1f}" class="course {tone}" style="stroke-width:7">'
            f"<title>{escape(words)}</title></path>"
        )
        drawn.append(f'<circle cx="{place(strip.middle):.1f}" cy="{line:.1f}" r="3.2" class="mean"/>')
    if strip.published is not None:
        drawn.append(f'<path d="M{place(strip.published):.1f} {line - 8:.1f}v16" class="whisker"/>')
    return drawn
