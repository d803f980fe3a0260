"""What a seat has gained by the end, after all rules.

    welfare = (sum of purses at the end - sum of endowments) / n

in ledger units a seat; negative where the society lost. What rules burn or hold is no seat's gain.

Source: utilitarian welfare per head, as in J. Perolat et al., "A multi-agent reinforcement learning model of common-pool
resource appropriation", NeurIPS 2017, arXiv 1707.06600 (their U, not divided by time).
"""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp

from commonweal.core.named import Named
from commonweal.core.numbers import Total, difference, total
from commonweal.core.parts import EndMetric, Readings
from commonweal.core.views import End


class Welfare(EndMetric):
    """Mean gain of a seat, from its endowment to its last purse."""

    unit: ClassVar[str] = "ledger units"
    low: ClassVar[float] = float("-inf")
    high: ClassVar[float] = float("inf")
    source: ClassVar[str] = "Perolat et al., NeurIPS 2017, arXiv 1707.06600: utilitarian metric, not divided by time"
    null: ClassVar[str] = "0 where nothing is paid"

    def read(self, end: End) -> Named[Total]:
        """`gain` of all seats together, and `seats`."""
        return Named.of(
            ("gain", difference(total(end.purse), total(end.endowment))),
            ("seats", total(jnp.ones(end.purse.shape, bool))),
        )

    def value(self, readings: Readings) -> float:
        """Ledger units a seat."""
        return float(readings["gain"][0] / readings["seats"][0])
