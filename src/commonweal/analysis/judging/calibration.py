"""From judgements and gold labels to the judge card: agreement, bias, and estimates that the judge's error is taken out of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from commonweal.analysis.judging.bias import Check
from commonweal.analysis.judging.distil import Distillation
from commonweal.analysis.judging.gold import Gold, list_keys
from commonweal.analysis.judging.judge import Judge, Judgement
from commonweal.analysis.judging.judge_card import JudgeCard, JudgeFacts, Row, RubricFacts, make_row
from commonweal.analysis.judging.rubric import Rubric
from commonweal.analysis.logs import connect, quote
from commonweal.analysis.plans import Plan, say_level
from commonweal.analysis.trials import Trials, hash_trials
from commonweal.core.errors import LogError
from commonweal.statistics.agreement import cohen_kappa, estimate_agreement, estimate_alpha, screen
from commonweal.statistics.inference import Bounds, Column, Estimate
from commonweal.statistics.prediction_powered import Corrected, Judged, correct_difference, correct_mean, judge_trials

WAYS = ("judge alone", "corrected", "labels alone")
"""The three estimates of one quantity."""


@dataclass(frozen=True)
class Judging:
    """All that a card is made from: trials of one part, in the table's order."""

    rubric: Rubric
    """What was looked for."""
    judge: Judge
    """Who judged."""
    by: str
    """`rule`, `embedding`, `language` or `distilled`."""
    trials: Trials
    """The judged trials, [r]."""
    judgements: tuple[Judgement, ...]
    """Of each. [r]"""
    gold: Gold | None = None
    """Labels of a random sample; None: there are none."""
    source: str = "none"
    """Where they are from."""
    checks: tuple[Check, ...] = ()
    """What was checked."""
    distilled: Distillation | None = None
    """The classifier that stands for the judge."""
    held_out: tuple[float, ...] = field(default=())
    """Verdicts on the labelled trials, in gold's order, by a judge that was fitted without them; empty: nothing was fitted."""

    def labels(self) -> Column:
        """Gold of each trial, NaN where it has none, [r]."""
        found = {} if self.gold is None else dict(zip(self.gold.trials, self.gold.consensus().tolist(), strict=True))
        return np.array([found.get(key, np.nan) for key in list_keys(self.trials)], dtype=np.float64)

    def verdicts(self) -> Column:
        """What the judge says of each trial, [r]: where it was fitted on gold, labelled trials are judged held out."""
        verdict = np.array([one.value for one in self.judgements], dtype=np.float64)
        if self.held_out and self.gold is not None:
            place = {key: row for row, key in enumerate(list_keys(self.trials))}
            for key, value in zip(self.gold.trials, self.held_out, strict=True):
                verdict[place[key]] = value
        return verdict


def make_card(plan: Plan, judging: Judging) -> JudgeCard:
    """The judge card.

    Args:
        plan: of the run.
        judging: trials of one part with their judgements and labels.
    """
    rubric, judge, trials = judging.rubric, judging.judge, judging.trials
    verdict, label = judging.verdicts(), judging.labels()
    part = str(trials.part[0]) if len(trials) else ""
    bounds = Bounds(0.0, float(rubric.top))
    stratum = np.unique(trials.cell, return_inverse=True)[1].astype(np.int64)
    share = correct_mean(judge_trials(verdict, label, stratum), bounds=bounds)
    what = f"share of trials: {rubric.levels[1]}" if rubric.kind == "label" else "mean level over trials"
    difference, arms = _difference(plan, judging, verdict, label, bounds)
    gold = judging.gold
    return JudgeCard(
        rubric=RubricFacts(rubric.name, rubric.kind, rubric.levels, rubric.tags, rubric.text, rubric.digest),
        judge=JudgeFacts(judge.name, judging.by, judge.digest, judge.null_model),
        part=part,
        trials=len(trials),
        log_digest=hash_trials(trials.log_digest.tolist()),
        source=judging.source,
        labels=int(np.isfinite(label).sum()),
        raters=() if gold is None else gold.raters,
        agreement=_agreement(judging, verdict, label),
        checks=tuple(make_row(check.name, check.what, check.estimate, check.reading) for check in judging.checks),
        share=_three(share, what, judge.null_model),
        difference=() if difference is None else _three(difference, f"{what}; {arms}", judge.null_model),
        arms=arms,
        weight=share.weight if np.isfinite(label).any() else None,
        distilled=() if judging.distilled is None else _losses(judging.distilled),
        summary=_summary(judging, share, what),
    )


def _three(found: Corrected, what: str, null_model: bool) -> tuple[Row, ...]:
    mark = " (null model)" if null_model else ""
    estimates = (found.raw, found.corrected, found.labels)
    marks = (mark, mark, "")
    return tuple(make_row(name, what + end, estimate) for name, end, estimate in zip(WAYS, marks, estimates, strict=True))


def _difference(plan: Plan, judging: Judging, verdict: Column, label: Column, bounds: Bounds) -> tuple[Corrected | None, str]:
    """The difference between the arms of the primary factor, where the judged part has both."""
    primary, trials = plan.primary, judging.trials
    if not len(trials) or primary.factor not in trials.factors:
        return None, ""
    column = trials.factors[primary.factor]

    def arm(level: float | str) -> NDArray[np.bool_]:
        # A factor with a word among its levels is a column of words, numbers printed as in the table.
        return column == (say_level(level) if column.dtype.kind == "U" else level)

    one, nil = arm(primary.treatment), arm(primary.control)
    if not one.any() or not nil.any():
        return None, ""
    others = [name for name in trials.factors if name != primary.factor]
    keys = [tuple(trials.factors[name][row].item() for name in others) for row in range(len(trials))]
    shared = {keys[row] for row in np.flatnonzero(one)} & {keys[row] for row in np.flatnonzero(nil)}
    both = np.array([key in shared for key in keys])
    if not both.any():
        return None, ""

    def judged(mask: NDArray[np.bool_]) -> Judged:
        own = mask & both
        return judge_trials(verdict[own], label[own], np.unique(trials.cell[own], return_inverse=True)[1])

    arms = f"{primary.factor} {say_level(primary.treatment)} minus {say_level(primary.control)}"
    return correct_difference(judged(one), judged(nil), bounds=bounds), arms


def _agreement(judging: Judging, verdict: Column, label: Column) -> tuple[Row, ...]:
    """Alpha between raters and with the judge, kappa, agreement, base rates, sensitivity and specificity."""
    rubric, gold = judging.rubric, judging.gold
    known = np.isfinite(label)
    if gold is None or not known.any():
        return ()
    scale = "nominal" if rubric.kind == "label" else "ordinal"
    said, labels = np.round(verdict[known]), label[known]
    # A tie between raters is no label of yes or no.
    firm = np.where(labels == np.floor(labels) + 0.5, np.nan, np.round(labels))
    rows: list[Row] = []
    if len(gold.raters) > 1:
        rows.append(make_row("raters, alpha", "Krippendorff's alpha between raters", estimate_alpha(gold.ratings, scale)))
    kappa = cohen_kappa(said, firm, "none" if rubric.kind == "label" else "quadratic")
    both = int(np.isfinite(firm).sum())
    rows += [
        make_row("alpha", "Krippendorff's alpha of judge and gold", estimate_alpha([said, firm], scale)),
        Row("kappa", "Cohen's kappa of judge and gold", kappa if np.isfinite(kappa) else None, n=both, method="no interval"),
        make_row("agreement", "share of labelled trials on which judge and gold agree", estimate_agreement(said, firm)),
    ]
    if rubric.kind == "label":
        found, yes = screen(said, firm), rubric.levels[1]
        rows += [
            make_row("gold, base rate", f"share of labelled trials that are {yes} by gold", found.gold),
            make_row("judge, base rate", f"share of labelled trials that are {yes} by the judge", found.judge),
            make_row("sensitivity", f"of those {yes} by gold, share that the judge finds", found.sensitivity),
            make_row(
                "specificity", f"of those {rubric.levels[0]} by gold, share that the judge leaves alone", found.specificity
            ),
        ]
    return tuple(rows)


def _losses(found: Distillation) -> tuple[Row, ...]:
    base = f"{found.judge_base:.2f} by always saying the more frequent verdict"
    rows = (
        ("distilled, judge", "share of held-out trials on which it gives the judge's verdict", found.judge_accuracy, base),
        ("distilled, log loss", "mean of -log P(the judge's verdict), nats a trial", found.log_loss, ""),
        ("distilled, gold", "share of labelled trials, held out, on which it gives the label", found.gold_accuracy, ""),
        ("distilled, loss", "how much less often than the judge itself it gives the label", found.gold_loss, _tell(found)),
    )
    return tuple(make_row(name, what, estimate, reading) for name, what, estimate, reading in rows)


def _tell(found: Distillation) -> str:
    """What the loss against gold says."""
    loss = found.gold_loss
    if not loss.bounded:
        return "not told: no interval"
    return "loses" if loss.low > 0 else "right more often than the judge" if loss.high < 0 else "no loss seen"


def _summary(judging: Judging, share: Corrected, what: str) -> str:
    labels = 0 if judging.gold is None else len(judging.gold.trials)
    text = f"{judging.rubric.name}, {what}: {_say(share.raw)} by the {judging.judge.name} alone"
    if labels:
        text += f"; {_say(share.corrected)} corrected on {labels} labelled trials; {_say(share.labels)} by the labels alone."
    else:
        text += "; no gold labels: nothing says how far that is off."
    if judging.judge.null_model:
        text += " The judge's model is a null model: its verdicts are the size of wording artefacts."
    return text


def _say(estimate: Estimate) -> str:
    if not np.isfinite(estimate.value):
        return "unknown"
    if not estimate.bounded:
        return f"{estimate.value:.2f} (no interval)"
    return f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"


def save_judgements(judging: Judging, directory: Path) -> Path:
    """Write `judgements.parquet`, one row a trial; the file is replaced whole or not at all.

    Columns: part, cell, seed, value, gold, held_out (verdict that enters the estimates), distilled (probability), evidence
    (list of `name@tick#agent`), words, judge.

    Raises:
        LogError: it cannot be written.
    """
    path = Path(directory) / "judgements.parquet"
    scratch = path.with_suffix(".parquet.part")
    probability = np.full(len(judging.judgements), np.nan) if judging.distilled is None else judging.distilled.held_out
    columns = (judging.labels(), judging.verdicts(), probability)
    rows = [
        [*one.trial, one.value, *map(_known, numbers), [str(event) for event in one.evidence], one.words, one.judge]
        for one, *numbers in zip(judging.judgements, *(column.tolist() for column in columns), strict=True)
    ]
    with connect() as connection:
        try:
            connection.execute(
                "CREATE TABLE found (part VARCHAR, cell INTEGER, seed INTEGER, value DOUBLE, gold DOUBLE, held_out DOUBLE, "
                "distilled DOUBLE, evidence VARCHAR[], words VARCHAR, judge VARCHAR)"
            )
            for place in range(0, len(rows), 1_000):
                chunk = rows[place : place + 1_000]
                marks = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"] * len(chunk))
                connection.execute(f"INSERT INTO found VALUES {marks}", [value for row in chunk for value in row])
            connection.execute(f"COPY found TO {quote(str(scratch))} (FORMAT parquet)")
            scratch.replace(path)
        except Exception as error:
            scratch.unlink(missing_ok=True)
            first = str(error).splitlines()[0]
            raise LogError(f"{path}: cannot be written ({first}). Make room or a writable folder, and repeat.") from error
    return path


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None


def choose_some(judgements: Sequence[Judgement], n: int, seed: int = 0) -> list[int]:
    """The places of at most n judgements drawn at random, in order."""
    places = np.random.default_rng(seed).permutation(len(judgements))[:n]
    return sorted(places.tolist())
