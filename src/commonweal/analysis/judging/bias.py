"""What moves a judge that should not: the place of an option, the length of a transcript, its own kind, the day.

The unit of every interval is the trial.

Source: L. Zheng et al., "Judging LLM-as-a-judge", NeurIPS 2023, arXiv:2306.05685 (position, verbosity, own family);
R. Fisher, Metron 1 (1921) for the interval of a correlation, with the degrees of freedom of a partial one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from commonweal.analysis.judging.judge import Case, Judgement
from commonweal.analysis.judging.language_judge import family_of, same_family
from commonweal.statistics.inference import Bounds, Column, Estimate, estimate_mean, estimate_proportion


@dataclass(frozen=True)
class Check:
    """One thing that should not move a judge, and how far it does."""

    name: str
    """`position`, `length`, `own family`, `repeat`."""
    what: str
    """What was measured, in words."""
    estimate: Estimate | None
    """On its own scale; None where there is nothing to measure."""
    reading: str
    """In words: `none seen`, `moves it`, `not measured: ...`."""


def check_shift(name: str, what: str, before: Sequence[Judgement], after: Sequence[Judgement], top: int) -> tuple[Check, Check]:
    """How far judgements of the same trials differ: the share that changed, and the mean change.

    Args:
        name: of the check.
        what: was changed, in words.
        before: judgements.
        after: judgements of the same trials in the same order.
        top: highest level of the rubric.
    """
    gap = np.array([two.value - one.value for one, two in zip(before, after, strict=True)], dtype=np.float64)
    changed = estimate_proportion((np.abs(gap) > 1e-9).astype(np.float64))
    shift = estimate_mean(gap, bounds=Bounds(-float(top), float(top)))
    count = int((np.abs(gap) > 1e-9).sum())
    seen = "not measured: no trial was judged twice" if not gap.size else f"{count} of {gap.size} verdicts changed"
    return (
        Check(f"{name}, changed", f"share of trials whose verdict changes: {what}", changed if gap.size else None, seen),
        Check(name, f"mean change of the verdict: {what}", shift if gap.size else None, _read(shift) if gap.size else seen),
    )


def _read(estimate: Estimate) -> str:
    if not estimate.bounded:
        return "not told: no interval"
    return "none seen" if estimate.low <= 0 <= estimate.high else "moves it"


def check_length(verdict: ArrayLike, length: ArrayLike, gold: ArrayLike, level: float = 0.95) -> Check:
    """The correlation of verdict and transcript length among trials of one gold label: length alone must not convict.

    Partial correlation r given gold, whose k values are classes, with Fisher's interval tanh(atanh r +- z / sqrt(n - 2 - k)).

    Args:
        verdict: of each trial, [r].
        length: of its transcript, in any unit, [r].
        gold: its label, NaN where it has none: such trials are left out, [r].
        level: nominal coverage, in (0, 1).
    """
    what = "correlation of verdict and transcript length, gold held fixed"
    said, size, label = (np.asarray(x, dtype=np.float64) for x in (verdict, length, gold))
    known = np.isfinite(label)
    classes, place = np.unique(label[known], return_inverse=True)
    one, two = (_within(x[known], place, classes.size) for x in (said, size))
    freedom = int(known.sum()) - 3 - max(classes.size - 1, 0)
    if freedom < 1:
        return Check("length", what, None, "not measured: too few labelled trials")
    if float((one**2).sum()) < 1e-12 or float((two**2).sum()) < 1e-12:
        return Check("length", what, None, "nothing to measure: among trials of one label, verdicts or lengths do not vary")
    r = float(np.clip((one * two).sum() / np.sqrt((one**2).sum() * (two**2).sum()), -1 + 1e-12, 1 - 1e-12))
    half = float(ndtri(0.5 + level / 2)) / np.sqrt(freedom)
    low, high = (float(np.tanh(np.arctanh(r) + sign * half)) for sign in (-1, 1))
    found = Estimate(r, low, high, level, "partial correlation over trials, Fisher interval", int(known.sum()))
    return Check("length", what, found, _read(found))


def _within(column: Column, place: np.ndarray, classes: int) -> Column:
    """What is left of a column without its classes' means."""
    sums, counts = np.bincount(place, column, classes), np.bincount(place, minlength=classes)
    return column - (sums / np.maximum(counts, 1))[place]


def measure_length(case: Case) -> float:
    """The length of a transcript: its events and all its words in characters, logarithm of 1 + n."""
    events = sum(row.kind == "event" for row in case.rows)
    return float(np.log1p(events + sum(len(text) for _, text in case.said())))


def check_family(judge: str, subjects: Sequence[str]) -> Check:
    """Whether a judge's model is of the family of a model that it judges: a flag, not a measurement.

    Args:
        judge: name of its model; empty: it has none.
        subjects: names of the models in the run.
    """
    what = "whether the judge's model is of the family of a model that it judges"
    if not judge or not subjects:
        return Check(
            "own family", what, None, "no: " + ("the judge has no language model" if not judge else "no model is judged")
        )
    if same_family(judge, subjects):
        return Check("own family", what, None, f"yes: both are {family_of(judge)}; judge by another family too, and show both")
    return Check("own family", what, None, f"no: {family_of(judge)} judges {', '.join(family_of(name) for name in subjects)}")
