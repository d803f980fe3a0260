"""Whether refusing a little more or a little less would pay: what doubtful cases have at stake.

    (gain - loss) / (gain + loss),  gain = (value + over_refusal) ordinary near the threshold
                                    loss = harm x harmful near the threshold

over all requests looked at with scores within the band around a threshold. Above 0 a laxer threshold would be better for
society, below 0 a stricter one: where nobody refused goes elsewhere it crosses 0 at the best threshold, but for the square of
the band. 0 where there were no doubtful cases.

Source: our own model, `commonweal.worlds.assistants`.
"""

from __future__ import annotations

from typing import ClassVar

from commonweal.core.named import Named
from commonweal.core.numbers import Total, added
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick
from commonweal.worlds.assistants import AssistantsFacts


class DoubtfulBalance(TickMetric):
    """Balance of what ordinary and harmful requests near thresholds have at stake."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = -1.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "our own model, commonweal.worlds.assistants"
    null: ClassVar[str] = "0 at the best threshold"
    needs: ClassVar[tuple[type, ...]] = (AssistantsFacts,)

    def read(self, tick: Tick) -> Named[Total]:
        """`gain` and `sum` of gain and loss, ledger units."""
        facts: AssistantsFacts = tick.facts
        return Named.of(("gain", facts.border_gain), ("sum", added(facts.border_gain, facts.border_loss)))

    def value(self, readings: Readings) -> float:
        """-1 to 1."""
        whole = int(readings["sum"].sum())
        return 2 * int(readings["gain"].sum()) / whole - 1.0 if whole else 0.0
