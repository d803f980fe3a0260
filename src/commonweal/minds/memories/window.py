"""Window: the latest notes as they are; what is older is forgotten.

The null model of memories: no call beside the one that decides.

Source: own definition; the last-k memory of repeated games, as in C. Hauert, H. G. Schuster, Proc. R. Soc. B 264 (1997).
"""

from __future__ import annotations

from dataclasses import dataclass

from commonweal.core.errors import StudyError
from commonweal.core.views import Words
from commonweal.minds.memories.memory import Kept, Recalled
from commonweal.models.model import Model


@dataclass(frozen=True)
class Window:
    """The latest `slots` notes; a `Memory`.

    Raises:
        StudyError: `slots` is below 0.
    """

    slots: int = 4
    """Notes that are kept and shown, at least 0."""

    def __post_init__(self) -> None:
        """Refuse a number out of range."""
        if self.slots < 0:
            raise StudyError(f"a window memory with slots {self.slots}; expected at least 0")

    @property
    def calls_per_act(self) -> float:
        """None."""
        return 0.0

    async def recall(self, model: Model, words: Words) -> Recalled:
        """All that is kept."""
        return Recalled(words.memory)

    async def keep(self, model: Model, words: Words, role: str, note: str) -> Kept:
        """The latest notes, this one included."""
        return Kept((*words.memory, note)[-self.slots :] if self.slots else ())
