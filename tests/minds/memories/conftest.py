"""A model that writes what it is told to write and embeds with the real embedder, and what a seat reads."""

import asyncio
import dataclasses

import pytest

from commonweal.core.views import Words
from commonweal.models.embedder import embed_texts
from commonweal.models.model import Form, Reply, Scores, Usage, Vectors


@dataclasses.dataclass(frozen=True)
class Writer:
    """Writes its texts one after the other, the last for ever, and keeps what it was asked."""

    texts: tuple[str, ...] = ("Nothing much happened so far.",)
    name: str = "writer"
    digest: str = "sha256:writer"
    null_model: bool = True
    asked: list[tuple] = dataclasses.field(default_factory=list, compare=False)
    embedded: list[tuple[str, ...]] = dataclasses.field(default_factory=list, compare=False)

    async def score(self, prefix: str, suffix: str, options: tuple[str, ...]) -> Scores:
        return Scores((-1.0,) * len(options), Usage(1, 100, 1, 0.0))

    async def generate(
        self, prefix: str, suffix: str, form: Form | None, *, max_tokens: int, temperature: float, draw: int
    ) -> Reply:
        self.asked.append((prefix, suffix, form, max_tokens, temperature, draw))
        return Reply(self.texts[min(len(self.asked), len(self.texts)) - 1], Usage(1, 200, 20, 0.5))

    async def embed(self, texts: tuple[str, ...]) -> Vectors:
        self.embedded.append(texts)
        return embed_texts(texts)

    async def close(self) -> None:
        """Nothing to end."""


@pytest.fixture
def writer():
    return Writer


@pytest.fixture
def read():
    """What seat 3 reads at a tick."""

    def at(tick: int, memory: tuple[str, ...] = (), situation: str = "The stock is 50.") -> Words:
        return Words(3, tick, "All share one lake.", situation, "", "", memory, (), "month")

    return at


@pytest.fixture
def live(read):
    """What a seat remembers after so many acts, act by act: its texts, and all that was kept."""

    def through(memory, model, acts: int, first: int = 0):
        texts: tuple[str, ...] = ()
        history = []
        for tick in range(first, first + acts):
            kept = asyncio.run(memory.keep(model, read(tick, texts), "You fish.", f"month {tick + 1}: event {tick + 1}."))
            texts = kept.texts
            history.append(kept)
        return texts, history

    return through
