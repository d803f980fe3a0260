"""The power of the richest where wealth votes: how often it decides, not how much it owns.

Decisions are taken by more than half of all wealth, as in a meeting of shareholders. The `majors` richest seats vote as
single voters, all others as an ocean of small ones; the value is the Shapley-Shubik index of the richest in that oceanic game:

    phi_1 in [0, 1];  1 as soon as it owns more than half, and more than its share of wealth where others are small

Among equally small owners who own c of all wealth, phi = c / (1 - c) while c is at most 1/2. Who owes owns no share. All purses
empty: 1 / n. The ocean is an approximation to seats that own little each.

Source: J. Milnor and L. Shapley, "Values of large games II: oceanic games", Mathematics of Operations Research 3 (1978).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.numbers import Total
from commonweal.core.parts import EndMetric, Readings
from commonweal.core.views import End
from commonweal.statistics.power_indices import oceanic


class VotingPower(EndMetric):
    """The Shapley-Shubik index of the richest seat, wealth voting.

    Raises:
        StudyError: `majors` is not from 1 to 12.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Milnor and Shapley, Mathematics of Operations Research 3 (1978)"
    null: ClassVar[str] = "about 1 / n where all own alike; 1 where one owns more than half"

    majors: int = eqx.field(static=True, default=5)
    """How many of the richest seats vote as single voters, 1 to 12; all, where there are no more seats."""

    def __check_init__(self) -> None:
        """Refuse a number of majors that cannot be reckoned."""
        if not 1 <= self.majors <= 12:
            raise StudyError(f"voting power with {self.majors} major voters; expected from 1 to 12")

    def read(self, end: End) -> Named[Total]:
        """Purses of the majors, `major 1` the largest; `sum` of all; and `seats`."""
        n = end.purse.shape[0]
        with jax.enable_x64(True):
            purse = -jnp.sort(-jnp.maximum(end.purse, 0).astype(jnp.int64))
            majors = [(f"major {place + 1}", purse[place]) for place in range(min(self.majors, n))]
            return Named.of(*majors, ("sum", jnp.sum(purse)), ("seats", jnp.asarray(n, jnp.int64)))

    def value(self, readings: Readings) -> float:
        """0 to 1."""
        whole, seats = int(readings["sum"][0]), int(readings["seats"][0])
        if not whole:
            return 1.0 / seats
        shares = [int(readings[f"major {place + 1}"][0]) / whole for place in range(min(self.majors, seats))]
        ocean = max(0.0, 1.0 - sum(shares)) if len(shares) < seats else 0.0
        return min(1.0, max(0.0, oceanic(0.5, shares, ocean)[0]))
