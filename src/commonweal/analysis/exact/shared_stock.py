"""A shared stock that some spare and others do not, exactly: the chain over its stocks, month by month.

The commons of `commonweal.worlds.commons` as in GovSim, for n seats: the stock h is at most K = 20 n, what a month leaves
doubles, and less than n is lost for ever. With f the largest harvest from which h grows back, a fair share is f / n. Of the
seats, those of greed g ask for g f / n, drawn between the two nearest whole amounts, low and low + 1, so that the norm level
1 / g is kept on average; with q the chance of the higher one

    left = h - sum over kinds of (seats low + Binomial(seats, q)),    h -> min(K, 2 left), or lost

A greed of 1 is patience: such seats take the fair share, whole units of it. What seats are paid is exact as long as they ask
for no more than there is, as with a greed of at most 1.5 (beyond a chance that rounds up for nearly all at the last, small
stocks).

Source: G. Piatti et al., "Cooperate or Collapse" (GovSim), NeurIPS 2024, arXiv 2404.16698, for the commons; the
chain is our own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from commonweal.analysis.exact.markov_chain import Floats
from commonweal.core.errors import StudyError

_PER_SEAT, _GROWTH, _LOST_PER_SEAT = 20, 2, 1
_NEVER = 1e-13
"""Stocks that are rarer are left out."""


@dataclass(frozen=True)
class Takers:
    """Seats of one kind.

    Raises:
        StudyError: fewer than 0 seats, or a greed outside 1 to 1.5.
    """

    seats: int
    """How many."""
    greed: float = 1.0
    """Multiple of the fair share that each takes, 1 to 1.5."""

    def __post_init__(self) -> None:
        """Refuse what the chain does not hold for."""
        if self.seats < 0 or not 1.0 <= self.greed <= 1.5:
            raise StudyError(f"{self}; expected at least 0 seats and a greed from 1 to 1.5")

    def draw(self, fair: float) -> tuple[int, float]:
        """The lower of the two amounts, and the chance of the one above.

        Args:
            fair: share of a seat, units.
        """
        aim = self.greed * fair
        aim = round(aim) if abs(aim - round(aim)) < 1e-4 * max(round(aim), 1) else aim
        low, high = math.floor(aim), math.ceil(aim)
        levels = [min(1.0, fair / amount) if amount else 1.0 for amount in (low, high)]
        return low, min(1.0, (levels[0] - 1 / self.greed) / (levels[0] - levels[1])) if levels[0] > levels[1] else 0.0


def find_harvests(kinds: Sequence[Takers], months: int) -> Floats:
    """What a seat of each kind harvests in a mean month, units, from a full stock on. [k]

    Args:
        kinds: at least one seat in all.
        months: at least 1.

    Raises:
        StudyError: there are no seats, or no months.
    """
    n = sum(kind.seats for kind in kinds)
    if n < 1 or months < 1:
        raise StudyError(f"{n} seats over {months} months; expected at least one of each")
    known: dict[int, tuple[Floats, NDArray[np.int64], Floats]] = {}
    now, gained = np.zeros(_PER_SEAT * n + 1), np.zeros(len(kinds))
    now[-1] = 1.0
    for _ in range(months):
        then = np.zeros_like(now)
        for stock in np.flatnonzero(now > _NEVER).tolist():
            if stock not in known:
                known[stock] = _month(kinds, stock, n)
            amounts, ends, chances = known[stock]
            gained += now[stock] * amounts
            np.add.at(then, ends, now[stock] * chances)
        # Nothing grows from a stock that is lost, and nobody is asked.
        then[0] = 0.0
        now = then
    return gained / months


def _month(kinds: Sequence[Takers], stock: int, n: int) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Mean harvest of a seat of each kind, the stocks a month later, and how likely each is; 0: lost."""
    fair = (stock - math.ceil(stock / _GROWTH)) / n
    sure, extra, amounts = 0, np.ones(1), np.zeros(len(kinds))
    for at, kind in enumerate(kinds):
        low, chance = kind.draw(fair)
        sure += kind.seats * low
        extra = np.convolve(extra, _binomial(kind.seats, chance))
        amounts[at] = low + chance
    left = stock - sure - np.arange(extra.size)
    ends = np.where(left < _LOST_PER_SEAT * n, 0, np.minimum(_GROWTH * left, _PER_SEAT * n))
    return amounts, ends.astype(np.int64), extra


def _binomial(count: int, chance: float) -> Floats:
    """Chances of 0 to `count` successes; one entry where there is no chance of any. [count + 1]"""
    if chance <= 0.0 or count == 0:
        return np.ones(1)
    if chance >= 1.0:
        return np.eye(count + 1)[count]
    k = np.arange(count + 1)
    ways = gammaln(count + 1) - gammaln(k + 1) - gammaln(count - k + 1)
    return np.exp(ways + k * math.log(chance) + (count - k) * math.log1p(-chance))
