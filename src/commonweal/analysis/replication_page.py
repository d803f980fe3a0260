"""Published tables beside ours, on a report: the rows, ours below those they can be set beside, and verdicts in words."""

from __future__ import annotations

from collections.abc import Callable

from commonweal.analysis.finding import say_number
from commonweal.analysis.page import escape_text, write_section, write_table_html
from commonweal.analysis.replication import Beside, Replication, Row

_ABOUT = (
    "Rows are as published, in the units of the metrics. Below those that ours can be set beside stand our means over trials "
    "(or differences, where the row is a change) and their 95 % intervals. A figure is met where ours lies within the rounding "
    "of the print, or the published one inside our interval; of a direction, where our whole interval lies on the published "
    "side of 0."
)


def write_replication(found: Replication | None) -> str:
    """The published rows beside ours, as HTML; nothing where the study sets none beside it.

    Args:
        found: the replication; None where the study is none.
    """
    if found is None or not found.rows:
        return ""
    metrics = tuple(dict.fromkeys(figure.metric for row in found.rows for figure in row.figures))
    lines: list[tuple[str, ...]] = []
    for i, row in enumerate(found.rows):
        lines.append((row.name, *_cells(row, metrics, lambda own: say_number(own.published))))
        after = found.rows[i + 1] if i + 1 < len(found.rows) else None
        # Rows that stand beside the same cells share ours, below the last of them.
        if row.ours and (after is None or after.ours != row.ours):
            lines.append((f"ours, {row.ours.split(':')[0]}", *_cells(row, metrics, _say_ours)))
            if any(_varies(figure) for figure in row.figures):
                lines.append(("95 % interval", *_cells(row, metrics, _say_interval)))
    table = write_table_html(("", *metrics), lines, frozenset(range(1, 1 + len(metrics))))
    words = [*_say_verdicts(found.rows), *dict.fromkeys(row.note for row in found.rows if row.note)]
    listed = "<ul>" + "".join(f"<li>{escape_text(line)}</li>" for line in words) + "</ul>" if words else ""
    about = f"<p class=meta>{escape_text(_ABOUT)}</p>"
    return write_section("Published beside ours", f"<p>{escape_text(say_rows(found))}</p>", table, about, listed)


def say_rows(found: Replication) -> str:
    """The verdict on the primary figure, and how many of the other figures that are compared came out as published."""
    verdicts = [figure.verdict for row in found.rows for figure in row.figures if figure.verdict]
    good = sum(verdict in ("met", "same direction") for verdict in verdicts)
    opening = f"A {found.kind} of {found.source}. The primary figure: {found.verdict}."
    if not verdicts:
        return f"{opening} No other figure is compared."
    return f"{opening} Of {len(verdicts)} figures of the table that are compared, {good} came out as it says."


def _say_verdicts(rows: tuple[Row, ...]) -> list[str]:
    """A sentence for all rows that stand beside the same cells with the same verdict."""
    names: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row.verdict:
            names.setdefault((row.ours, row.verdict), []).append(row.name)
    return [f"{', '.join(own)}, beside {ours}. {verdict.capitalize()}." for (ours, verdict), own in names.items()]


def _cells(row: Row, metrics: tuple[str, ...], say: Callable[[Beside], str]) -> list[str]:
    return [next((say(figure) for figure in row.figures if figure.metric == metric), "") for metric in metrics]


def _say_ours(figure: Beside) -> str:
    return say_number(figure.ours.value) if figure.ours.n else "not run"


def _varies(figure: Beside) -> bool:
    return figure.ours.bounded and figure.ours.high > figure.ours.low


def _say_interval(figure: Beside) -> str:
    return f"{say_number(figure.ours.low)} to {say_number(figure.ours.high)}" if _varies(figure) else ""
