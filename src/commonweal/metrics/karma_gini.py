"""How unevenly attention is spread over authors: the Gini coefficient of the likes that they have got so far.

    G = sum_i (2 i - n - 1) k_i / (n sum k),    k_i the i-th smallest karma

as a forum counts it, at the last tick; 0 where all have got as many, near 1 where one has got all. Nobody has any: 0.

Source: C. Gini (1912); the Gini coefficient of upvotes, .992 on Moltbook by Price, as secondary sources have it.
"""

from __future__ import annotations

from typing import ClassVar

import jax
import jax.numpy as jnp

from commonweal.core.errors import StudyError
from commonweal.core.feed import Feed
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick


class KarmaGini(TickMetric):
    """The Gini coefficient of likes over authors at the end, read off while a trial runs.

    Raises:
        StudyError: in a trial, there is no forum.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Gini (1912), of likes by author"
    null: ClassVar[str] = "that of as many likes dealt to authors at random"

    def read(self, tick: Tick) -> Named[Total]:
        """`ranked`, the sum of karma times (2 rank - n - 1), `karma`, its sum, and `seats`."""
        if not isinstance(tick.inbox, Feed):
            raise StudyError("the spread of likes was asked of a society without a forum; expected the channel Forum")
        karma = jnp.sort(tick.inbox.karma)
        n = karma.shape[0]
        with jax.enable_x64(True):
            rank = 2 * jnp.arange(1, n + 1, dtype=jnp.int64) - n - 1
            ranked = jnp.sum(rank * karma.astype(jnp.int64))
        return Named.of(("ranked", ranked), ("karma", total(karma)), ("seats", total(jnp.ones(n, bool))))

    def value(self, readings: Readings) -> float:
        """0 to 1."""
        karma = int(readings["karma"][-1])
        return int(readings["ranked"][-1]) / (karma * int(readings["seats"][-1])) if karma else 0.0
