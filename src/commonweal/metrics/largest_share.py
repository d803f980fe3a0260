"""The share of all wealth that the richest seat owns: the oligarch's share.

    c = max_i w_i / sum_j w_j,  w_i = max(0, last purse)

from 1 / n to 1. In the extended yard-sale model of many seats it tends to max(0, 1 - chi / zeta). Who owes owns nothing. All
purses empty: 1 / n, as where all own alike.

Source: B. Boghosian et al., "Oligarchy as a phase transition", Physica A 476 (2017): the fraction of wealth held by the
oligarchy.
"""

from __future__ import annotations

from typing import ClassVar

import jax
import jax.numpy as jnp

from commonweal.core.named import Named
from commonweal.core.numbers import Total
from commonweal.core.parts import EndMetric, Readings
from commonweal.core.views import End


class LargestShare(EndMetric):
    """The share of final purses that the richest seat owns."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Boghosian et al., Physica A 476 (2017)"
    null: ClassVar[str] = "1 / n where all own alike"

    def read(self, end: End) -> Named[Total]:
        """`largest` purse, `sum` of all, and `seats`."""
        with jax.enable_x64(True):
            purse = jnp.maximum(end.purse, 0).astype(jnp.int64)
            return Named.of(
                ("largest", jnp.max(purse)), ("sum", jnp.sum(purse)), ("seats", jnp.asarray(purse.shape[0], jnp.int64))
            )

    def value(self, readings: Readings) -> float:
        """1 / n to 1."""
        whole = int(readings["sum"][0])
        return int(readings["largest"][0]) / whole if whole else 1.0 / int(readings["seats"][0])
