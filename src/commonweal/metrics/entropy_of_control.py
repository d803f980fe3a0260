"""Entropy of control: how evenly influence is spread over the seats.

    E(t) = - sum_i y_i ln y_i / ln n,  y_i = share of influence;  E = mean over ticks

from 0 (one seat has all) to 1 (all have alike). A tick in which nobody has any counts as 1; one seat alone: 0. Logarithms are
fixed point: within 1e-6.

Source: C. Shannon, Bell System Technical Journal 27 (1948), over ln n: the evenness of E. Pielou, Journal of Theoretical
Biology 13 (1966).
"""

from __future__ import annotations

import math
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from commonweal.core.facts import HasInfluence
from commonweal.core.logarithms import LOG_BITS, log2_fixed
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick


class EntropyOfControl(TickMetric):
    """The entropy of shares of influence, over its largest value, averaged over ticks."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Shannon (1948); Pielou, Journal of Theoretical Biology 13 (1966)"
    null: ClassVar[str] = "1 where all have the same influence; 0 where one has it all"
    needs: ClassVar[tuple[type, ...]] = (HasInfluence,)

    def read(self, tick: Tick) -> Named[Total]:
        """`log`, the sum of y log2 y; `sum`, all influence; and `seats`."""
        influence = tick.facts.influence
        log = log2_fixed(influence)
        with jax.enable_x64(True):
            weighted = jnp.sum(influence.astype(jnp.int64) * log)
        return Named.of(("log", weighted), ("sum", total(influence)), ("seats", total(jnp.ones(influence.shape, bool))))

    def value(self, readings: Readings) -> float:
        """0 to 1."""
        seats = int(readings["seats"][0])
        if seats < 2:
            return 0.0
        held = readings["sum"] > 0
        whole = np.where(held, readings["sum"], 1).astype(np.float64)
        bits = np.log2(whole) - readings["log"] / whole / (1 << LOG_BITS)
        return float(np.clip(np.where(held, bits / math.log2(seats), 1.0), 0.0, 1.0).mean())
