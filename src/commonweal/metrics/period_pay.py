"""What a seat is paid in a period, in the world's own currency, after all rules.

    pay = ticks sum of payoffs over seats and ticks / (token n T)

over T ticks of n seats, with periods of `ticks` ticks and `token` ledger units in a token. A trial that ends within a period
counts the part of it.

Source: earnings a period as in Ö. Gürerk, B. Irlenbusch and B. Rockenbach, Science 312 (2006); utilitarian welfare per head.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick


class PeriodPay(TickMetric):
    """Mean pay of a seat in a period.

    Raises:
        StudyError: a number is below 1.
    """

    unit: ClassVar[str] = "tokens a period"
    low: ClassVar[float] = float("-inf")
    high: ClassVar[float] = float("inf")
    source: ClassVar[str] = "Gürerk, Irlenbusch and Rockenbach, Science 312 (2006)"
    null: ClassVar[str] = "the endowment, where nobody contributes or sanctions"

    token: int = eqx.field(static=True, default=1)
    """Ledger units in a token: the world's `units_per_token`."""
    ticks: int = eqx.field(static=True, default=1)
    """Ticks in a period."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.token < 1 or self.ticks < 1:
            raise StudyError(
                f"pay in tokens of {self.token} units over periods of {self.ticks} ticks; expected at least 1 of each"
            )

    def read(self, tick: Tick) -> Named[Total]:
        """`paid` to all seats, and `seats`."""
        return Named.of(("paid", total(tick.payoff)), ("seats", total(jnp.ones(tick.payoff.shape, bool))))

    def value(self, readings: Readings) -> float:
        """Tokens a seat and period."""
        return self.ticks * int(readings["paid"].sum()) / (self.token * int(readings["seats"].sum()))
