"""Rank turnover: how well the ranks of wealth at the start of a tick tell those at its end.

    tau = (C - D) / sqrt(P P'),  mean over the ticks in which it is defined

Kendall's tau-b over all pairs of seats: C pairs are ordered alike before and after the tick, D are reversed, P and P' are not
tied before and after. 1: nobody overtakes anybody; 0: ranks are drawn anew each tick; -1: they are turned round. Where nobody
ever differs from anybody, nothing turns over: 1.

Every pair is looked at, n^2 a tick: dear for more than some thousand seats.

Source: M. Kendall, "The treatment of ties in ranking problems", Biometrika 33 (1945).
"""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
import numpy as np

from commonweal.core.named import Named
from commonweal.core.numbers import Total, difference, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick


class RankTurnover(TickMetric):
    """Kendall's tau-b between ranks of wealth before and after a tick, averaged over ticks."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = -1.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Kendall, Biometrika 33 (1945)"
    null: ClassVar[str] = "1 where ranks stay; 0 where they are drawn anew each tick"

    def read(self, tick: Tick) -> Named[Total]:
        """Over ordered pairs of seats: `agreement`, alike less reversed; `before` and `after`, those that are not tied."""
        after = tick.purse + tick.payoff
        before_sign, after_sign = (
            (purse[:, None] > purse).astype(jnp.int8) - (purse[:, None] < purse).astype(jnp.int8)
            for purse in (tick.purse, after)
        )
        product = before_sign * after_sign
        return Named.of(
            ("agreement", difference(total(product > 0), total(product < 0))),
            ("before", total(before_sign != 0)),
            ("after", total(after_sign != 0)),
        )

    def value(self, readings: Readings) -> float:
        """-1 to 1."""
        known = (readings["before"] > 0) & (readings["after"] > 0)
        if not known.any():
            return 1.0
        pairs = np.sqrt(readings["before"][known].astype(np.float64)) * np.sqrt(readings["after"][known].astype(np.float64))
        return float(np.clip(np.mean(readings["agreement"][known] / pairs), -1.0, 1.0))
