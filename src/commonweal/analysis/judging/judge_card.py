"""The judge card of a run, `judge.json`: who judged what, how far that can be trusted, and what it does to the estimates.

    {"schema": "commonweal.judge/1", "rubric": {...}, "judge": {...}, "part", "trials", "log_digest",
     "gold": {"source", "labels", "raters"}, "agreement": [row], "checks": [row], "share": [row], "difference": [row],
     "arms": str, "weight": float | null, "distilled": [row], "summary": str}
    row = {"name", "what", "value", "low", "high", "n", "method", "reading"}

`share` and `difference` have the rows `judge alone`, `corrected` and `labels alone`. A number that is not known is null.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from commonweal.analysis.fields import Fields
from commonweal.core.errors import LogError
from commonweal.statistics.inference import Estimate

SCHEMA = "commonweal.judge/1"
"""The version that is written and read."""


@dataclass(frozen=True)
class Row:
    """One number of the card with its interval of 95 %."""

    name: str
    """Short: `sensitivity`, `corrected`."""
    what: str
    """In words."""
    value: float | None
    """The estimate; None where there is none."""
    low: float | None = None
    """Lower limit."""
    high: float | None = None
    """Upper limit."""
    n: int = 0
    """Trials that it rests on."""
    method: str = ""
    """How the interval was made."""
    reading: str = ""
    """What it says, in words."""


@dataclass(frozen=True)
class RubricFacts:
    """What was looked for."""

    name: str
    """Its name."""
    kind: str
    """`label` or `score`."""
    levels: tuple[str, ...]
    """In words, from 0 up."""
    tags: tuple[str, ...]
    """What it is about."""
    text: str
    """The text that raters and models read."""
    digest: str
    """Over all of it."""


@dataclass(frozen=True)
class JudgeFacts:
    """Who judged."""

    name: str
    """For people."""
    by: str
    """`rule`, `embedding`, `language` or `distilled`."""
    digest: str
    """Over everything that moves a judgement."""
    null_model: bool
    """Whether its model is a negative control."""


@dataclass(frozen=True)
class JudgeCard:
    """A judge card."""

    rubric: RubricFacts
    """What was looked for."""
    judge: JudgeFacts
    """Who judged."""
    part: str
    """The part whose trials were judged."""
    trials: int
    """How many."""
    log_digest: str
    """Over the judged trials' logs."""
    source: str
    """Where gold is from: `people`, `rule NAME`, `none`."""
    labels: int
    """Trials with a gold label, drawn at random."""
    raters: tuple[str, ...]
    """Who labelled."""
    agreement: tuple[Row, ...]
    """Alpha, kappa, shares, sensitivity, specificity."""
    checks: tuple[Row, ...]
    """Position, length, own family, repeat."""
    share: tuple[Row, ...]
    """The share of trials at level 1 (of a score: the mean level), three ways."""
    difference: tuple[Row, ...]
    """The same of the difference between the arms of the primary factor; empty where there are no arms."""
    arms: str
    """The arms in words."""
    weight: float | None
    """How far the judge is believed in `share`, 0 to 1 (lambda)."""
    distilled: tuple[Row, ...]
    """What a classifier loses that stands for the judge; empty: none was made."""
    summary: str
    """In a sentence."""

    def row(self, name: str) -> Row | None:
        """The row of that name among agreement, checks and losses; None where there is none."""
        return next((row for row in (*self.agreement, *self.checks, *self.distilled) if row.name == name), None)


def make_row(name: str, what: str, estimate: Estimate | None, reading: str = "") -> Row:
    """A row from an estimate; what is not finite becomes None, since JSON has no NaN."""
    if estimate is None:
        return Row(name, what, None, reading=reading)
    value, low, high = (x if math.isfinite(x) else None for x in (estimate.value, estimate.low, estimate.high))
    return Row(name, what, value, low, high, estimate.n, estimate.method, reading)


def save_judge_card(card: JudgeCard, directory: Path) -> Path:
    """Write `judge.json`; the file is replaced whole or not at all. Raises LogError if it cannot be written."""
    path = Path(directory) / "judge.json"
    raw = asdict(card)
    gold = {name: raw.pop(name) for name in ("source", "labels", "raters")}
    scratch = path.with_suffix(".json.part")
    try:
        scratch.write_text(json.dumps({"schema": SCHEMA, **raw, "gold": gold}, indent=1, allow_nan=False), encoding="utf-8")
        os.replace(scratch, path)
    except OSError as error:
        raise LogError(f"{path}: cannot be written ({error.strerror}). Make room or name a writable folder.") from error
    return path


def read_judge_card(directory: Path) -> JudgeCard | None:
    """The judge card in a folder; None where there is none.

    Args:
        directory: of a run.

    Raises:
        LogError: it is damaged or of another version.
    """
    path = Path(directory) / "judge.json"
    if not path.exists():
        return None
    try:
        raw: object = json.loads(path.read_text(encoding="utf-8"))
        fields = Fields(raw, "judge.json")
        if fields.raw.get("schema") != SCHEMA:
            raise ValueError(f"schema {str(fields.raw.get('schema'))[:40]!r}, expected {SCHEMA!r}")
        return _card(fields)
    except (OSError, ValueError, LogError) as error:
        found = str(error).split(" (design/002)")[0]
        raise LogError(f"{path}: found a judge card that does not fit ({found}). Remove the file and judge again.") from error


def _card(fields: Fields) -> JudgeCard:
    rubric, judge, gold = fields.inner("rubric"), fields.inner("judge"), fields.inner("gold")
    return JudgeCard(
        rubric=RubricFacts(
            name=rubric.text("name"),
            kind=rubric.text("kind"),
            levels=rubric.texts("levels"),
            tags=rubric.texts("tags"),
            text=rubric.text("text"),
            digest=rubric.text("digest"),
        ),
        judge=JudgeFacts(judge.text("name"), judge.text("by"), judge.text("digest"), judge.flag("null_model")),
        part=fields.text("part"),
        trials=int(fields.number("trials")),
        log_digest=fields.text("log_digest"),
        source=gold.text("source"),
        labels=int(gold.number("labels")),
        raters=gold.texts("raters"),
        agreement=_rows(fields, "agreement"),
        checks=_rows(fields, "checks"),
        share=_rows(fields, "share"),
        difference=_rows(fields, "difference"),
        arms=fields.text("arms"),
        weight=fields.optional_number("weight"),
        distilled=_rows(fields, "distilled"),
        summary=fields.text("summary"),
    )


def _rows(fields: Fields, name: str) -> tuple[Row, ...]:
    return tuple(
        Row(
            name=row.text("name"),
            what=row.text("what"),
            value=row.optional_number("value"),
            low=row.optional_number("low"),
            high=row.optional_number("high"),
            n=int(row.number("n")),
            method=row.text("method"),
            reading=row.text("reading"),
        )
        for row in fields.items(name)
    )
