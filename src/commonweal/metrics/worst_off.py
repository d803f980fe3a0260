"""Rawlsian welfare: what the worst-off seat owns at the end.

    R = min_i w_i,  w_i = last purse, in ledger units; below 0 where somebody owes

Source: J. Rawls, A Theory of Justice (1971), the difference principle, with wealth for primary goods; the maximin form is
A. Sen's, Collective Choice and Social Welfare (1970), chapter 9.
"""

from __future__ import annotations

from typing import ClassVar

import jax
import jax.numpy as jnp

from commonweal.core.named import Named
from commonweal.core.numbers import Total
from commonweal.core.parts import EndMetric, Readings
from commonweal.core.views import End


class WorstOff(EndMetric):
    """The smallest of the final purses."""

    unit: ClassVar[str] = "ledger units"
    low: ClassVar[float] = float("-inf")
    high: ClassVar[float] = float("inf")
    source: ClassVar[str] = "Rawls, A Theory of Justice (1971); Sen, Collective Choice and Social Welfare (1970)"
    null: ClassVar[str] = "the mean purse where all own alike"

    def read(self, end: End) -> Named[Total]:
        """`least`, the smallest purse."""
        with jax.enable_x64(True):
            return Named.of(("least", jnp.min(end.purse).astype(jnp.int64)))

    def value(self, readings: Readings) -> float:
        """Ledger units."""
        return float(readings["least"][0])
