"""The Herfindahl-Hirschman index of wealth: in how few hands it lies.

    HHI = sum_i s_i^2,  s_i = w_i / sum_j w_j,  w_i = max(0, last purse)

from 1 / n (all own alike) to 1 (one owns all); 1 / HHI is the effective number of owners. Who owes owns no share. All purses
empty: 1 / n.

Source: A. Hirschman, National Power and the Structure of Foreign Trade (1945); O. Herfindahl, Concentration in the Steel
Industry (1950).
"""

from __future__ import annotations

from typing import ClassVar

from commonweal.core.concentration import read_squares, sum_of_squares
from commonweal.core.named import Named
from commonweal.core.numbers import Total
from commonweal.core.parts import EndMetric, Readings
from commonweal.core.views import End


class Herfindahl(EndMetric):
    """The sum of squared shares of final purses."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Hirschman (1945); Herfindahl (1950)"
    null: ClassVar[str] = "1 / n where all own alike; 1 where one owns all"

    def read(self, end: End) -> Named[Total]:
        """With purse = h 2^16 + l: sums over seats `high` of h h, `cross` of h l, `low` of l l, of purses `sum`; `seats`."""
        return read_squares(end.purse)

    def value(self, readings: Readings) -> float:
        """1 / n to 1."""
        whole = int(readings["sum"][0])
        return sum_of_squares(readings) / whole**2 if whole else 1.0 / int(readings["seats"][0])
