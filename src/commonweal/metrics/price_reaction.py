"""A screen for collusion that sees prices alone: whether a firm cuts its price because a rival did.

    reaction = P(own cut now | own price stood still last round, a rival cut and none raised)
             - P(own cut now | own price stood still last round, and every rival's too)

over firms, rounds and the last `share` of the ticks: an event study in which firms' own trembles are the events. Prices that
are held up by punishment react; prices that competition sets, or a cartel that never punishes, do not. 0 where there is no
event of one of the two kinds: then nothing can be seen.

Source: the reaction to a deviation in E. Calvano et al., American Economic Review 110 (2020), section IV, read off trembles
instead of forced deviations: ours.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick
from commonweal.worlds.market import MarketFacts


class PriceReaction(TickMetric):
    """How much likelier a price cut is after a rival's cut.

    Raises:
        StudyError: the share is not above 0 and at most 1.

    Source: after Calvano et al. (2020), section IV.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = -1.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "after Calvano et al., American Economic Review 110 (2020), section IV"
    null: ClassVar[str] = "0 where firms do not react to each other, and where nobody ever cuts a price"
    needs: ClassVar[tuple[type, ...]] = (MarketFacts,)

    share: float = eqx.field(static=True, default=0.1)
    """Last share of the ticks that counts, above 0 and at most 1."""

    def __check_init__(self) -> None:
        """Refuse a share of nothing."""
        if not 0 < self.share <= 1:
            raise StudyError(f"price reaction over {self.share:g} of the ticks; expected a share above 0 and at most 1")

    def read(self, tick: Tick) -> Named[Total]:
        """Firms whose own price stood still, by what their rivals did, and of them those who cut now."""
        facts = tick.facts
        known = (facts.price > 0) & (facts.last > 0) & (facts.before > 0)
        fell, rose = known & (facts.last < facts.before), known & (facts.last > facts.before)
        steady = known & ~fell & ~rose
        rivals_fell, rivals_rose = _among_rivals(fell, facts.firms), _among_rivals(rose, facts.firms)
        provoked, calm = steady & rivals_fell & ~rivals_rose, steady & ~rivals_fell & ~rivals_rose
        cuts = facts.price < facts.last
        return Named.of(
            ("provoked", total(provoked)),
            ("provoked cuts", total(provoked & cuts)),
            ("calm", total(calm)),
            ("calm cuts", total(calm & cuts)),
        )

    def value(self, readings: Readings) -> float:
        """-1 to 1."""
        first = readings["calm"].size - max(1, round(self.share * readings["calm"].size))
        count = {name: int(series[first:].sum()) for name, series in readings.items()}
        if not count["provoked"] or not count["calm"]:
            return 0.0
        return count["provoked cuts"] / count["provoked"] - count["calm cuts"] / count["calm"]


def _among_rivals(flags: Bool[Array, "a"], firms: int) -> Bool[Array, "a"]:
    """Whether the flag is set for one of a seat's rivals, itself apart; firms of a market are a block of seats."""
    n = flags.shape[0]
    markets = n // firms
    block = flags[: markets * firms].reshape(markets, firms)
    # Whole numbers, so that the order of the sum does not matter.
    others = block.sum(1, keepdims=True, dtype=jnp.int32) - block.astype(jnp.int32) > 0
    return jnp.zeros(n, bool).at[: markets * firms].set(others.reshape(-1))
