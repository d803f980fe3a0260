"""The coverage of a part's space of start states on a report: a sentence, and a table of which stage looked where."""

from __future__ import annotations

from commonweal.analysis.coverage import StartCoverage, Visit
from commonweal.analysis.page import escape_text, write_table_html


def write_coverage(found: StartCoverage) -> str:
    """The sentence and the table, as HTML."""
    rows = [
        (
            f"later stage {visit.stage}" if visit.stage else "plan",
            visit.why,
            f"{visit.cells:,}",
            f"{visit.trials:,}",
            _say_spans(visit),
        )
        for visit in found.visits
    ]
    table = write_table_html(
        ("chosen by", "why", "cells", "trials", "where (least, median, greatest)"), rows, frozenset({2, 3})
    )
    told = f"<p>Cannot be told apart here: {escape_text('; '.join(found.aliases))}.</p>" if found.aliases else ""
    return f"<p>{escape_text(say_coverage(found))}</p>{told}{table}"


def say_coverage(found: StartCoverage) -> str:
    """How much of the space was looked at, in a few sentences."""
    unrun = f" of {found.planned:,} planned" if found.planned != found.cells else ""
    axes = f"{len(found.factors)} factors" if len(found.factors) > 1 else "one factor"
    return (
        f"{found.cells:,} start states{unrun} were run on part {found.part} ({found.design}), over {axes}, each axis of length "
        f"1. {_share(found.share)} of the space has one within {found.within:.2g}, a tenth of its diagonal "
        f"({_share(found.even_share)} for as many points of a Sobol sequence); the farthest place is "
        f"{found.dispersion:.2g} away, a typical one {found.typical:.2g}. What a constraint forbids counts as not looked at."
    )


def _say_spans(visit: Visit) -> str:
    return "; ".join(f"{span.factor} {span.low:.3g}, {span.middle:.3g}, {span.high:.3g}" for span in visit.spans)


def _share(value: float) -> str:
    """A share in percent, never rounded up to all."""
    return f"{min(100 * value, 99.9) if value < 1 else 100:.3g} %"
