"""What the world has paid a seat, before any rule takes or gives.

    gain = sum over ticks and seats of what the world paid / n

in ledger units a seat: in a commons, the gross harvest. It differs from welfare by what rules moved, held and burnt.

Source: G. Piatti et al., "Cooperate or Collapse" (GovSim), NeurIPS 2024, arXiv 2404.16698: total gain R_i, here averaged
over agents as in its table 1.
"""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp

from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick


class Gain(TickMetric):
    """Mean gross payoff of a seat over the trial."""

    unit: ClassVar[str] = "ledger units"
    low: ClassVar[float] = float("-inf")
    high: ClassVar[float] = float("inf")
    source: ClassVar[str] = "Piatti et al., GovSim, NeurIPS 2024, arXiv 2404.16698: total gain R, mean over agents"
    null: ClassVar[str] = "0 where nothing is paid"

    def read(self, tick: Tick) -> Named[Total]:
        """`made`, what the world paid all seats together, and `seats`."""
        return Named.of(("made", total(tick.made)), ("seats", total(jnp.ones(tick.made.shape, bool))))

    def value(self, readings: Readings) -> float:
        """Ledger units a seat."""
        return float(readings["made"].sum() / readings["seats"][0])
