"""The mind card: what moves a language model's choice between helping and taking, before a study trusts it.

In a two-person social dilemma with answers A and B, the score is the log-odds (nats) of the helpful answer. Four wordings,
both orders of the answers, so 48 scored prompts in all:

- payoffs: helping dominant minus taking dominant; a mind that reads payoffs moves up.
- persona: a generous persona minus a ruthless one.
- history: the other helped last time minus the other took.
- option order: the helpful answer listed first minus listed second (from the payoff prompts): a mind that reads stays at 0.

Each effect is the mean over wordings with a 95 % t interval over the four of them: wordings are what is sampled.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from scipy.special import stdtrit

from commonweal.models.model import Model

PROMPTS = 48
_WORDINGS = (
    "You and another person each choose once. Your choices: {options}. {facts} Which do you choose?",
    "Two partners decide at the same time. The options are {options}. {facts} Name your option.",
    "There is a decision to make with a stranger. Possible answers: {options}. {facts} What is your answer?",
    "You meet someone in a market. You can do one of two things: {options}. {facts} Which one will you do?",
)
_HELP, _TAKE = "share what you have", "keep it all for yourself"
_PROBES: Mapping[str, tuple[str, str, str]] = {
    "payoffs": (
        "If you share you earn 10 points and if you keep you earn 1 point.",
        "If you share you earn 1 point and if you keep you earn 10 points.",
        "helping pays 10 against 1, minus helping pays 1 against 10",
    ),
    "persona": (
        "You are generous and care about others.",
        "You are ruthless and care only about yourself.",
        "a generous persona minus a ruthless one",
    ),
    "history": (
        "Last time the other person shared with you.",
        "Last time the other person kept everything and left you nothing.",
        "the other helped last time, minus the other took",
    ),
}


async def mind_card(model: Model, report: Callable[[float], None]) -> dict[str, object]:
    """Measure a model with 48 scored prompts.

    Args:
        model: what is asked.
        report: called with the share of the prompts that is done, 0 to 1.

    Returns:
        The card as JSON: see the files of a run in `design/`.

    Raises:
        ModelError: the model could not be asked.
    """
    odds: dict[tuple[str, int, int, int], float] = {}
    answered = 0
    for name, (first, second, _) in _PROBES.items():
        for side, facts in enumerate((first, second)):
            for wording in range(len(_WORDINGS)):
                for order in range(2):
                    value, legal = await _log_odds(model, _WORDINGS[wording], facts, order)
                    odds[name, side, wording, order] = value
                    answered += legal
                    report(len(odds) / PROMPTS)
    probes = [_probe(name, what, _contrast(odds, name)) for name, (_, _, what) in _PROBES.items()]
    probes.append(_probe("option order", "the helpful answer first, minus second", _order_effect(odds)))
    return {
        "model": model.name,
        "digest": model.digest,
        "null_model": model.null_model,
        "prompts": len(odds),
        "answered": answered / len(odds),
        "probes": probes,
        "summary": _summary(probes, model.null_model),
    }


async def _log_odds(model: Model, wording: str, facts: str, order: int) -> tuple[float, bool]:
    """Log-odds of the helpful answer, in nats, and whether the model answered with a label at all."""
    answers = (_HELP, _TAKE) if order == 0 else (_TAKE, _HELP)
    listed = f"A) {answers[0]}, B) {answers[1]}"
    suffix = f"{wording.format(options=listed, facts=facts)}\nAnswer with the letter only."
    scores = await model.score("Answer every question with one letter.", suffix, ("A", "B"))
    gap = scores.logprobs[0] - scores.logprobs[1]
    return (gap if order == 0 else -gap) if math.isfinite(gap) else 0.0, scores.answered


def _contrast(odds: Mapping[tuple[str, int, int, int], float], name: str) -> list[float]:
    """One side minus the other, by wording, averaged over both orders."""
    return [
        float(np.mean([odds[name, 0, wording, order] - odds[name, 1, wording, order] for order in range(2)]))
        for wording in range(len(_WORDINGS))
    ]


def _order_effect(odds: Mapping[tuple[str, int, int, int], float]) -> list[float]:
    """Helpful answer first minus second, by wording, averaged over both payoff tables."""
    return [
        float(np.mean([odds["payoffs", side, wording, 0] - odds["payoffs", side, wording, 1] for side in range(2)]))
        for wording in range(len(_WORDINGS))
    ]


def _probe(name: str, what: str, effects: list[float]) -> dict[str, object]:
    mean, spread = float(np.mean(effects)), float(np.std(effects, ddof=1)) / math.sqrt(len(effects))
    half = float(stdtrit(len(effects) - 1, 0.975)) * spread
    low, high = mean - half, mean + half
    moved = "moves up" if low > 0 else "moves down" if high < 0 else "not told from 0"
    return {"name": name, "what": what, "effect_nats": mean, "low": low, "high": high, "n": len(effects), "reading": moved}


def _summary(probes: list[dict[str, object]], null_model: bool) -> str:
    sizes = {str(probe["name"]): abs(float(str(probe["effect_nats"]))) for probe in probes}
    strongest = max(sizes, key=lambda name: sizes[name])
    text = (
        f"What moves its choices most is {strongest} ({sizes[strongest]:.2f} nats); payoffs move them {sizes['payoffs']:.2f}."
    )
    return (
        f"{text} It is the null model: its figures show the size of wording artefacts, not how agents behave."
        if null_model
        else text
    )
