"""The mind card: what moves a model's choices between helping and taking, and whether its answers can be trusted to repeat.

It is measured before a study trusts a model: legal answers; what payoffs, history, persona, an audience, the order of
options and another wording move (`effects`); whether the model names what it is tested for (`awareness`); whether the same
call gets the same reply, alone and among many (`steadiness`); tokens and time of a decision.

The unit of every interval is the story. Intervals are of 95 % each and not corrected for their number.

What the embedded model shows is the size of the wording artefact: it is the negative control, and its card says so.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from commonweal.core.errors import LogError
from commonweal.lab.awareness import CHOICES, DISTRACTORS, HYPOTHESES, NAMES, OUTCOME, Guess, list_guesses, names_hypothesis
from commonweal.lab.effects import Effect, Scale, lean, measure_effects
from commonweal.lab.probes import IN_RUN, LABELS, Question, Size, list_questions
from commonweal.lab.steadiness import Steadiness, gather_all, measure_steadiness
from commonweal.models.model import ChoiceField, Form, Model, Reply, Scores, Usage
from commonweal.models.stored import Stored
from commonweal.statistics.inference import Bounds, Estimate, estimate_mean

SCHEMA = "commonweal.card/2"
"""Version of the card's JSON."""
LEVEL = 0.95
"""Nominal coverage of every interval."""
_SHARE = Bounds(0.0, 1.0)
IN_FLIGHT = 16
"""Calls in flight while the questions are asked."""
FORM = Form((ChoiceField("answer", LABELS),))
"""What a written answer must look like where a form is asked for."""
_FREE_TOKENS, _GUESS_TOKENS, _KEPT = 8, 32, 300
_LETTER = re.compile(r"[\W_]*(?:(?i:the answer is|answer|option|i choose)\W+)?([A-Z])(?=\s*(?:$|[^\w\s'’]|\n))")

Json = dict[str, object]
T = TypeVar("T")


@dataclass(frozen=True)
class _Heard:
    """All that a model answered."""

    replies: Mapping[Question, Scores]
    guesses: Mapping[Guess, Scores]
    texts: Mapping[Guess, str]
    forms: Mapping[int, str]
    """By story."""
    again: Mapping[int, str]
    free: Mapping[int, str]
    steady: Steadiness
    usage: Usage


class _Interview:
    """Asks a model, some calls at once, and counts."""

    def __init__(self, model: Model, report: Callable[[float], None], total: int) -> None:
        self.model, self.usage = model, Usage()
        self._report, self._total, self._done = report, total, 0
        self._gate = asyncio.Semaphore(IN_FLIGHT)

    def done(self) -> None:
        """One more call is over."""
        self._done += 1
        self._report(self._done / self._total)

    async def score(self, prefix: str, suffix: str, labels: tuple[str, ...]) -> Scores:
        """One scored call."""
        return await self._count(self.model.score(prefix, suffix, labels))

    async def write(self, prefix: str, suffix: str, form: Form | None, tokens: int) -> Reply:
        """One written reply, without chance."""
        return await self._count(self.model.generate(prefix, suffix, form, max_tokens=tokens, temperature=0.0, draw=0))

    async def _count(self, call: Coroutine[None, None, T]) -> T:
        async with self._gate:
            answer = await call
        if isinstance(answer, Scores | Reply):
            self.usage += answer.usage
        self.done()
        return answer


async def mind_card(model: Model, report: Callable[[float], None], size: Size = IN_RUN) -> Json:
    """Measure a model.

    Args:
        model: what is asked. Where it stores replies, its store answers the questions, but not what is repeated; where it
            only replays them, nothing is repeated.
        report: called with the share of the calls that is done, 0 to 1.
        size: how much is asked.

    Returns:
        The card as JSON: see the files of a run in `design/`.

    Raises:
        ModelError: the model could not be asked.
    """
    began = time.perf_counter()
    heard = await _hear(model, report, size)
    every = (*heard.replies.values(), *(reply for row in heard.steady.alone for reply in row), *heard.steady.together)
    scale: Scale = "nats" if all(scores.exact for scores in every) else "share"
    effects = measure_effects(heard.replies, scale)
    return {
        "schema": SCHEMA,
        "model": model.name,
        "digest": model.digest,
        "null_model": model.null_model,
        "scale": scale,
        "level": LEVEL,
        "stories": size.stories,
        "questions": len(heard.replies),
        "legal": _legal(heard, scale),
        "probes": [effect.facts() for effect in effects],
        "awareness": _awareness(heard),
        "determinism": _determinism(heard, scale),
        "batch": _batch(heard.steady, scale),
        "cost": {**_cost(heard), "seconds": time.perf_counter() - began},
        "summary": _summary(effects, scale, model.null_model),
    }


async def save_card(model: Model, directory: Path, report: Callable[[float], None], size: Size = IN_RUN) -> Json:
    """Measure a model and write `card.json` into a folder, at once or not at all.

    Args:
        model: what is asked.
        directory: a folder that is there.
        report: called with the share of the calls that is done, 0 to 1.
        size: how much is asked.

    Raises:
        ModelError: the model could not be asked.
        LogError: the folder cannot be written.
    """
    card = await mind_card(model, report, size)
    draft = directory / "card.json.tmp"
    try:
        draft.write_text(json.dumps(card, indent=1, allow_nan=False), encoding="utf-8")
        draft.replace(directory / "card.json")
    except OSError as error:
        raise LogError(f"{directory} cannot be written ({error.strerror}); free space or choose another folder") from error
    return card


async def _hear(model: Model, report: Callable[[float], None], size: Size) -> _Heard:
    """Ask everything, story by story, since a story's questions share their prefix; then what is repeated."""
    questions, guesses = list_questions(size), list_guesses(size)
    plain = [Question(story, "neutral", 0, story % 2) for story in range(size.written)]
    spoken = [guess for guess in guesses if guess.about.story < size.written]
    chosen = [questions[len(questions) * place // size.steady] for place in range(size.steady)]
    total = len(questions) + len(guesses) + len(spoken) + 3 * len(plain) + size.steady * (size.repeats + 1)
    interview = _Interview(model, report, total)
    replies: dict[Question, Scores] = {}
    listed: dict[Guess, Scores] = {}
    texts: dict[Guess, str] = {}
    written: dict[tuple[int, str], str] = {}

    async def ask(question: Question) -> None:
        replies[question] = await interview.score(question.prefix, question.suffix, LABELS)

    async def choose(guess: Guess) -> None:
        listed[guess] = await interview.score(guess.prefix, guess.listed, guess.labels)

    async def say(guess: Guess) -> None:
        texts[guess] = (await interview.write(guess.prefix, guess.written, None, _GUESS_TOKENS)).text

    async def write(question: Question, kind: str) -> None:
        form, tokens = (FORM, FORM.max_tokens) if kind == "form" else (None, _FREE_TOKENS)
        written[question.story, kind] = (await interview.write(question.prefix, question.suffix, form, tokens)).text

    for story in range(size.stories):
        await gather_all(
            [ask(question) for question in questions if question.story == story]
            + [choose(guess) for guess in guesses if guess.about.story == story]
            + [say(guess) for guess in spoken if guess.about.story == story]
            + [write(question, kind) for question in plain if question.story == story for kind in ("form", "free")]
        )
    again: dict[int, str] = {}
    steady = Steadiness((), (), (), 0.0)
    if not replays(model):
        inner = unstored(model)
        for question in plain:
            tokens = FORM.max_tokens
            reply = await inner.generate(question.prefix, question.suffix, FORM, max_tokens=tokens, temperature=0.0, draw=0)
            again[question.story] = reply.text
            interview.done()
        calls = [(question.prefix, question.suffix, LABELS) for question in chosen]
        steady = await measure_steadiness(inner, calls, size.repeats, interview.done)
    forms = {story: text for (story, kind), text in written.items() if kind == "form"}
    free = {story: text for (story, kind), text in written.items() if kind == "free"}
    return _Heard(replies, listed, texts, forms, again, free, steady, interview.usage)


def unstored(model: Model) -> Model:
    """The model behind a store: a stored reply repeats itself whatever the model does.

    Args:
        model: any model.
    """
    while isinstance(model, Stored):
        model = model.model
    return model


def replays(model: Model) -> bool:
    """Whether a store alone answers, so that nothing can be asked again.

    Args:
        model: any model.
    """
    return isinstance(model, Stored) and model.mode == "replay"


def names_label(text: str) -> bool:
    """Whether free text answers with one of the two letters: `B`, `(B)`, `Answer: B.`, and nothing else before it.

    Args:
        text: what a model wrote, anything.
    """
    match = _LETTER.match(text[:200])
    return match is not None and match[1] in LABELS


def _legal(heard: _Heard, scale: Scale) -> Json:
    """Shares of legal answers, by the three ways in which a mind can be asked; the unit is the story."""
    rows: dict[int, list[float]] = {}
    for question, scores in heard.replies.items():
        rows.setdefault(question.story, []).append(float(scores.answered))
    letters = estimate_mean([float(np.mean(row)) for row in rows.values()], bounds=_SHARE)
    forms = estimate_mean([float(_fits(text)) for text in heard.forms.values()], bounds=_SHARE)
    free = estimate_mean([float(names_label(text)) for text in heard.free.values()], bounds=_SHARE)
    mass = [sum(map(math.exp, scores.logprobs)) for scores in heard.replies.values()] if scale == "nats" else []
    return {
        "letters": letters.facts("share"),
        "forms": forms.facts("share"),
        "free": free.facts("share"),
        "label_mass": float(np.mean(mass)) if mass else None,
    }


def _fits(text: str) -> bool:
    try:
        FORM.parse(text)
    except ValueError:
        return False
    return True


def _awareness(heard: _Heard) -> Json:
    """How often the hypothesis at hand is named, in text and from the list; the unit is the story."""
    named: dict[int, list[float]] = {}
    alarms: dict[int, list[float]] = {}
    for guess, text in heard.texts.items():
        others = [names_hypothesis(text, other) for other in HYPOTHESES if other != guess.hypothesis]
        named.setdefault(guess.about.story, []).append(float(names_hypothesis(text, guess.hypothesis)))
        alarms.setdefault(guess.about.story, []).append(float(np.mean(others)))
    beyond = [float(np.mean(named[story]) - np.mean(alarms[story])) for story in named]
    picks: dict[int, list[float]] = {}
    for guess, scores in heard.guesses.items():
        best = int(np.argmax(scores.logprobs)) if scores.answered else -1
        picks.setdefault(guess.about.story, []).append(float(best == guess.correct))
    chosen = estimate_mean([float(np.mean(row)) for row in picks.values()], bounds=_SHARE)
    return {
        "text": {
            "named": _mean(named),
            "named_others": _mean(alarms),
            **estimate_mean(beyond, bounds=Bounds(-1.0, 1.0)).facts("beyond"),
            "texts": [{"hypothesis": guess.hypothesis, "text": text[:_KEPT]} for guess, text in heard.texts.items()],
        },
        "list": {**chosen.facts("share"), "chance": 1 / CHOICES},
        "rule": f"A text names a hypothesis when one word begins as in its list and one as in: {', '.join(OUTCOME)}.",
        "words": {name: ", ".join(words) for name, words in NAMES.items()},
        "hypotheses": [*HYPOTHESES.values(), *DISTRACTORS],
    }


def _mean(rows: Mapping[int, list[float]]) -> float | None:
    return float(np.mean([np.mean(row) for row in rows.values()])) if rows else None


def _determinism(heard: _Heard, scale: Scale) -> Json:
    steady = heard.steady
    texts = sum(heard.forms[story] == text for story, text in heard.again.items())
    return {
        "calls": steady.calls,
        "repeats": len(steady.alone),
        "same": steady.same_alone(),
        **steady.spread(lambda scores: lean(scores, scale)).facts("spread"),
        "texts": len(heard.again),
        "texts_same": texts,
    }


def _batch(steady: Steadiness, scale: Scale) -> Json:
    shifts = steady.shifts(lambda scores: lean(scores, scale))
    shift = steady.shift(lambda scores: lean(scores, scale))
    if not steady.calls:
        reading = "not measured: replies came from a store"
    elif steady.same_together() == steady.calls:
        reading = "the same bits alone and among many"
    elif steady.same_alone() == steady.calls:
        reading = "moves with the calls in flight"
    elif shift.above_zero or shift.below_zero:
        reading = "moves with the calls in flight, beyond its own spread"
    else:
        reading = "not told from its own spread"
    return {
        "together": steady.calls,
        "same": steady.same_together(),
        **shift.facts("shift"),
        "largest": max(map(abs, shifts)) if shifts else None,
        "reading": reading,
    }


def _cost(heard: _Heard) -> Json:
    """Tokens of a decision, and wall time with one call in flight and with many; what a store answered cost when asked."""
    steady = heard.steady
    each = [scores.original or scores.usage for scores in heard.replies.values()]
    alone = [second for row in steady.alone_s for second in row]
    repeated = [scores.usage for row in (*steady.alone, steady.together) for scores in row]
    usage = sum(repeated, heard.usage)
    return {
        "calls": usage.calls,
        "prompt_tokens": usage.prompt_tokens,
        "new_tokens": usage.new_tokens,
        "prompt_tokens_per_decision": float(np.mean([own.prompt_tokens for own in each])),
        "new_tokens_per_decision": float(np.mean([own.new_tokens for own in each])),
        "seconds_alone": float(np.mean(alone)) if alone else None,
        "calls_per_s_alone": len(alone) / max(sum(alone), 1e-9) if alone else None,
        "in_flight": steady.calls,
        "calls_per_s_many": steady.calls / max(steady.together_s, 1e-9) if alone else None,
    }


def _summary(effects: list[Effect], scale: Scale, null_model: bool) -> str:
    """What moves the model most, what payoffs do, and what a null model's card is worth."""
    unit = "nats" if scale == "nats" else "of the answers"
    known = {effect.name: effect.interval for effect in effects if not math.isnan(effect.interval.value)}
    if "payoffs" not in known:
        text = "It named no legal answer to enough questions: nothing can be said of what moves it."
    else:
        sizes = {name: abs(interval.value) for name, interval in known.items()}
        strongest = max(sizes, key=lambda name: sizes[name])
        payoffs = next(effect for effect in effects if effect.name == "payoffs")
        text = (
            f"What moves its choices most is {strongest.split(',')[0]} ({sizes[strongest]:.2f} {unit}); payoffs move them by "
            f"{payoffs.interval.value:.2f} ({_limits(payoffs.interval)}; {payoffs.reading})."
        )
    if not null_model:
        return text
    return f"{text} It is the null model: its figures show the size of wording artefacts, not how agents behave."


def _limits(interval: Estimate) -> str:
    if not interval.bounded:
        return "no interval"
    return f"95 % interval {interval.low:.2f} to {interval.high:.2f}"
