"""A judge distilled into a classifier that costs nothing: ridge logistic regression on features of a trial's log.

    minimise  sum_i log(1 + exp(-s_i z_i)) + penalty/2 |w|^2,   z = b + w . (x - mean) / scale,  s = +-1

Features: of each reading its mean, least, greatest and last value; of each event how often; of each traced answer mean and
greatest; of what was said how much, and the mean of its vectors, projected at random to 32 numbers. What is lost is measured
on trials that were not fitted on, against the judge and against gold. The penalty is chosen inside each fit, by trials that
the fit does not see.

Source: S. le Cessie and J. van Houwelingen, Applied Statistics 41 (1992) for ridge logistic regression; G. Hinton, O. Vinyals,
J. Dean, arXiv:1503.02531 for distillation; M. Stone, JRSS B 36 (1974) for nested choice; T. Hastie, R. Tibshirani,
Biostatistics 5 (2004) for more features than trials; D. Achlioptas, J. Computer and System Sciences 66 (2003) for the
projection.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commonweal.analysis.fields import Fields
from commonweal.analysis.judging.embedding_judge import deal_folds
from commonweal.analysis.judging.judge import Case, Judgement
from commonweal.analysis.judging.rubric import Rubric
from commonweal.core.errors import LogError, StudyError
from commonweal.statistics.inference import Bounds, Column, Estimate, estimate_mean, estimate_proportion

SCHEMA = "commonweal.distilled/1"
"""Version of the file."""
PROJECTED = 32
"""Numbers that the mean vector of what was said is projected to, by fixed random signs."""
PENALTIES = (1.0, 10.0, 100.0, 1000.0)
"""Penalties that are tried."""
_STEPS = 60
FEWEST = 20
"""Trials of each verdict without which there is nothing to distil from."""

Matrix = NDArray[np.float64]


def measure_features(case: Case, embedded: bool = False) -> dict[str, float]:
    """The features of a trial's log, by name.

    Args:
        case: the trial.
        embedded: whether the mean vector of what was said is among them, projected to 32 numbers.

    Raises:
        ModelRefusedError: the embedder is not installed.
    """
    found: dict[str, float] = {}
    for row in case.rows:
        if row.kind == "reading" and row.values:
            values = np.asarray(row.values, dtype=np.float64)
            for name, value in (("mean", values.mean()), ("least", values.min()), ("most", values.max()), ("last", values[-1])):
                found[f"{row.name} {name}"] = float(value)
        elif row.kind == "event":
            found[f"{row.name} events"] = found.get(f"{row.name} events", 0.0) + 1.0
    traces: dict[str, list[int]] = {}
    for row in case.rows:
        if row.kind == "trace" and row.name.startswith("act."):
            traces.setdefault(row.name, []).extend(row.values)
    for name, values in traces.items():
        if values:
            found |= {f"{name} mean": float(np.mean(values)), f"{name} most": float(np.max(values))}
    texts = tuple(text for _, text in case.said() if text.strip())
    found["words characters"] = float(sum(map(len, texts)))
    if embedded:
        from commonweal.models.embedder import DIMENSIONS, embed_texts

        mean = embed_texts(texts).values.mean(0) if texts else np.zeros(DIMENSIONS)
        shadow = np.random.default_rng(0).choice([-1.0, 1.0], (PROJECTED, DIMENSIONS)) / np.sqrt(PROJECTED)
        found |= {f"said {place}": float(value) for place, value in enumerate(shadow @ mean)}
    return found


@dataclass(frozen=True)
class Distilled:
    """A classifier that stands for a judge."""

    rubric: str
    """Digest of the rubric."""
    teacher: str
    """Digest of the judge that it was distilled from."""
    null_model: bool
    """Whether that judge's model is a negative control."""
    features: tuple[str, ...]
    """Names, in the order of the numbers below. [d]"""
    means: tuple[float, ...]
    """Mean of each feature in the trials it was fitted on. [d]"""
    scales: tuple[float, ...]
    """Standard deviation of each, 1 where it did not vary. [d]"""
    weights: tuple[float, ...]
    """Of each standardised feature. [d]"""
    intercept: float
    """Log-odds of a trial with mean features."""
    penalty: float
    """Of the ridge."""
    embedded: bool
    """Whether the mean vector of what was said is among the features."""

    @cached_property
    def digest(self) -> str:
        """`sha256:` over all of it."""
        return "sha256:" + hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def probability(self, features: dict[str, float]) -> float:
        """The probability of level 1; a feature that a trial lacks counts as 0."""
        x = np.array([features.get(name, 0.0) for name in self.features])
        z = (x - np.array(self.means)) / np.array(self.scales) @ np.array(self.weights) + self.intercept
        return float(_sigmoid(np.array([z]))[0])


@dataclass(frozen=True)
class DistilledJudge:
    """A distilled classifier as a judge."""

    distilled: Distilled
    """What it applies."""

    @property
    def name(self) -> str:
        """For people."""
        return "distilled classifier"

    @property
    def null_model(self) -> bool:
        """As of the judge that it stands for."""
        return self.distilled.null_model

    @property
    def digest(self) -> str:
        """The classifier's."""
        return self.distilled.digest

    async def judge(self, case: Case) -> Judgement:
        """Level 1 where its probability is above 1/2. It rests on sums over the log and cites no single event.

        Args:
            case: the trial.
        """
        share = self.distilled.probability(measure_features(case, self.distilled.embedded))
        return Judgement(case.trial, float(share > 0.5), (), f"probability {share:.2f}, by sums over the log", self.digest)


@dataclass(frozen=True)
class Distillation:
    """A classifier and what it loses, on trials that it was not fitted on."""

    distilled: Distilled
    """Fitted on all trials."""
    held_out: Column
    """Probability of level 1 by a fit on the other folds. [r]"""
    judge_accuracy: Estimate
    """Share of trials on which it gives the judge's verdict."""
    judge_base: float
    """The same, for saying the judge's more frequent verdict always."""
    log_loss: Estimate
    """Mean of -log P(the judge's verdict), nats a trial."""
    gold_accuracy: Estimate
    """Share of labelled trials on which it gives the label."""
    gold_loss: Estimate
    """How much less often than the judge itself it gives the label, as a share of labelled trials."""


def distil_judge(
    cases: Sequence[Case],
    judgements: Sequence[Judgement],
    gold: ArrayLike,
    rubric: Rubric,
    teacher: tuple[str, bool],
    seed: int = 0,
) -> Distillation:
    """Fit a classifier to a judge's verdicts, and measure its loss by 5-fold cross-validation over trials.

    Args:
        cases: the trials, [r].
        judgements: of the same trials in the same order.
        gold: labels from 0 to 1, NaN where a trial has none, [r].
        rubric: a label.
        teacher: the judge's digest, and whether it is a null model.
        seed: of the folds.

    Raises:
        StudyError: the rubric is a score, or the judge gave one of its verdicts fewer than 20 times.
    """
    verdict = np.array([one.value > 0.5 for one in judgements], dtype=np.float64)
    if rubric.kind != "label":
        raise StudyError(f"rubric {rubric.name} is a score; expected a label: only a judge of yes and no can be distilled")
    fewest = int(min(verdict.sum(), verdict.size - verdict.sum()))
    if fewest < FEWEST:
        raise StudyError(f"the judge gave one of its verdicts {fewest} times, expected at least {FEWEST}: judge more trials")
    embedded = any(case.events("say") for case in cases)
    names, x = _tabulate(cases, embedded)
    held_out = _hold_out(x, verdict, seed)
    fit = _fit(x, verdict, seed)
    distilled = Distilled(
        rubric=rubric.digest,
        teacher=teacher[0],
        null_model=teacher[1],
        features=names,
        means=_tuple(fit.means),
        scales=_tuple(fit.scales),
        weights=_tuple(fit.weights),
        intercept=fit.intercept,
        penalty=fit.penalty,
        embedded=embedded,
    )
    said = (held_out > 0.5).astype(np.float64)
    label = np.asarray(gold, dtype=np.float64)
    known = np.isfinite(label) & (label != 0.5)
    right, own = (((column > 0.5) == (label > 0.5))[known].astype(np.float64) for column in (said, verdict))
    chance = np.clip(np.where(verdict > 0.5, held_out, 1 - held_out), 1e-12, 1)
    return Distillation(
        distilled=distilled,
        held_out=held_out,
        judge_accuracy=estimate_proportion((said == verdict).astype(np.float64)),
        judge_base=float(max(verdict.mean(), 1 - verdict.mean())),
        log_loss=estimate_mean(-np.log(chance)),
        gold_accuracy=estimate_proportion(right),
        gold_loss=estimate_mean(own - right, bounds=Bounds(-1.0, 1.0)),
    )


def _tabulate(cases: Sequence[Case], embedded: bool) -> tuple[tuple[str, ...], Matrix]:
    """The features that vary, by name, and their values, [r, d]."""
    rows = [measure_features(case, embedded) for case in cases]
    names = tuple(sorted({name for row in rows for name in row}))
    x = np.array([[row.get(name, 0.0) for name in names] for row in rows])
    varied = np.flatnonzero(np.ptp(x, axis=0) > 0).tolist()
    names, x = tuple(names[place] for place in varied), x[:, varied]
    return names, x


def _hold_out(x: Matrix, y: Column, seed: int) -> Column:
    """The probability of each trial by a fit on the other four of five folds, [r]."""
    fold, held_out = deal_folds(y.size, 5, seed), np.zeros(y.size)
    for own in range(5):
        rest = fold != own
        held_out[~rest] = _fit(x[rest], y[rest], seed).probabilities(x[~rest])
    return held_out


def _tuple(column: Column) -> tuple[float, ...]:
    return tuple(float(value) for value in column)


@dataclass(frozen=True)
class _Fit:
    means: Column
    scales: Column
    weights: Column
    intercept: float
    penalty: float

    def probabilities(self, x: Matrix) -> Column:
        return _sigmoid((x - self.means) / self.scales @ self.weights + self.intercept)


def _fit(x: Matrix, y: Column, seed: int) -> _Fit:
    """A fit whose penalty does best on folds that it does not see."""
    fold, losses = deal_folds(y.size, 3, seed + 1), dict.fromkeys(PENALTIES, 0.0)
    for own in range(3):
        rest = fold != own
        for fit in _fits(x[rest], y[rest], PENALTIES):
            p = np.clip(fit.probabilities(x[~rest]), 1e-12, 1 - 1e-12)
            losses[fit.penalty] -= float((y[~rest] * np.log(p) + (1 - y[~rest]) * np.log(1 - p)).sum())
    return _fits(x, y, (min(PENALTIES, key=losses.__getitem__),))[0]


def _fits(x: Matrix, y: Column, penalties: Sequence[float]) -> list[_Fit]:
    """A fit at each penalty.

    Where there are more features than trials, it is solved in the space that the trials span, in which the ridge is the same.
    """
    means, scales = x.mean(0), x.std(0)
    scales = np.where(scales > 1e-12, scales, 1.0)
    plain, basis = (x - means) / scales, None
    if x.shape[1] > x.shape[0]:
        basis, upper = np.linalg.qr(plain.T)
        plain = upper.T
    found: list[_Fit] = []
    for penalty in penalties:
        weights, intercept = fit_logistic(plain, y, penalty)
        found.append(_Fit(means, scales, weights if basis is None else basis @ weights, intercept, penalty))
    return found


def fit_logistic(x: Matrix, y: Column, penalty: float) -> tuple[Column, float]:
    """Ridge logistic regression by Newton steps, halved until they help; the intercept is not penalised.

    Args:
        x: features, [r, d].
        y: outcomes, 0 to 1, [r].
        penalty: above 0.

    Returns:
        Weights [d] and intercept.

    Source: le Cessie and van Houwelingen 1992.
    """
    from scipy.linalg import solve

    wide = np.column_stack([x, np.ones(len(x))])
    ridge = np.append(np.full(x.shape[1], penalty), 0.0)

    def loss(at: Column) -> float:
        z = wide @ at
        return float((np.logaddexp(0, z) - y * z).sum() + (ridge * at**2).sum() / 2)

    at, least = np.zeros(wide.shape[1]), loss(np.zeros(wide.shape[1]))
    for _ in range(_STEPS):
        p = _sigmoid(wide @ at)
        slope = wide.T @ (p - y) + ridge * at
        curve = (wide.T * (p * (1 - p))) @ wide + np.diag(ridge + 1e-10)
        step = solve(curve, slope, assume_a="pos")
        size = 1.0
        while size > 1e-6 and loss(at - size * step) > least:
            size /= 2
        after = loss(at - size * step)
        if after > least:
            break
        at, gain, least = at - size * step, least - after, after
        if gain < 1e-12 * (1 + abs(least)):
            break
    return at[:-1], float(at[-1])


def _sigmoid(z: Column) -> Column:
    return 0.5 * (1 + np.tanh(z / 2))


def save_distilled(distilled: Distilled, path: Path) -> Path:
    """Write a classifier as JSON, at once or not at all. Raises LogError if it cannot be written."""
    path = Path(path)
    scratch = path.with_suffix(".json.part")
    try:
        scratch.write_text(json.dumps({"schema": SCHEMA, **asdict(distilled)}, indent=1, allow_nan=False), encoding="utf-8")
        os.replace(scratch, path)
    except OSError as error:
        raise LogError(f"{path}: cannot be written ({error.strerror}). Make room or name a writable folder.") from error
    return path


def read_distilled(path: Path) -> Distilled:
    """The classifier in a file. Raises LogError if it is missing, damaged or of another version."""
    path = Path(path)
    try:
        fields = Fields(json.loads(path.read_text(encoding="utf-8")), str(path))
        if fields.raw.get("schema") != SCHEMA:
            raise ValueError(f"schema {str(fields.raw.get('schema'))[:40]!r}, expected {SCHEMA!r}")
        columns = {
            name: tuple(float(cast("float", x)) for x in fields.entries(name)) for name in ("means", "scales", "weights")
        }
        names = fields.texts("features")
        if any(len(column) != len(names) or not np.isfinite(column).all() for column in columns.values()):
            raise ValueError("columns of unlike length, or numbers that are none")
        return Distilled(
            rubric=fields.text("rubric"),
            teacher=fields.text("teacher"),
            null_model=fields.flag("null_model"),
            features=names,
            means=columns["means"],
            scales=columns["scales"],
            weights=columns["weights"],
            intercept=fields.number("intercept"),
            penalty=fields.number("penalty"),
            embedded=fields.flag("embedded"),
        )
    except (OSError, ValueError, TypeError, LogError) as error:
        raise LogError(f"{path}: found no classifier ({error}); expected what `commonweal judge --distil` writes.") from error
