"""Reflections: the latest notes as they are, and among them what the mind concluded from earlier ones.

After each act that reaches or passes a multiple of `every` ticks one call asks for one insight from what is kept; it is kept
among the notes, marked as the mind's own, and outlasts them.

Source: J. S. Park et al., "Generative agents: interactive simulacra of human behavior", UIST 2023, arXiv:2304.03442, section
4.2; there a sum of importances says when, and insights rest on retrieved notes.
"""

from __future__ import annotations

from dataclasses import dataclass

from commonweal.core.errors import StudyError
from commonweal.core.views import Words
from commonweal.minds.memories.memory import Kept, Recalled, check_least, think, tick_of
from commonweal.models.model import Model

TOKENS = 60
"""Most tokens of an insight, by `token_bound`."""
_MARK = "I concluded: "
"""How an insight begins. No note does: a note begins with the name and number of its tick."""
_TASK = "What one insight, beyond the single events, can you infer from this? Reply with one sentence of at most 40 words."


@dataclass(frozen=True)
class Reflections:
    """Up to `insights` insights and `slots - insights` notes, in the order of time; a `Memory`.

    Raises:
        StudyError: `every` or `insights` is below 1, or `insights` not below `slots`.
    """

    slots: int = 7
    """Texts that are kept and shown, insights included: at least 2."""
    every: int = 4
    """Ticks between insights, at least 1."""
    insights: int = 3
    """Insights that are kept at most, 1 to `slots - 1`."""

    def __post_init__(self) -> None:
        """Refuse numbers out of range."""
        check_least("reflections", every=self.every, insights=self.insights)
        if self.insights >= self.slots:
            raise StudyError(
                f"a reflections memory with slots {self.slots}, insights {self.insights}; expected more slots than insights"
            )

    @property
    def calls_per_act(self) -> float:
        """One call each `every` ticks."""
        return 1.0 / self.every

    async def recall(self, model: Model, words: Words) -> Recalled:
        """All that is kept."""
        return Recalled(words.memory)

    async def keep(self, model: Model, words: Words, role: str, note: str) -> Kept:
        """What is kept with this note, and a new insight where a multiple of `every` ticks is reached or passed.

        Raises:
            ModelError: the model could not be asked.
        """
        last = max((tick_of(text, words) for text in words.memory), default=0)
        texts = (*words.memory, note)
        if (words.tick + 1) // self.every <= last // self.every:
            return Kept(self._bounded(texts))
        thought = await think(model, words, role, Recalled(texts), _TASK, TOKENS)
        if thought.text:
            insight = _MARK + thought.text
            texts = (*(text for text in texts if text != insight), insight)
        return Kept(self._bounded(texts), thought.incidents, thought.usage)

    def _bounded(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        """The newest of each kind, in the order of time."""
        own = [place for place, text in enumerate(texts) if text.startswith(_MARK)][-self.insights :]
        rest = [place for place, text in enumerate(texts) if not text.startswith(_MARK)][self.insights - self.slots :]
        return tuple(texts[place] for place in sorted((*own, *rest)))
