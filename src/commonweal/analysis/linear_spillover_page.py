"""Whether an effect adds up, on a report: a sentence for each combination of other factors, and a table by saturation."""

from __future__ import annotations

from commonweal.analysis.finding import say_number
from commonweal.analysis.linear_spillover import AgainstLinear, Bend, Departure
from commonweal.analysis.page import escape_text, write_table_html, write_warning
from commonweal.analysis.plans import say_level

_ALPHA = 0.05
_NULL = (
    "These figures are of a null model. The part's language model is a negative control: whether its effects add up is an "
    "artefact of wording, not a finding."
)
_HEAD = ("where", "share", "linear benchmark", "overall", "beyond the benchmark", "p (Holm)")


def write_departures(found: AgainstLinear) -> str:
    """The sentences and the table, as HTML."""
    several = len(found.bends) > 1
    rows = [
        (
            _where(bend),
            f"{row.share:g}",
            say_number(row.benchmark, sign=True),
            say_number(row.overall, sign=True),
            _say(row),
            "< 0.001" if row.adjusted < 0.001 else f"{row.adjusted:.3f}",
        )
        for bend in found.bends
        for row in bend.departures
    ]
    table = write_table_html(_HEAD if several else _HEAD[1:], [row if several else row[1:] for row in rows], frozenset())
    said = "".join(f"<p>{escape_text(say_departures(found, bend))}</p>" for bend in found.bends)
    text = f"<h3>Against the linear-spillover benchmark</h3>{said}"
    return (write_warning(_NULL) if found.null_model else "") + text + table


def say_departures(found: AgainstLinear, bend: Bend) -> str:
    """What a minority brings beside its share of what all bring, in a sentence.

    Args:
        found: of a part.
        bend: one of its combinations of other factors' levels.
    """
    unit = "" if found.unit == "1" else f" {found.unit}"
    where = _where(bend)
    if bend.p >= _ALPHA:
        return (
            f"{f'At {where}: ' if where else ''}No deviation from the linear-spillover benchmark is told from chance "
            f"(p = {bend.p:.2g}): as far as seen, a share of treated seats brings that share of what all bring."
        )
    clear = [row for row in bend.departures if row.adjusted < _ALPHA]
    row = max(clear, key=lambda own: abs(own.deviation.value or 0.0))
    side = "above" if (row.deviation.value or 0.0) > 0 else "below"
    signs = {(own.deviation.value or 0.0) > 0 for own in clear}
    mixed = " At other shares it deviates the other way." if len(signs) > 1 else ""
    level = "p < 0.001" if bend.p < 0.001 else f"p = {bend.p:.2g}"
    overall, share = say_number(row.overall, sign=True), say_number(row.benchmark, sign=True)
    return (
        f"At {f'{where}, ' if where else ''}{found.factor} {row.share:g}, a mean seat's {found.everybody} changes by "
        f"{overall}{unit}, {side} the {share} that is its share of what treating all brings: {_say(row)} beyond it "
        f"({level}).{mixed}"
    )


def _where(bend: Bend) -> str:
    return ", ".join(f"{label} {say_level(level)}" for label, level in bend.levels.items())


def _say(row: Departure) -> str:
    finding = row.deviation
    if finding.value is None:
        return "none"
    limits = (
        "" if finding.low is None or finding.high is None else f" ({say_number(finding.low)} to {say_number(finding.high)})"
    )
    return f"{say_number(finding.value, sign=True)}{limits}"
