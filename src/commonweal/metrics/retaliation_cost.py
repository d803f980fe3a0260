"""What retaliation costs: payoff that goes to waste in attacks that answer something, as a share of what peace would pay.

    sum over answering attacks of (K + C/2 if the other attacks too) / what all would be paid if everybody held back

Who attacks pays for the attack, and half of what a fight of two destroys. What an attack merely takes from the other is not
lost, and not counted. Over 1 where fights destroy more than there is to share.

Source: of our own model, `commonweal.worlds.conflict`; the cost of punishment as in A. Dreber, D. Rand, D. Fudenberg and
M. Nowak, "Winners don't punish", Nature 452 (2008).
"""

from __future__ import annotations

from typing import ClassVar

from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick
from commonweal.worlds.conflict import ConflictFacts


class RetaliationCost(TickMetric):
    """Payoff lost to retaliation, as a share of what peace would pay."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = float("inf")
    source: ClassVar[str] = "of our own model, commonweal.worlds.conflict; Dreber et al., Nature 452 (2008)"
    null: ClassVar[str] = "0 where nobody answers an attack"
    needs: ClassVar[tuple[type, ...]] = (ConflictFacts,)

    def read(self, tick: Tick) -> Named[Total]:
        """`lost` to attacks that answer something, and what `peace` would pay, ledger units."""
        facts: ConflictFacts = tick.facts
        return Named.of(("lost", total(facts.lost)), ("peace", total(facts.peace)))

    def value(self, readings: Readings) -> float:
        """At least 0."""
        peace = int(readings["peace"].sum())
        return int(readings["lost"].sum()) / peace if peace else 0.0
