"""A model that remembers what another run was answered: it asks only what that run's store of replies does not hold.

Unlike `Stored` it writes nothing: a fork reads its parent's replies and leaves them as they are.
"""

from __future__ import annotations

from commonweal.core.errors import ModelRefusedError
from commonweal.models.model import Form, Model, Reply, Scores, Vectors
from commonweal.models.store import ReplyStore
from commonweal.models.stored import Stored


class Recalled:
    """A `Model` that answers from a store where it can, and asks a model where it cannot.

    Args:
        model: the model that is asked.
        store: replies of an earlier run of the same model, only read.

    Source: own definition.
    """

    def __init__(self, model: Model, store: ReplyStore) -> None:
        self.model = model
        self.past = Stored(model, store, "replay")

    @property
    def name(self) -> str:
        """The model's."""
        return self.model.name

    @property
    def digest(self) -> str:
        """The model's: where a reply was kept does not move it."""
        return self.past.digest

    @property
    def null_model(self) -> bool:
        """The model's."""
        return self.model.null_model

    async def score(self, prefix: str, suffix: str, options: tuple[str, ...]) -> Scores:
        """As `Model.score`.

        Args:
            prefix: the part that seats share.
            suffix: the seat's own part.
            options: labels.

        Raises:
            ModelError: as the model; never because the store lacks the reply.
            LogError: the store cannot be read.
        """
        try:
            return await self.past.score(prefix, suffix, options)
        except ModelRefusedError:
            return await self.model.score(prefix, suffix, options)

    async def generate(
        self, prefix: str, suffix: str, form: Form | None, *, max_tokens: int, temperature: float, draw: int
    ) -> Reply:
        """As `Model.generate`.

        Args:
            prefix: the part that seats share.
            suffix: the seat's own part.
            form: what the reply must look like, or None.
            max_tokens: most tokens written.
            temperature: >= 0.
            draw: index of the draw.

        Raises:
            ModelError: as the model; never because the store lacks the reply.
            LogError: the store cannot be read.
        """
        try:
            return await self.past.generate(prefix, suffix, form, max_tokens=max_tokens, temperature=temperature, draw=draw)
        except ModelRefusedError:
            return await self.model.generate(prefix, suffix, form, max_tokens=max_tokens, temperature=temperature, draw=draw)

    async def embed(self, texts: tuple[str, ...]) -> Vectors:
        """As `Model.embed`.

        Args:
            texts: any texts.

        Raises:
            ModelError: as the model; never because the store lacks the vectors.
            LogError: the store cannot be read.
        """
        try:
            return await self.past.embed(texts)
        except ModelRefusedError:
            return await self.model.embed(texts)

    async def close(self) -> None:
        """Closes the model and the store."""
        await self.past.close()
