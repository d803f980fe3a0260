"""What help is worth to society, a request: help for honest users, less over-refusal and harm.

    W = (value helped ordinary - over_refusal refusals of ordinary - harm helped harmful) / requests

in ledger units. Fees and liability only move it between seats. It is `welfare` a request and tick, without what of the harm
waits to be borne or rules burn. 0 where nobody asked.

Source: our own model, `commonweal.worlds.assistants`.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.numbers import Total, added
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick
from commonweal.worlds.assistants import AssistantsFacts


class HelpWelfare(TickMetric):
    """Social welfare of help and harm, ledger units a request.

    Raises:
        StudyError: all ticks would be left out.
    """

    unit: ClassVar[str] = "ledger units a request"
    low: ClassVar[float] = float("-inf")
    high: ClassVar[float] = float("inf")
    source: ClassVar[str] = "our own model, commonweal.worlds.assistants"
    null: ClassVar[str] = "0 where all is refused and a refusal costs nothing"
    needs: ClassVar[tuple[type, ...]] = (AssistantsFacts,)

    skip: float = eqx.field(static=True, default=0.0)
    """Share of the ticks, 0 to less than 1, that is left out at the beginning: what it takes to settle."""

    def __check_init__(self) -> None:
        """Refuse to leave out everything."""
        if not 0 <= self.skip < 1:
            raise StudyError(f"a share of {self.skip:g} of the ticks is left out; expected at least 0 and less than 1")

    def read(self, tick: Tick) -> Named[Total]:
        """`worth`, ledger units, and `asked`, requests."""
        facts: AssistantsFacts = tick.facts
        return Named.of(("worth", facts.worth), ("asked", added(facts.good, facts.bad)))

    def value(self, readings: Readings) -> float:
        """Ledger units a request."""
        first = int(self.skip * readings["asked"].size)
        whole = int(readings["asked"][first:].sum())
        return int(readings["worth"][first:].sum()) / whole if whole else 0.0
