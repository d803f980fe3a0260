"""The mind card of a run's model, as `analysis` reads it from `card.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from commonweal.core.errors import LogError

CARD_SCHEMA = "commonweal.card/2"
"""The version that is read."""

COSTS = (
    "calls",
    "prompt_tokens",
    "new_tokens",
    "prompt_tokens_per_decision",
    "new_tokens_per_decision",
    "seconds_alone",
    "calls_per_s_alone",
    "in_flight",
    "calls_per_s_many",
    "seconds",
)
"""The costs of a card."""


@dataclass(frozen=True)
class Measure:
    """A number with its 95 % limits; None where there are no data."""

    value: float | None
    """The estimate."""
    low: float | None
    """Lower limit."""
    high: float | None
    """Upper limit."""
    n: int
    """Items it stands on: stories, calls or degrees of freedom."""


@dataclass(frozen=True)
class Probe:
    """How far one thing moves the model's choices."""

    name: str
    """What is varied."""
    what: str
    """The contrast in words."""
    effect: Measure
    """On the card's scale."""
    share: float | None
    """The effect in the share of helpful answers, -1 to 1."""
    signed: bool
    """False for a size, which is never below 0."""
    reading: str
    """The effect in words."""


@dataclass(frozen=True)
class Awareness:
    """Whether the model names what it is tested for."""

    named: float | None
    """Share of texts that name the hypothesis at hand, by key words."""
    named_others: float | None
    """Share of texts for which the rule fires on a hypothesis that is not at hand."""
    beyond: Measure
    """The first minus the second."""
    chosen: Measure
    """Share of right choices from the list."""
    chance: float
    """What a blind choice would get."""
    rule: str
    """The key-word rule in words."""
    words: Mapping[str, str]
    """The words of each hypothesis."""
    texts: tuple[tuple[str, str], ...]
    """Hypothesis at hand and what the model wrote."""


@dataclass(frozen=True)
class Steadiness:
    """Whether the same call gets the same reply."""

    calls: int
    """Calls that were asked again."""
    repeats: int
    """How often each was asked alone."""
    same: int
    """Calls with the same bits each time."""
    spread: Measure
    """Standard deviation of a call's reply, on the card's scale."""
    texts: int
    """Written replies that were asked for again."""
    texts_same: int
    """Of these, the same text."""
    same_together: int
    """Calls with the same bits when all are in flight at once."""
    shift: Measure
    """Mean of a reply among many minus the same alone."""
    largest: float | None
    """The largest such shift, without sign."""
    reading: str
    """What the calls in flight do, in words."""


@dataclass(frozen=True)
class Card:
    """A mind card."""

    model: str
    """The model's name."""
    digest: str
    """Its digest."""
    null_model: bool
    """Whether it is a negative control."""
    scale: str
    """`nats` of log-odds, or `share` of helpful answers."""
    stories: int
    """Stories: the unit of the intervals."""
    questions: int
    """Questions that were asked by letters."""
    legal: Mapping[str, Measure]
    """Share of legal answers: `letters`, `forms`, `free`."""
    label_mass: float | None
    """Mean probability of the two labels; None where the model does not say."""
    probes: tuple[Probe, ...]
    """What moves it."""
    awareness: Awareness
    """Whether it names the hypothesis."""
    steadiness: Steadiness
    """Whether it repeats itself."""
    cost: Mapping[str, float | None]
    """Calls, tokens and seconds, by name; None where they were not measured."""
    summary: str
    """In a sentence."""

    def probe(self, name: str) -> Probe | None:
        """The probe of that name, if the card has it."""
        return next((probe for probe in self.probes if probe.name == name), None)


def read_card(directory: Path) -> Card | None:
    """The card in a folder; None where there is none.

    Args:
        directory: of a run, or one that `commonweal card` wrote.

    Raises:
        LogError: it is damaged or of another version.
    """
    path = Path(directory) / "card.json"
    if not path.exists():
        return None
    try:
        raw: object = json.loads(path.read_text(encoding="utf-8"))
        found = raw.get("schema", "none") if isinstance(raw, dict) else "none"  # pyright: ignore[reportUnknownMemberType]
        if found != CARD_SCHEMA:
            raise ValueError(f"schema {str(found)[:40]!r}, expected {CARD_SCHEMA!r}")
        return _card(cast("dict[str, object]", raw))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LogError(
            f"{path}: found a card that does not fit design/002 ({type(error).__name__}: {error}). "
            "Make the card again: remove the file and run the study, or `commonweal card`."
        ) from error


def _card(raw: dict[str, object]) -> Card:
    legal = _inner(raw, "legal")
    cost = _inner(raw, "cost")
    return Card(
        model=str(raw["model"]),
        digest=str(raw["digest"]),
        null_model=raw["null_model"] is not False,
        scale=str(raw["scale"]),
        stories=int(_number(raw, "stories")),
        questions=int(_number(raw, "questions")),
        legal={name: _measure(_inner(legal, name), "share") for name in ("letters", "forms", "free")},
        label_mass=_known(legal, "label_mass"),
        probes=tuple(_probe(row) for row in _rows(raw, "probes")),
        awareness=_awareness(_inner(raw, "awareness")),
        steadiness=_steadiness(_inner(raw, "determinism"), _inner(raw, "batch")),
        cost={name: _known(cost, name) for name in COSTS},
        summary=str(raw["summary"]),
    )


def _probe(raw: dict[str, object]) -> Probe:
    signed = raw["signed"] is not False
    return Probe(str(raw["name"]), str(raw["what"]), _measure(raw, "effect"), _known(raw, "share"), signed, str(raw["reading"]))


def _awareness(raw: dict[str, object]) -> Awareness:
    text, chosen = _inner(raw, "text"), _inner(raw, "list")
    return Awareness(
        named=_known(text, "named"),
        named_others=_known(text, "named_others"),
        beyond=_measure(text, "beyond"),
        chosen=_measure(chosen, "share"),
        chance=_number(chosen, "chance"),
        rule=str(raw["rule"]),
        words={name: str(words) for name, words in _inner(raw, "words").items()},
        texts=tuple((str(row["hypothesis"]), str(row["text"])) for row in _rows(text, "texts")),
    )


def _steadiness(raw: dict[str, object], batch: dict[str, object]) -> Steadiness:
    return Steadiness(
        calls=int(_number(raw, "calls")),
        repeats=int(_number(raw, "repeats")),
        same=int(_number(raw, "same")),
        spread=_measure(raw, "spread"),
        texts=int(_number(raw, "texts")),
        texts_same=int(_number(raw, "texts_same")),
        same_together=int(_number(batch, "same")),
        shift=_measure(batch, "shift"),
        largest=_known(batch, "largest"),
        reading=str(batch["reading"]),
    )


def _measure(raw: dict[str, object], name: str) -> Measure:
    return Measure(_known(raw, name), _known(raw, "low"), _known(raw, "high"), int(_number(raw, "n")))


def _inner(raw: dict[str, object], name: str) -> dict[str, object]:
    value = raw[name]
    if not isinstance(value, dict):
        raise TypeError(f"{name} is no object")
    return cast("dict[str, object]", value)


def _rows(raw: dict[str, object], name: str) -> list[dict[str, object]]:
    rows = raw[name]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in cast("list[object]", rows)):
        raise TypeError(f"{name} is no list of objects")
    return cast("list[dict[str, object]]", rows)


def _number(raw: dict[str, object], name: str) -> float:
    value = _known(raw, name)
    if value is None:
        raise TypeError(f"{name} is no number")
    return value


def _known(raw: dict[str, object], name: str) -> float | None:
    value = raw[name]
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} is no number")
    return float(value)
