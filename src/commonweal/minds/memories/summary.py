"""Summary: the latest notes as they are, and one running summary of all that is older.

Every `every` acts the oldest `every` notes leave: one call writes a new summary from the old one and from them.

Source: own definition; summarising what leaves the context follows C. Packer et al., "MemGPT" (2023), arXiv:2310.08560.
"""

from __future__ import annotations

from dataclasses import dataclass

from commonweal.core.errors import StudyError
from commonweal.core.views import Words
from commonweal.minds.memories.memory import Kept, Recalled, check_least, think
from commonweal.models.model import Model

TOKENS = 100
"""Most tokens of a summary, by `token_bound`."""
_MARK = "In short: "
"""How a summary begins. No note does: a note begins with the name and number of its tick."""
_TASK = (
    "Write one short paragraph, at most 60 words, that keeps what of this may matter for your later decisions. It replaces "
    "what is listed here."
)


@dataclass(frozen=True)
class Summary:
    """One summary and up to `slots - 1` notes; a `Memory`.

    Raises:
        StudyError: `every` is below 1, or not below `slots`.
    """

    slots: int = 6
    """Texts that are kept, the summary included: at least 2."""
    every: int = 4
    """Notes that leave at a time, and so acts between two rewritings: 1 to `slots - 1`."""

    def __post_init__(self) -> None:
        """Refuse numbers out of range."""
        check_least("summary", every=self.every)
        if self.every >= self.slots:
            raise StudyError(
                f"a summary memory with slots {self.slots}, every {self.every}; expected more slots than notes that leave at a "
                "time: one is the summary's"
            )

    @property
    def calls_per_act(self) -> float:
        """One call each `every` acts."""
        return 1.0 / self.every

    async def recall(self, model: Model, words: Words) -> Recalled:
        """The summary first, then the notes."""
        return _split(words.memory)

    async def keep(self, model: Model, words: Words, role: str, note: str) -> Kept:
        """The notes with this one; where they are too many, the oldest become part of the summary.

        Where the model writes nothing that can be read, the old summary stays and the notes that left are lost.

        Raises:
            ModelError: the model could not be asked.
        """
        old = _split(words.memory)
        notes = (*old.notes, note)
        standing = (old.standing,) if old.standing else ()
        if len(notes) < self.slots:
            return Kept((*standing, *notes))
        leaving, staying = notes[: self.every], notes[self.every :]
        thought = await think(model, words, role, Recalled(leaving, old.standing), _TASK, TOKENS)
        if thought.text:
            standing = (_MARK + thought.text,)
        # Another kind of memory may have kept more before a fork.
        return Kept((*standing, *staying[1 - self.slots :]), thought.incidents, thought.usage)


def _split(texts: tuple[str, ...]) -> Recalled:
    """Summary and notes."""
    if texts and texts[0].startswith(_MARK):
        return Recalled(texts[1:], texts[0])
    return Recalled(texts)
