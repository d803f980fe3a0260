"""A language model as a mind: one call a decision, legal answers by scoring or by grammar, bounded memory.

One choice is asked by letters, and the letters are scored by log-probability:

    s(k) = log P(letter k | prompt) - prior log P(letter k | content-free prompt of the same options in the same order)
    answer = argmax s                      at temperature 0
    P(answer = k) proportional to exp(s(k) / temperature)   above it

Everything else is one reply under a form: whole numbers by their legal range, options by letters, words as text. A reply
that cannot be read is repaired once (the first legal number, the only option that is named); what stays unreadable is left
out, so that the question's default stands. Both are incidents in the log.

What it remembers of earlier ticks is a `Memory`, a part of its own: by default the latest four notes.

What the embedded model shows here is the size of the wording artefact: it is the negative control.

Source: scoring with a content-free prior: T. Zhao et al., "Calibrate before use", ICML 2021, arXiv:2102.09690.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import equinox as eqx

from commonweal.core.errors import StudyError
from commonweal.core.parts import HostedMind
from commonweal.core.views import Ask, HostedDecision, Incident, Words
from commonweal.minds.memories.memory import Memory
from commonweal.minds.memories.window import Window
from commonweal.minds.prompts import (
    NO_CONTENT,
    Line,
    drawn,
    form_of,
    letters_only,
    lines_of,
    prefix_of,
    questions_of,
    role_of,
    suffix_of,
    sure_answers,
)
from commonweal.minds.texts import clean, fitted, refuses
from commonweal.models.model import ChoiceField, IntegerField, Model, Scores, TextField, Usage

NEW_TOKENS = 120
"""Most tokens of a reply."""
_READ = 8000
"""Characters of a reply that are read."""
_PRIORS = 4096
"""Priors that are kept in this process; with a store of replies they last."""
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:,\d{3})*(?:\.\d+)?(?!\w)")

Answer = int | float | str


@dataclass(frozen=True)
class _Answers:
    """What came of one call."""

    acts: dict[str, Answer]
    incidents: tuple[Incident, ...]
    usage: Usage


class Language(HostedMind):
    """A language mind. All its seats share the model, persona and disposition; each has its own memory.

    Raises:
        StudyError: the temperature is negative, or persona and disposition are too long.
    """

    model: Model | None = eqx.field(static=True, default=None)
    """The model that is asked; None: a society with this mind can be described but not run."""
    persona: str = eqx.field(static=True, default="")
    """Who it is, in words; at most 400 characters together with the disposition."""
    disposition: str = eqx.field(static=True, default="")
    """What it cares about, in words."""
    temperature: float = eqx.field(static=True, default=0.0)
    """Randomness of its answers, at least 0: 0 takes the likeliest, 1 samples the model as it is."""
    prior: bool = eqx.field(static=True, default=False)
    """Whether a content-free prior is subtracted from scores: one more call for each order of each question's options, made
    once a process, and once for all with a store of replies."""
    memory: Memory = eqx.field(static=True, default=Window())
    """What a seat keeps of its past."""

    def __check_init__(self) -> None:
        """Refuse impossible parameters before anything runs."""
        if not self.temperature >= 0:
            raise StudyError(f"a language mind of temperature {self.temperature}; expected 0 or more")
        role_of(self.persona, self.disposition)

    @property
    def digest(self) -> str:
        """The model's digest; empty without a model."""
        return "" if self.model is None else self.model.digest

    @property
    def slots(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        """How many texts a seat remembers: the memory's."""
        return self.memory.slots

    @property
    def calls_per_act(self) -> float:
        """Calls of the model that an act takes, on average: one, and those of the memory."""
        return 1.0 + self.memory.calls_per_act

    async def act(self, words: Words, key: int) -> HostedDecision:
        """Answer for one asked seat, by at most one call, those of its memory, and one for a prior not yet measured.

        Args:
            words: what the seat reads.
            key: where its order of options and its luck come from.

        Raises:
            StudyError: there is no model, or the world's words do not fit into a prompt.
            ModelError: the model could not be asked.
        """
        if self.model is None:
            raise StudyError(
                "the society has a language mind without a model; give it one, as in Language(model=EmbeddedModel()), or take "
                "its seats away"
            )
        sure = sure_answers(words.asks)
        lines = lines_of([ask for ask in words.asks if ask.name not in sure], key)
        found, before = _Answers({}, (), Usage()), Usage()
        if lines:
            recalled = await self.memory.recall(self.model, words)
            before = recalled.usage
            role = role_of(self.persona, self.disposition)
            suffix = suffix_of(replace(words, memory=recalled.notes), role, lines, recalled.standing)
            ask = _score if letters_only(lines) else _write
            found = await ask(self, self.model, (prefix_of(words), suffix), lines, key)
        kept = await self.memory.keep(self.model, words, role_of(self.persona, self.disposition), _note(words, found.acts))
        usage = before + found.usage + kept.usage
        return HostedDecision(
            acts={**sure, **found.acts},
            remember=kept.texts,
            incidents=found.incidents + kept.incidents,
            calls=usage.calls,
            prompt_tokens=usage.prompt_tokens,
            new_tokens=usage.new_tokens,
            seconds=usage.seconds,
        )


async def _score(mind: Language, model: Model, prompt: tuple[str, str], lines: Sequence[Line], key: int) -> _Answers:
    """One choice by the log-probabilities of its letters."""
    (line,) = lines
    scores = await model.score(*prompt, line.labels)
    usage, values = scores.usage, scores.logprobs
    if not scores.answered:
        return _Answers({}, (Incident("default", line.ask.name, "the model named none of the letters"),), usage)
    if mind.prior:
        before = await _priors.setdefault(model, _Priors()).of(model, questions_of(lines), line.labels)
        usage = usage + before.usage
        values = tuple(now - then for now, then in zip(values, before.logprobs, strict=True))
    return _Answers({line.ask.name: line.values[_pick(values, mind.temperature, key)]}, (), usage)


async def _write(mind: Language, model: Model, prompt: tuple[str, str], lines: Sequence[Line], key: int) -> _Answers:
    """All questions by one reply under a form."""
    reply = await model.generate(
        *prompt,
        form_of(lines),
        max_tokens=NEW_TOKENS,
        temperature=mind.temperature,
        # Without chance the same prompt has the same reply, whoever asks: one draw, asked once.
        draw=key if mind.temperature else 0,
    )
    acts, incidents = read_reply(reply.text, lines)
    return _Answers(acts, incidents, reply.usage)


class _Priors:
    """Scores of content-free prompts of one model: each is measured once, whoever else waits for it meanwhile."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, tuple[str, ...]], Scores] = {}
        self._flying: dict[tuple[object, ...], asyncio.Event] = {}

    async def of(self, model: Model, suffix: str, labels: tuple[str, ...]) -> Scores:
        """The scores, at no cost where they are known."""
        key = (suffix, labels)
        # An event belongs to the loop that waits for it.
        flight = (*key, asyncio.get_running_loop())
        while key not in self._known:
            done = self._flying.get(flight)
            if done is not None:
                # Whoever asks may fail or be cancelled; then the next one asks.
                await done.wait()
                continue
            self._flying[flight] = done = asyncio.Event()
            try:
                found = await model.score(NO_CONTENT, suffix, labels)
                self._known[key] = replace(found, usage=Usage())
                if len(self._known) > _PRIORS:
                    del self._known[next(iter(self._known))]
                return found
            finally:
                del self._flying[flight]
                done.set()
        return self._known[key]


_priors: WeakKeyDictionary[Model, _Priors] = WeakKeyDictionary()
"""By the model itself and not by its digest: each store of replies is to hold what its own run used."""


def read_reply(text: str, lines: Sequence[Line]) -> tuple[dict[str, Answer], tuple[Incident, ...]]:
    """The answers in a reply, and what had to be repaired or left out.

    A reply of the form is taken as it is. Any other is read once more, question by question; nothing is ever made legal
    by changing its value, and two different answers to a choice are none.

    Args:
        text: what the model wrote, anything.
        lines: the questions that it was shown.

    Returns:
        Legal answers by question (silence is left out), and incidents `repair`, `default` or `refused`.
    """
    try:
        values = form_of(lines).parse(text[:_READ])
    except ValueError as error:
        return _repaired(text[:_READ], lines, str(error))
    acts = {line.ask.name: answer for line in lines if (answer := _meant(line, values[line.field.name])) != ""}
    return acts, ()


def _repaired(text: str, lines: Sequence[Line], problem: str) -> tuple[dict[str, Answer], tuple[Incident, ...]]:
    acts: dict[str, Answer] = {}
    incidents: list[Incident] = []
    kind = "refused" if refuses(text) else "default"
    for line in lines:
        own = _own_text(text, line, alone=sum(other.ask.kind == line.ask.kind for other in lines) == 1)
        answer = None if own is None else _extracted(line, own)
        if answer is None and line.ask.kind == "say":
            continue
        if answer is None:
            incidents.append(Incident(kind, line.ask.name, fitted(problem if own is None else f"found {own!r}", 60)))
            continue
        incidents.append(Incident("repair", line.ask.name, fitted(problem, 60)))
        acts[line.ask.name] = answer
    return acts, tuple(incidents)


def _own_text(text: str, line: Line, alone: bool) -> str | None:
    """The part of a reply that answers one question: after its name, or all of it where no other is like it."""
    match = re.search(rf"^[^\w\n]*_*{re.escape(line.field.name)}[^\w\n:=]*[:=](.*)$", text, re.MULTILINE | re.IGNORECASE)
    if match:
        return match[1].strip()
    if line.ask.kind == "say":
        # Loose words may be thoughts and not meant for others: only what is marked as said is said.
        return None
    return text if alone and text.strip() else None


def _extracted(line: Line, own: str) -> Answer | None:
    """The answer that a text names, if it names one."""
    field = line.field
    if isinstance(field, TextField):
        return clean(own.strip("\"'"))[: field.max_characters].rstrip() or None
    if isinstance(field, IntegerField):
        for found in _NUMBER.findall(own):
            number = float(found.replace(",", ""))
            if field.low <= number <= field.high and number == int(number):
                return int(number)
        return None
    if line.ask.kind == "amount":
        near = [value for found in _NUMBER.findall(own) for value in line.values if float(found.replace(",", "")) == value]
        return near[0] if near else None
    return _named(line, own)


def _named(line: Line, own: str) -> Answer | None:
    """The one option whose label or words a text holds."""
    bare = own.strip(" .,:;()[]'\"*").upper()
    if bare in line.labels:
        return line.values[line.labels.index(bare)]
    worded = [
        value
        for value, meaning in zip(line.values, line.meanings, strict=True)
        if re.search(rf"(?<!\w){re.escape(meaning)}(?!\w)", own, re.IGNORECASE)
    ]
    lettered = {label for label in re.findall(r"(?<![\w'])[A-Z0-9]+(?![\w'])", own) if label in line.labels}
    if len(worded) == 1:
        return worded[0]
    return line.values[line.labels.index(lettered.pop())] if not worded and len(lettered) == 1 else None


def _meant(line: Line, value: int | str) -> Answer:
    """What a legal field of a form means."""
    if isinstance(line.field, ChoiceField):
        return line.values[line.labels.index(str(value))]
    return clean(str(value)) if isinstance(line.field, TextField) else value


def _pick(values: Sequence[float], temperature: float, key: int) -> int:
    """The place of the answer: the largest value (the first shown of equals), or one drawn by softmax."""
    best = max(values)
    if not temperature:
        return list(values).index(best)
    weights = [math.exp((value - best) / temperature) for value in values]
    rest = drawn(key, "answer", 1 << 53) / (1 << 53) * sum(weights)
    for place, weight in enumerate(weights):
        rest -= weight
        if rest < 0:
            return place
    return len(weights) - 1


def _note(words: Words, acts: dict[str, Answer]) -> str:
    """One line of memory: what it saw, what it did and said."""
    done = [f"{ask.name} = {_worded(ask, acts[ask.name])}" for ask in words.asks if ask.kind != "say" and ask.name in acts]
    said = [str(acts[ask.name]) for ask in words.asks if ask.kind == "say" and ask.name in acts]
    parts = [f"{words.tick_name} {words.tick + 1}: {fitted(words.situation, 40)}"]
    parts += [f"I chose {fitted(', '.join(done), 40)}."] if done else []
    parts += [f'I said "{fitted(said[0], 40)}"'] if said else []
    return " ".join(parts)


def _worded(ask: Ask, answer: Answer) -> str:
    if ask.kind == "choice":
        return ask.options[ask.answers.index(int(answer))]
    return f"{answer:g}" if isinstance(answer, float) else str(answer)
