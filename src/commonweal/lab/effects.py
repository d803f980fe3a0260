"""What the answers to the card's questions say: contrasts over stories, on one scale.

With gap = log P(help) - log P(take), in nats:

    effect of a probe   mean over stories of [ gap under its first condition - gap under its second ]
    option order        mean over stories of [ gap, helpful answer first - gap, helpful answer second ]
    option order, size  mean over stories of | the same, in one wording | : it may pull both ways and be large all the same
    paraphrase, size    mean over stories of | gap in one wording - gap in the other |

each within the same wording and order (condition), averaged within a story, with a t interval over stories: a story is an
item, its wordings and orders are not. Where a model gives no log-probabilities for all labels, gaps are taken in the
share of helpful answers, P(help) / (P(help) + P(take)), from 0 to 1, instead of nats.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from commonweal.lab.probes import CONDITIONS, PROBES, Probe, Question
from commonweal.models.completion import FLOOR_NATS
from commonweal.models.model import Scores
from commonweal.statistics.inference import Bounds, Estimate, estimate_mean

Scale = Literal["nats", "share"]
"""Log-odds of the helpful answer, or the share of helpful answers."""

Answers = Mapping[Question, float]
"""The measure of helping in each answered question."""


@dataclass(frozen=True)
class Effect:
    """How far one thing moves a model's choices."""

    name: str
    """What is varied."""
    what: str
    """The contrast in words."""
    interval: Estimate
    """The effect on the card's scale, over stories."""
    share: float | None
    """The same effect in the share of helpful answers, -1 to 1."""
    pairs: int
    """Compared answers, within stories."""
    signed: bool = True
    """False for a size, which is 0 or above whatever the model does."""

    @property
    def reading(self) -> str:
        """The effect in words; an interval that holds 0 tells nothing."""
        if not self.interval.bounded:
            return "not measured"
        if not self.signed:
            return "a size, without sign"
        return "moves up" if self.interval.above_zero else "moves down" if self.interval.below_zero else "not told from 0"

    def facts(self) -> dict[str, object]:
        """The effect as JSON."""
        facts: dict[str, object] = {"name": self.name, "what": self.what, **self.interval.facts("effect")}
        return {**facts, "share": self.share, "pairs": self.pairs, "signed": self.signed, "reading": self.reading}


def lean(scores: Scores, scale: Scale) -> float | None:
    """How far a reply leans to its first label: log-odds in nats, or its share, 0 to 1; None where it named no label.

    Args:
        scores: a reply over two labels.
        scale: on which scale.
    """
    if not scores.answered:
        return None
    first, second = (max(value, FLOOR_NATS) for value in scores.logprobs)
    gap = first - second
    return gap if scale == "nats" else 1 / (1 + math.exp(-gap))


def helping(question: Question, scores: Scores, scale: Scale) -> float | None:
    """How far a reply leans to the helpful answer: log-odds in nats, or its share; None where it named no label.

    Args:
        question: what was asked: it knows where the helpful answer stood.
        scores: the reply.
        scale: on which scale.
    """
    value = lean(scores, scale)
    if value is None or question.order == 0:
        return value
    return -value if scale == "nats" else 1 - value


def measure_effects(replies: Mapping[Question, Scores], scale: Scale) -> list[Effect]:
    """The effects of the card: those of `PROBES`, then `option order`, `option order, size` and `paraphrase, size`.

    Args:
        replies: what came of each question.
        scale: on which scale.
    """
    on_scale, in_shares = _answers(replies, scale), _answers(replies, "share")
    found = [_effect(probe.name, probe.what, on_scale, in_shares, scale, _contrast(probe)) for probe in PROBES]
    order = "the helpful answer first, minus second"
    found.append(_effect("option order", order, on_scale, in_shares, scale, _order))
    size = "helpful answer first, minus second, in one wording, without its sign"
    found.append(_effect("option order, size", size, on_scale, in_shares, scale, _order_size, signed=False))
    paraphrase = "the same question in another wording, without its sign"
    found.append(_effect("paraphrase, size", paraphrase, on_scale, in_shares, scale, _paraphrase, signed=False))
    return found


def _answers(replies: Mapping[Question, Scores], scale: Scale) -> dict[Question, float]:
    values = {question: helping(question, scores, scale) for question, scores in replies.items()}
    return {question: value for question, value in values.items() if value is not None}


def _effect(
    name: str,
    what: str,
    on_scale: Answers,
    in_shares: Answers,
    scale: Scale,
    differences: Callable[[Answers, int], list[float]],
    signed: bool = True,
) -> Effect:
    stories = sorted({question.story for question in on_scale})
    rows = [row for story in stories if (row := differences(on_scale, story))]
    high = math.inf if scale == "nats" else 1.0
    means, bounds = [float(np.mean(row)) for row in rows], Bounds(-high if signed else 0.0, high)
    interval = estimate_mean(means, bounds=bounds, certain=True)
    shares = [float(np.mean(row)) for story in stories if (row := differences(in_shares, story))]
    return Effect(name, what, interval, float(np.mean(shares)) if shares else None, sum(map(len, rows)), signed)


def _contrast(probe: Probe) -> Callable[[Answers, int], list[float]]:
    def differences(answers: Answers, story: int) -> list[float]:
        return _paired(
            answers,
            [
                (Question(story, probe.first, wording, order), Question(story, probe.second, wording, order))
                for wording in range(2)
                for order in range(2)
            ],
        )

    return differences


def _order(answers: Answers, story: int) -> list[float]:
    sides = [(condition, wording) for condition in CONDITIONS for wording in range(2)]
    return _paired(answers, [(Question(story, *side, 0), Question(story, *side, 1)) for side in sides])


def _order_size(answers: Answers, story: int) -> list[float]:
    """Of each wording, averaged over conditions before the sign is dropped: what conditions add is not the order's."""
    found: list[float] = []
    for wording in range(2):
        sides = [(Question(story, condition, wording, 0), Question(story, condition, wording, 1)) for condition in CONDITIONS]
        row = _paired(answers, sides)
        if row:
            found.append(abs(float(np.mean(row))))
    return found


def _paraphrase(answers: Answers, story: int) -> list[float]:
    """Of each condition, averaged over orders before the sign is dropped: the order is another probe's."""
    found: list[float] = []
    for condition in CONDITIONS:
        pairs = [(Question(story, condition, 0, order), Question(story, condition, 1, order)) for order in range(2)]
        row = _paired(answers, pairs)
        if row:
            found.append(abs(float(np.mean(row))))
    return found


def _paired(answers: Answers, pairs: list[tuple[Question, Question]]) -> list[float]:
    return [answers[one] - answers[two] for one, two in pairs if one in answers and two in answers]
