"""Direct, spillover, total and overall effects on a report: each by saturation, with intervals over societies, and a table."""

from __future__ import annotations

from commonweal.analysis.drawing import Interval, ProfilePoint, Range, draw_profile, span_range
from commonweal.analysis.figures import MOST_PANELS, Figure
from commonweal.analysis.finding import Finding
from commonweal.analysis.page import escape_text, write_figure, write_table_html, write_warning
from commonweal.analysis.plans import say_level
from commonweal.analysis.spillover import SaturationEffects, Spillover, Stratum

_NULL = (
    "These figures are of a null model. The part's language model is a negative control: what the treatment does here is an "
    "artefact of wording, not a finding."
)
_EFFECTS = ("direct", "spillover", "total", "overall")


def write_spillover(found: Spillover) -> str:
    """The figure, a sentence and the table, as HTML."""
    panels = [panel for stratum in found.strata for panel in _panels(found, stratum)]
    pairs = "pairs of societies of one seed" if found.matched else "societies, each at one saturation"
    figure = Figure(
        tuple(panels[:MOST_PANELS]),
        "",
        f"Effects on {found.treated} and {found.untreated}{_unit(found)} by the share of treated seats ({found.factor}), part "
        f"{found.part}. Direct: treated minus untreated seats of one society. Against societies without treatment: spillover "
        f"(of untreated seats), total (of treated ones), overall (of all). Lines: {_level(found)} intervals over {pairs}. A "
        "comparison of seats within one society is the direct effect alone; what a treatment does to a society is the overall "
        "effect, and the two may differ in sign."
        + (f" The first {MOST_PANELS} of {len(panels)} panels are shown." if len(panels) > MOST_PANELS else ""),
    )
    rows = [
        (_say_levels(stratum), f"{row.share:g}", f"{row.societies:,}", *(_say(_effect(row, name)) for name in _EFFECTS))
        for stratum in found.strata
        for row in stratum.effects
    ]
    head = ("where", found.factor, "societies", *_EFFECTS)
    several = len(found.strata) > 1
    table = write_table_html(head if several else head[1:], [row if several else row[1:] for row in rows], frozenset())
    text = f"<p>{escape_text(say_spillover(found))}</p>"
    return (write_warning(_NULL) if found.null_model else "") + text + write_figure(figure, "Interference.") + table


def _effect(row: SaturationEffects, name: str) -> Finding:
    """One of the four effects, by name."""
    return {"direct": row.direct, "spillover": row.spillover, "total": row.total, "overall": row.overall}[name]


def say_spillover(found: Spillover) -> str:
    """The effects at the highest saturation at which all are known, in a sentence."""
    rows = [row for stratum in found.strata[:1] for row in stratum.effects if row.direct.value is not None]
    if not rows:
        return "No saturation has both treated and untreated seats: direct effect and spillover cannot be told apart."
    row = rows[-1]
    where = _say_levels(found.strata[0])
    return (
        f"Where {found.factor} is {row.share:g}{f' ({where})' if where else ''}, the treatment changes the treated by "
        f"{_say(row.direct)}{_unit(found)} beside the untreated of their own society, and the untreated by "
        f"{_say(row.spillover)} beside those of societies without it; a mean seat by {_say(row.overall)} "
        f"({row.societies:,} societies)."
    )


def _panels(found: Spillover, stratum: Stratum) -> list[str]:
    findings = [_effect(row, name) for row in stratum.effects for name in _EFFECTS]
    ends = [end for finding in findings for end in (finding.value, finding.low, finding.high)]
    whole = span_range([*ends, 0.0])
    span = Range(min(whole.low, 0.0), max(whole.high, 0.0))
    where = _say_levels(stratum)
    return [
        draw_profile(
            f"{name}, {where}" if where else name,
            found.factor,
            "",
            [ProfilePoint(f"{row.share:g}", _interval(_effect(row, name)), None) for row in stratum.effects],
            span,
        )
        for name in _EFFECTS
    ]


def _say_levels(stratum: Stratum) -> str:
    return ", ".join(f"{label} {say_level(level)}" for label, level in stratum.levels.items())


def _interval(finding: Finding) -> Interval | None:
    return None if finding.value is None else Interval(finding.value, finding.low, finding.high)


def _say(finding: Finding) -> str:
    if finding.value is None:
        return "none"
    value, limits = f"{finding.value:+.3g}", ""
    if finding.low is not None and finding.high is not None:
        limits = f" ({finding.low:.3g} to {finding.high:.3g})"
    return f"{value}{limits}".replace("-", "\u2212")


def _unit(found: Spillover) -> str:
    return "" if found.unit == "1" else f" {found.unit}"


def _level(found: Spillover) -> str:
    levels = [row.direct.level for stratum in found.strata for row in stratum.effects] or [0.95]
    return f"{levels[0]:.0%}".replace("%", " %")
