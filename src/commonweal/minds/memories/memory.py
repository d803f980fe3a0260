"""What a language mind keeps of its past: a few short texts a seat, however long the trial runs.

After each act a note is kept (what the seat saw, did and said); before each act some of what is kept is recalled. What a
memory holds derives from what others said and from what a model wrote: it is data, one cleaned line each, cut to its bound.

Source: own definition.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from commonweal.core.errors import StudyError
from commonweal.core.views import Incident, Words
from commonweal.minds.prompts import prefix_of, recollection_of
from commonweal.minds.texts import bounded, clean, fitted, refuses
from commonweal.models.model import Model, Usage

_LEAST_LETTERS = 8
"""Letters without which a text says nothing."""


@dataclass(frozen=True)
class Recalled:
    """What of its past a seat reads before it acts."""

    notes: tuple[str, ...]
    """Oldest first; where there is no room for all in a prompt, the newest stay."""
    standing: str = ""
    """A text that stands before all notes and has room before they have; empty: none."""
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True)
class Kept:
    """What a seat remembers after an act."""

    texts: tuple[str, ...]
    """Oldest first, at most the memory's `slots`."""
    incidents: tuple[Incident, ...] = ()
    usage: Usage = field(default_factory=Usage)


class Memory(Protocol):
    """A kind of memory: a frozen value, the same for all seats of a mind; what a seat remembers stands in `Words.memory`."""

    @property
    def slots(self) -> int:
        """Most texts that a seat keeps, at least 0."""
        ...

    @property
    def calls_per_act(self) -> float:
        """Calls of the language model that an act takes beside the one that decides, on average; embeddings are none."""
        ...

    async def recall(self, model: Model, words: Words) -> Recalled:
        """What a seat reads of its past before it acts.

        Args:
            model: what may be asked.
            words: what the seat reads; `words.memory` is what it has kept.

        Raises:
            ModelError: the model could not be asked.
        """
        ...

    async def keep(self, model: Model, words: Words, role: str, note: str) -> Kept:
        """What a seat remembers next. Text of a model that says nothing is an incident `default`, and what was kept stays.

        Args:
            model: what may be asked.
            words: what the seat read before it acted.
            role: persona and disposition, cleaned.
            note: one line on this act, `tick_name number: ...`.

        Raises:
            ModelError: the model could not be asked.
        """
        ...


@dataclass(frozen=True)
class Thought:
    """What a model wrote about a seat's past."""

    text: str
    """One line; empty where the model wrote nothing that can be read."""
    incidents: tuple[Incident, ...]
    usage: Usage


async def think(model: Model, words: Words, role: str, recalled: Recalled, task: str, tokens: int) -> Thought:
    """One call of free text about what a seat remembers, at temperature 0: the same past gives the same text.

    Args:
        model: what is asked.
        words: what the seat reads: its rules and its number are shown, nothing of the situation now.
        role: persona and disposition, cleaned.
        recalled: what it is about.
        task: what to write.
        tokens: most of the text, by `token_bound`; the model writes at most as many.

    Raises:
        ModelError: the model could not be asked.
    """
    suffix = recollection_of(words, role, recalled.standing, recalled.notes, task)
    reply = await model.generate(prefix_of(words), suffix, None, max_tokens=tokens, temperature=0.0, draw=0)
    line = clean(reply.text)
    if not refuses(line) and says_something(line):
        return Thought(bounded(line, tokens), (), reply.usage)
    found = fitted(line, 20) or "nothing"
    return Thought("", (Incident("default", "memory", f"what was kept stays: the model wrote {found!r}"),), reply.usage)


def says_something(line: str) -> bool:
    """Whether a line may be prose: at least eight letters, and at least half of it letters, digits and spaces.

    Args:
        line: one cleaned line.
    """
    plain = sum(letter.isalnum() or letter == " " for letter in line)
    return sum(letter.isalpha() for letter in line) >= _LEAST_LETTERS and 2 * plain >= len(line)


def tick_of(note: str, words: Words) -> int:
    """The number of the tick, from 1, that a note is about; 0 where it does not say.

    Args:
        note: a text that was kept.
        words: how ticks are called.
    """
    label = note.split(":", 1)[0].removeprefix(f"{words.tick_name} ")
    return int(label) if label.isascii() and label.isdigit() and len(label) < 12 else 0


def check_least(kind: str, **given: int) -> None:
    """Refuse a memory with a number below 1.

    Raises:
        StudyError: one of the numbers is below 1.
    """
    for name, value in given.items():
        if value < 1:
            raise StudyError(f"a {kind} memory with {name} {value}; expected at least 1")
