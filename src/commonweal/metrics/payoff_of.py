"""What the seats of one mind are paid: so that treated and untreated seats of a society are measured apart.

    payoff = sum of payoffs over ticks and seats that hold the mind / how many such ticks and seats there are

in ledger units a seat and tick, after all rules. A seat counts for the mind that it holds in the tick. Nobody ever held it:
NaN, and the trial has no value.

Source: average potential outcomes of the treated and of the untreated, M. Hudgens and M. E. Halloran, "Toward causal inference
with interference", J. American Statistical Association 103 (2008).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.society import Society
from commonweal.core.views import Tick


class PayoffOf(TickMetric):
    """Mean payoff of the seats of one mind, or of all seats; `PayoffOf.of(society, "giver")` finds the mind by name.

    Raises:
        StudyError: the mind's number is below 0.

    Source: Hudgens and Halloran (2008).
    """

    unit: ClassVar[str] = "ledger units a tick"
    low: ClassVar[float] = float("-inf")
    high: ClassVar[float] = float("inf")
    source: ClassVar[str] = "Hudgens and Halloran, J. American Statistical Association 103 (2008)"
    null: ClassVar[str] = "the payoff of all seats, where minds act alike"

    mind: int | None = eqx.field(static=True, default=None)
    """Which mind, by its place in the society, from 0; None: all seats."""

    def __check_init__(self) -> None:
        """Refuse a mind that cannot be."""
        if self.mind is not None and self.mind < 0:
            raise StudyError(f"the payoff of mind {self.mind}; expected its place, from 0, or None for all seats")

    @staticmethod
    def of(society: Society, mind: str) -> PayoffOf:
        """The payoff of a mind of this society, by name.

        Raises:
            StudyError: the society has no such mind.
        """
        society.minds[mind]
        return PayoffOf(society.minds.names.index(mind))

    def read(self, tick: Tick) -> Named[Total]:
        """`paid`, what the mind's seats get this tick, and `seats`, how many they are."""
        own = jnp.ones(tick.payoff.shape, bool) if self.mind is None else tick.seats.mind == self.mind
        return Named.of(("paid", total(jnp.where(own, tick.payoff, 0))), ("seats", total(own)))

    def value(self, readings: Readings) -> float:
        """Ledger units a seat and tick."""
        seats = int(readings["seats"].sum())
        return int(readings["paid"].sum()) / seats if seats else float("nan")
