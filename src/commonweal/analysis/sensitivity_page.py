"""The sensitivity of a part's outcome on a report: bars with intervals, the seed's share beside the factors', and a table."""

from __future__ import annotations

from commonweal.analysis.bars import Bar, BarRow, draw_bars
from commonweal.analysis.drawing import Interval, span_range
from commonweal.analysis.figures import Figure
from commonweal.analysis.finding import Finding
from commonweal.analysis.page import escape_text, write_figure, write_table_html, write_warning
from commonweal.analysis.sensitivity import Screening, Sensitivity

_NULL = (
    "These figures are of a null model. The part's language model is a negative control: what its factors do is an artefact of "
    "wording, not a finding."
)


def write_sensitivity(found: Sensitivity | Screening) -> str:
    """The figure, a sentence and the table, as HTML."""
    parts = _shares(found) if isinstance(found, Sensitivity) else _effects(found)
    return (write_warning(_NULL) if found.null_model else "") + parts


def _shares(found: Sensitivity) -> str:
    rows = [
        BarRow(
            row.factor,
            (Bar("by itself", _interval(row.first), "treatment"), Bar("with interactions", _interval(row.total), "control")),
        )
        for row in found.factors
    ]
    rows.append(BarRow("the seed (chance)", (Bar("within cells", _interval(found.seed), "other"),)))
    findings = [finding for row in found.factors for finding in (row.first, row.total)] + [found.seed]
    ends = [end for finding in findings for end in (finding.value, finding.low, finding.high)]
    figure = Figure(
        (draw_bars("", f"share of the variance of {found.metric}", rows, span_range(ends, min(0.0, _least(ends)), None)),),
        '<span class="key treatment">by itself</span><span class="key control">with interactions</span>',
        f"Where the variance of {found.metric} over the factors' ranges and over seeds comes from, on part {found.part}: what "
        "each factor explains by itself, and with all its interactions; what chance leaves is the seed's. Shares by themselves "
        f"and the seed's add up to 1 where nothing interacts. Lines: {_level(found.seed)} intervals over {found.points} base "
        f"points, {found.replicates} trials a cell.",
    )
    seed = found.seed.value or 0.0
    table = write_table_html(
        ("factor", "by itself", "interval", "with interactions", "interval", "by itself, chance apart"),
        [
            (
                row.factor,
                _number(row.first.value),
                _limits(row.first),
                _number(row.total.value),
                _limits(row.total),
                _number(None if row.first.value is None or seed >= 1 else row.first.value / (1 - seed)),
            )
            for row in found.factors
        ]
        + [("the seed", _number(found.seed.value), _limits(found.seed), "", "", "")],
        frozenset({1, 3, 5}),
    )
    gaps = f" {found.left_out} base points are left out, since a trial of theirs is missing." if found.left_out else ""
    return f"<p>{escape_text(say_sensitivity(found) + gaps)}</p>" + write_figure(figure, "Sensitivity.") + table


def say_sensitivity(found: Sensitivity | Screening) -> str:
    """What matters most, in a sentence."""
    if isinstance(found, Screening):
        top = max(found.factors, key=lambda row: row.mu_star.value or 0.0)
        return (
            f"{top.factor} moves {found.metric} most: over its range by {_number(top.mu_star.value)} on average "
            f"({_level(top.mu_star)} interval {_limits(top.mu_star)}; {found.paths} paths)."
        )
    top = max(found.factors, key=lambda row: row.total.value or 0.0)
    if found.seed.value is None:
        return (
            f"{top.factor} explains most of {found.metric}: {_number(top.total.value)} of its variance, interactions included."
        )
    return (
        f"Of the variance of {found.metric}, {_number(found.seed.value)} is chance (the seed's share, {_level(found.seed)} "
        f"interval {_limits(found.seed)}); most of the rest depends on {top.factor}: "
        f"{_number(top.total.value)}, interactions included."
    )


def _effects(found: Screening) -> str:
    rows = [
        BarRow(row.factor, (Bar("mean size of the effect", _interval(row.mu_star), "treatment", row.noise),))
        for row in found.factors
    ]
    ends = [end for row in found.factors for end in (row.mu_star.value, row.mu_star.high, row.noise)]
    unit = "" if found.factors[0].mu.unit == "1" else f", {found.factors[0].mu.unit}"
    figure = Figure(
        (draw_bars("", f"mean size of the effect on {found.metric}{unit}", rows, span_range(ends, 0.0, None)),),
        "",
        f"How far {found.metric} moves over each factor's whole range on part {found.part} (Morris's mu*), with "
        f"{_level(found.factors[0].mu_star)} intervals over {found.paths} paths. Dashed: what a factor that does nothing would "
        "show by the seed's noise alone.",
    )
    table = write_table_html(
        ("factor", "mu*", "interval", "by the seed alone", "mu", "interval", "sigma"),
        [
            (
                row.factor,
                _number(row.mu_star.value),
                _limits(row.mu_star),
                _number(row.noise),
                _number(row.mu.value),
                _limits(row.mu),
                _number(row.sigma.value),
            )
            for row in found.factors
        ],
        frozenset({1, 3, 4, 6}),
    )
    return f"<p>{escape_text(say_sensitivity(found))}</p>" + write_figure(figure, "Screening.") + table


def _least(ends: list[float | None]) -> float:
    return min((end for end in ends if end is not None), default=0.0)


def _interval(finding: Finding) -> Interval | None:
    return None if finding.value is None else Interval(finding.value, finding.low, finding.high)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}".replace("-", "\u2212")


def _limits(finding: Finding) -> str:
    return "none" if finding.low is None or finding.high is None else f"{_number(finding.low)} to {_number(finding.high)}"


def _level(finding: Finding) -> str:
    return f"{finding.level:.0%}".replace("%", " %")
