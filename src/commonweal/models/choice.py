"""Which model a run uses, as a small value that can be handed to other processes and opened there."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from commonweal.core.errors import StudyError
from commonweal.models.budget import Budget, Meter
from commonweal.models.model import Model
from commonweal.models.prices import Prices
from commonweal.models.scheduler import Limits, Scheduled
from commonweal.models.stored import Stored

INSPECT = "inspect/"
"""What a name begins with that Inspect is to open, as in `inspect/openai/gpt-4o-mini`."""


@dataclass(frozen=True)
class ModelChoice:
    """The model of a run, how hard it is asked, what that may cost, and whether replies are kept."""

    name: str = "embedded"
    """`embedded`; the model's name at the endpoint; or `inspect/PROVIDER/MODEL`."""
    url: str | None = None
    """The endpoint's base URL, as in `http://127.0.0.1:8080/v1`; None: there is none."""
    scoring: Literal["auto", "logprobs", "schema"] = "auto"
    """How an endpoint's model is asked for a choice."""
    workers: int = 1
    """Processes of the embedded model, at least 1; one a core is best."""
    limits: Limits | None = None
    """How hard the model is asked; None: as many calls at once as it has workers, or 64 of an endpoint."""
    budget: Budget = field(default_factory=Budget)
    """What may be spent."""
    prices: Prices = field(default_factory=Prices)
    """What calls cost."""
    replies: Literal["record", "replay", "off"] = "record"
    """Whether replies are kept and used again, only used, or neither."""

    @property
    def embedded(self) -> bool:
        """Whether it is the embedded model."""
        return self.url is None and self.name == "embedded"

    @property
    def at_once(self) -> int:
        """Calls in flight at most."""
        if self.limits is not None:
            return self.limits.in_flight
        # One more than there are workers waits at the door, so that none stands idle.
        return self.workers + 1 if self.embedded else Limits().in_flight

    @property
    def usual_limits(self) -> Limits:
        """How hard it is asked where nothing else is said."""
        # A long prompt takes the embedded model a minute or two on a busy core.
        return Limits(in_flight=self.at_once, deadline_s=900.0 if self.embedded else 120.0)

    def backend(self) -> Model:
        """The model itself, one try a call.

        Raises:
            StudyError: a name without an endpoint.
            ModelRefusedError: the model cannot be had.
        """
        if self.embedded:
            from commonweal.models.embedded import EmbeddedModel

            return EmbeddedModel(workers=self.workers)
        if self.url is not None:
            from commonweal.models.endpoint import Endpoint

            # The scheduler's deadline ends a try before the endpoint's own does.
            timeout_s = 2 * (self.limits or self.usual_limits).deadline_s
            return Endpoint(self.url, self.name, timeout_s=timeout_s, scoring=self.scoring)
        if self.name.startswith(INSPECT):
            from commonweal.models.inspect_model import InspectModel

            return InspectModel(self.name.removeprefix(INSPECT))
        raise StudyError(
            f"model {self.name!r} needs an endpoint; expected --endpoint URL beside it, --model inspect/PROVIDER/MODEL, or "
            "--model embedded"
        )

    def open(self, replies: Path | None = None) -> Model:
        """The model, scheduled and within its budget, its replies stored in (and read from) a file if one is named.

        Args:
            replies: the file of replies; what its replies cost counts as spent. None: replies are not kept.

        Raises:
            StudyError: a name without an endpoint, or a budget that cannot be watched.
            ModelRefusedError: the model cannot be had.
            LogError: the file cannot be used.
        """
        from commonweal.models.store import ReplyStore

        backend = self.backend()
        store = None if replies is None else ReplyStore(replies)
        spent = None if store is None else store.spent()
        price = partial(self.prices.cost, self.name.removeprefix(INSPECT), self.url)
        meter = Meter(self.budget, price) if spent is None else Meter(self.budget, price, spent)
        model: Model = Scheduled(backend, self.limits or self.usual_limits, meter)
        return model if store is None else Stored(model, store, self.replies)
