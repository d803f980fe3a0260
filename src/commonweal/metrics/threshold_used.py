"""Where assistants refuse: the mean of their thresholds, over assistants and ticks.

    sum of thresholds / how many assistants and ticks

in score units; ordinary requests have mean score 0. 0 where there are no assistants.

Source: our own model, `commonweal.worlds.assistants`.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.numbers import Total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick
from commonweal.worlds.assistants import AssistantsFacts


class ThresholdUsed(TickMetric):
    """Mean refusal threshold, score units.

    Raises:
        StudyError: all ticks would be left out.
    """

    unit: ClassVar[str] = "score units"
    low: ClassVar[float] = -8.0
    high: ClassVar[float] = 8.0
    source: ClassVar[str] = "our own model, commonweal.worlds.assistants"
    null: ClassVar[str] = "half the gap between the mean scores where both kinds of request and of error count alike"
    needs: ClassVar[tuple[type, ...]] = (AssistantsFacts,)

    skip: float = eqx.field(static=True, default=0.0)
    """Share of the ticks, 0 to less than 1, that is left out at the beginning: what it takes to settle."""

    def __check_init__(self) -> None:
        """Refuse to leave out everything."""
        if not 0 <= self.skip < 1:
            raise StudyError(f"a share of {self.skip:g} of the ticks is left out; expected at least 0 and less than 1")

    def read(self, tick: Tick) -> Named[Total]:
        """`thresholds`, thousandths in all, and `assistants`."""
        facts: AssistantsFacts = tick.facts
        return Named.of(("thresholds", facts.thresholds), ("assistants", facts.assistants))

    def value(self, readings: Readings) -> float:
        """Score units, -8 to 8."""
        first = int(self.skip * readings["assistants"].size)
        whole = int(readings["assistants"][first:].sum())
        return int(readings["thresholds"][first:].sum()) / whole / 1000 if whole else 0.0
