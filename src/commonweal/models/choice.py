"""Which model a run uses, as a small value that can be handed to other processes and opened there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from commonweal.models.model import Model


@dataclass(frozen=True)
class ModelChoice:
    """The model of a run: the embedded one, or a name at an OpenAI-compatible endpoint."""

    name: str = "embedded"
    """`embedded`, or the model's name at the endpoint."""
    url: str | None = None
    """The endpoint's base URL, as in `http://127.0.0.1:8080/v1`; None: the embedded model."""

    def open(self, replies: Path | None = None) -> Model:
        """The model, its replies stored in (and read from) a file if one is named.

        Raises:
            StudyError: a name without an endpoint.
            ModelRefusedError: the model cannot be had.
        """
        if self.url is None and self.name != "embedded":
            from commonweal.core.errors import StudyError

            raise StudyError(f"model {self.name!r} needs an endpoint; expected --endpoint URL beside it, or --model embedded")
        model: Model
        if self.url is None:
            from commonweal.models.embedded import EmbeddedModel

            model = EmbeddedModel(workers=1)
        else:
            from commonweal.models.endpoint import Endpoint

            model = Endpoint(self.url, self.name)
        if replies is None:
            return model
        from commonweal.models.store import ReplyStore, Stored

        return Stored(model, ReplyStore(replies))
