"""The effective number of owners: as many as would hold all wealth in equal parts with the same concentration.

    N = 1 / HHI = (sum_j w_j)^2 / sum_i w_i^2,  w_i = max(0, last purse)

from 1 (one owns all) to n (all own alike). Who owes owns nothing. All purses empty: n.

Source: M. Laakso and R. Taagepera, "Effective number of parties", Comparative Political Studies 12 (1979).
"""

from __future__ import annotations

from typing import ClassVar

from commonweal.core.concentration import read_squares, sum_of_squares
from commonweal.core.named import Named
from commonweal.core.numbers import Total
from commonweal.core.parts import EndMetric, Readings
from commonweal.core.views import End


class EffectiveNumber(EndMetric):
    """The reciprocal of the Herfindahl-Hirschman index of final purses."""

    unit: ClassVar[str] = "seats"
    low: ClassVar[float] = 1.0
    high: ClassVar[float] = float("inf")
    source: ClassVar[str] = "Laakso and Taagepera, Comparative Political Studies 12 (1979)"
    null: ClassVar[str] = "n where all own alike; 1 where one owns all"

    def read(self, end: End) -> Named[Total]:
        """With purse = h 2^16 + l: sums over seats `high` of h h, `cross` of h l, `low` of l l, of purses `sum`; `seats`."""
        return read_squares(end.purse)

    def value(self, readings: Readings) -> float:
        """1 to n seats."""
        squares = sum_of_squares(readings)
        return int(readings["sum"][0]) ** 2 / squares if squares else float(readings["seats"][0])
