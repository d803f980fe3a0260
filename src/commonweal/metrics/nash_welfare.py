"""Nash welfare: the geometric mean of what seats own at the end.

    N = (prod_i w_i)^(1 / n),  w_i = last purse;  0 where a seat owns nothing or owes

It falls where a given wealth is spread less evenly, and a seat that is ruined makes it 0. Logarithms are fixed point:
within one part in a million.

Source: J. Nash, "The bargaining problem", Econometrica 18 (1950); M. Kaneko and K. Nakamura, "The Nash social welfare
function", Econometrica 47 (1979), with an empty purse as the origin.
"""

from __future__ import annotations

from typing import ClassVar

import jax
import jax.numpy as jnp

from commonweal.core.logarithms import LOG_BITS, log2_fixed
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import EndMetric, Readings
from commonweal.core.views import End


class NashWelfare(EndMetric):
    """The geometric mean of final purses."""

    unit: ClassVar[str] = "ledger units"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = float("inf")
    source: ClassVar[str] = "Nash, Econometrica 18 (1950); Kaneko and Nakamura, Econometrica 47 (1979)"
    null: ClassVar[str] = "the mean purse where all own alike; 0 where somebody owns nothing"

    def read(self, end: End) -> Named[Total]:
        """`log`, the sum of log2 of purses; `ruined`, how many own nothing; and `seats`."""
        with jax.enable_x64(True):
            log = jnp.sum(log2_fixed(end.purse))
        return Named.of(("log", log), ("ruined", total(end.purse <= 0)), ("seats", total(jnp.ones(end.purse.shape, bool))))

    def value(self, readings: Readings) -> float:
        """Ledger units."""
        if int(readings["ruined"][0]):
            return 0.0
        return 2.0 ** (int(readings["log"][0]) / (1 << LOG_BITS) / int(readings["seats"][0]))
