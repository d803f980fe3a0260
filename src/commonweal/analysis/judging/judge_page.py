"""The judge card as HTML: a section of a run's report."""

from __future__ import annotations

from commonweal.analysis.drawing import Interval, ProfilePoint, draw_profile, span_range
from commonweal.analysis.figures import Figure
from commonweal.analysis.finding import say_number
from commonweal.analysis.judging.judge_card import JudgeCard, Row
from commonweal.analysis.page import escape_text, write_figure, write_pairs, write_table_html, write_warning
from commonweal.analysis.transcript import clean_text


def write_judge(card: JudgeCard) -> str:
    """The card as blocks of HTML, for a section of a report.

    Args:
        card: what `read_judge_card` gave.
    """
    chapters = (
        ("Alone, corrected, and by labels", write_figure(_draw(card), "Three estimates.") + _write_estimates(card)),
        ("How far judge and gold agree", _write_agreement(card)),
        ("What should not move it", _write_rows(card.checks, "check")),
        ("Distilled", _write_rows(card.distilled, "on held-out trials")),
        ("The rubric", _write_rubric(card)),
    )
    told = "".join(f"<h3>{escape_text(title)}</h3>{html}" for title, html in chapters if html)
    return f"{_warn(card)}<p>{escape_text(card.summary)}</p>{told}"


def _warn(card: JudgeCard) -> str:
    warning = ""
    if card.judge.null_model:
        words = (
            f"Null model. The {card.judge.name} judge is a negative control: its verdicts are the size of wording artefacts."
        )
        warning += write_warning(words)
    if not card.labels:
        words = "Not calibrated. No trial has a gold label, so nothing says how far these verdicts are off; label a sample."
        warning += write_warning(words)
    return warning


def _draw(card: JudgeCard) -> Figure | None:
    """Two panels: the share of trials, and the difference between arms, each three ways."""
    panels: list[str] = []
    null = "Null model. " if card.judge.null_model else ""
    for title, rows in (("Of all trials", card.share), (card.arms, card.difference)):
        points = [_point(row) for row in rows]
        if any(point.mean is not None for point in points):
            ends = [end for row in rows for end in (row.value, row.low, row.high)]
            span = span_range([0.0, *ends])
            name = "share of trials" if card.rubric.kind == "label" else "mean level"
            panels.append(draw_profile(clean_text(title, 80), "", name if rows is card.share else "difference", points, span))
    if not panels:
        return None
    caption = (
        f"{null}{card.rubric.name}: by the judge alone on {card.trials:,} trials, corrected on {card.labels:,} labelled ones, "
        "and by those labels alone; 95 % intervals over trials."
    )
    return Figure(tuple(panels), "", caption)


def _point(row: Row) -> ProfilePoint:
    mean = None if row.value is None else Interval(row.value, row.low, row.high)
    return ProfilePoint(clean_text(row.name, 40), mean, None)


def _write_estimates(card: JudgeCard) -> str:
    rows = [
        (row.name, row.what, _number(row), _limits(row), f"{row.n:,}", row.method) for row in (*card.share, *card.difference)
    ]
    table = write_table_html(("estimate", "of", "value", "95 % interval", "trials", "method"), rows, frozenset({2, 3, 4}))
    if card.weight is None:
        return table
    words = f"The corrected estimate believes the judge with weight {card.weight:.2f} (1 wholly, 0 labels alone)."
    return f"{table}<p class=meta>{escape_text(words)}</p>"


def _write_agreement(card: JudgeCard) -> str:
    if not card.agreement:
        return ""
    raters = ", ".join(card.raters) or "none"
    words = (
        f"Gold: {card.source}; {card.labels:,} trials drawn at random; raters: {raters}. Alpha is read beside the base rates."
    )
    return f"<p class=meta>{escape_text(words)}</p>{_write_rows(card.agreement, 'measure')}"


def _write_rows(rows: tuple[Row, ...], title: str) -> str:
    if not rows:
        return ""
    cells = [(row.name, row.what, _number(row), _limits(row), f"{row.n:,}" if row.n else "", row.reading) for row in rows]
    return write_table_html((title, "what", "value", "95 % interval", "trials", "reading"), cells, frozenset({2, 3, 4}))


def _write_rubric(card: JudgeCard) -> str:
    rubric = card.rubric
    levels = ", ".join(f"{place} {level}" for place, level in enumerate(rubric.levels))
    pairs = [("levels", levels), ("about", ", ".join(rubric.tags) or "-"), ("part", card.part), ("judge", card.judge.name)]
    digests = [("rubric digest", rubric.digest), ("judge digest", card.judge.digest), ("log digest", card.log_digest)]
    text = "".join(f"<p>{escape_text(block)}</p>" for block in rubric.text.split("\n\n") if block.strip())
    fold = f"<details><summary>{escape_text(rubric.name)}</summary>{text}</details>"
    return fold + write_pairs(pairs) + write_pairs(digests, code=True)


def _number(row: Row) -> str:
    return "" if row.value is None else say_number(row.value)


def _limits(row: Row) -> str:
    return "" if row.low is None or row.high is None else f"{say_number(row.low)} to {say_number(row.high)}"
