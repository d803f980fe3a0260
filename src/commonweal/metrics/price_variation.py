"""A screen for collusion that sees prices alone: how little they move. Cartels are found among the steadiest.

    variation = sqrt(sum (p(t) - p(t - 1))^2 / (2 N)) / (sum p(t) / N)

over the firms that have a price in both rounds, N such rounds and firms in all, and the last `share` of the ticks: a
coefficient of variation whose standard deviation is taken of successive differences, so that neither a trend nor how firms
differ enters.

It is evidence of nothing by itself: competitors who have settled are as steady as a cartel. What it tells is reckoned from
cases that are known, see `statistics/detection.py`.

Source: R. Abrantes-Metz, L. Froeb, J. Geweke and C. Taylor, "A variance screen for collusion", International Journal of
Industrial Organization 24 (2006); J. von Neumann, Annals of Mathematical Statistics 12 (1941), for successive differences.
"""

from __future__ import annotations

import math
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick
from commonweal.worlds.market import MarketFacts


class PriceVariation(TickMetric):
    """The coefficient of variation of successive prices.

    Raises:
        StudyError: the share is not above 0 and at most 1.

    Source: Abrantes-Metz et al. (2006).
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = float("inf")
    source: ClassVar[str] = "Abrantes-Metz et al., International Journal of Industrial Organization 24 (2006)"
    null: ClassVar[str] = "0 where prices stand still"
    needs: ClassVar[tuple[type, ...]] = (MarketFacts,)

    share: float = eqx.field(static=True, default=0.1)
    """Last share of the ticks that counts, above 0 and at most 1."""

    def __check_init__(self) -> None:
        """Refuse a share of nothing."""
        if not 0 < self.share <= 1:
            raise StudyError(f"price variation over {self.share:g} of the ticks; expected a share above 0 and at most 1")

    def read(self, tick: Tick) -> Named[Total]:
        """Sums over firms that had a price last round: `squares` of changes, `prices`, and `firms`, how many they are."""
        facts = tick.facts
        there = (facts.price > 0) & (facts.last > 0)
        with jax.enable_x64(True):
            change = jnp.where(there, facts.price - facts.last, 0).astype(jnp.int64)
            squares = jnp.sum(change * change)
        return Named.of(("squares", squares), ("prices", total(jnp.where(there, facts.price, 0))), ("firms", total(there)))

    def value(self, readings: Readings) -> float:
        """At least 0; NaN where no price was seen twice."""
        first = readings["firms"].size - max(1, round(self.share * readings["firms"].size))
        squares, prices, count = (int(readings[name][first:].sum()) for name in ("squares", "prices", "firms"))
        return math.sqrt(squares / (2 * count)) / (prices / count) if count else float("nan")
