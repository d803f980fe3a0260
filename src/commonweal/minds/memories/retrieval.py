"""Retrieval: many notes are kept, and those are shown that are recent and about what the situation now is about.

    recency(i)   = 0.995^(ticks since note i)
    relevance(i) = cosine of the embeddings of the situation now and of note i
    score(i)     = minmax(recency)(i) + minmax(relevance)(i)
    minmax(x)(i) = (x_i - min x) / (max x - min x), 0 where all are equal

The `shown` largest scores win, the newer of equals, and stand in the order of time. All in whole numbers once the embeddings
are there, so that no machine's rounding decides. Two things differ from the paper: recency counts from when a note was written
and not from when it was last recalled, and there is no importance, which would take a call a note.

An act embeds the situation and each new note: about 12 ms of CPU with the offline embedder. Embeddings see what a text is
about and hardly whether it is affirmed or denied.

Source: J. S. Park et al., "Generative agents: interactive simulacra of human behavior", UIST 2023, arXiv:2304.03442, section
4.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from commonweal.core.errors import StudyError
from commonweal.core.views import Words
from commonweal.minds.memories.memory import Kept, Recalled, check_least, tick_of
from commonweal.minds.texts import fitted
from commonweal.models.model import Model, Vectors

FADING_THOUSANDTHS = 995
"""What of a note's recency is left after one more tick, in thousandths."""
_ONE = 1 << 30
"""1 in fixed point."""
_COORDINATE = 1 << 20
"""1 in the fixed point of a vector's numbers: products of two vectors then stay far below 2^63."""
_READ_TOKENS = 100
"""Most tokens of a text that are embedded, by `token_bound`."""
_OLDEST = 4096
"""Age in ticks from which on nothing of recency is left: 0.995^4096 is about 1e-9."""


@dataclass(frozen=True)
class Retrieval:
    """Up to `slots` notes, of which `shown` are recalled; a `Memory`. The oldest goes where there is no room.

    Raises:
        StudyError: `shown` is below 1, or above `slots`.
    """

    slots: int = 32
    """Notes that are kept, at least `shown`."""
    shown: int = 4
    """Notes that are shown, at least 1."""

    def __post_init__(self) -> None:
        """Refuse numbers out of range."""
        check_least("retrieval", shown=self.shown)
        if self.shown > self.slots:
            raise StudyError(f"a retrieval memory with slots {self.slots}, shown {self.shown}; expected at most as many shown")

    @property
    def calls_per_act(self) -> float:
        """None: texts are embedded, which is no call of the language model."""
        return 0.0

    async def recall(self, model: Model, words: Words) -> Recalled:
        """The notes with the best scores; all, and nothing is embedded, where no more are kept than are shown.

        Raises:
            ModelError: the texts could not be embedded.
        """
        notes = words.memory
        if len(notes) <= self.shown:
            return Recalled(notes)
        # Without its label of a tick a note is about what happened, and not about a number.
        bare = [note.split(": ", 1)[-1] if tick_of(note, words) else note for note in notes]
        texts = tuple(fitted(text, _READ_TOKENS) for text in (words.situation, *bare))
        found = await model.embed(texts)
        chosen = best_notes(cosines(found), _ages(words), self.shown)
        return Recalled(tuple(notes[index] for index in chosen), usage=found.usage)

    async def keep(self, model: Model, words: Words, role: str, note: str) -> Kept:
        """The latest `slots` notes, this one included."""
        return Kept((*words.memory, note)[-self.slots :])


def cosines(vectors: Vectors) -> tuple[int, ...]:
    """The cosine of the first vector and each other one, in fixed point: 2^40 is 1.

    Args:
        vectors: at least one row, of length 1.
    """
    import numpy as np

    whole = np.rint(np.asarray(vectors.values, np.float64) * _COORDINATE).astype(np.int64)
    return tuple(int(value) for value in whole[1:] @ whole[0])


def best_notes(relevance: Sequence[int], ages: Sequence[int], shown: int) -> tuple[int, ...]:
    """The places of the notes with the largest scores, in the order of time; the newer of equals wins.

    Args:
        relevance: of each note, oldest first, in any fixed point.
        ages: of each note, in ticks, at least 0.
        shown: how many are wanted.
    """
    recent = _scaled([_recency(age) for age in ages])
    about = _scaled(relevance)
    ranked = sorted(range(len(ages)), key=lambda place: (recent[place] + about[place], place), reverse=True)
    return tuple(sorted(ranked[:shown]))


def _recency(age: int) -> int:
    return _FADED[age] if age < _OLDEST else 0


def _fade() -> tuple[int, ...]:
    """Recency by age, in fixed point."""
    found = [_ONE]
    while len(found) < _OLDEST:
        found.append(found[-1] * FADING_THOUSANDTHS // 1000)
    return tuple(found)


_FADED = _fade()


def _scaled(values: Sequence[int]) -> list[int]:
    """The values from 0 to 1 in fixed point; 0 where all are equal."""
    low, high = min(values), max(values)
    return [(value - low) * _ONE // max(high - low, 1) for value in values]


def _ages(words: Words) -> list[int]:
    """Ticks since each note; one that does not say is as old as can be."""
    written = [tick_of(note, words) for note in words.memory]
    return [max(words.tick + 1 - number, 0) if number else _OLDEST for number in written]
