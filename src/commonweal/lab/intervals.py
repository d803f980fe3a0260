"""The intervals of the mind card: over items that answer alike within and differ among themselves.

`analysis` has such intervals over trials; `lab` does not import it, and a card is no estimate of a study.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincinv, ndtri, stdtrit

LEVEL = 0.95
"""Nominal coverage of every interval."""


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % limits; all None where there are no data."""

    value: float | None
    """The estimate."""
    low: float | None
    """Lower limit; None too where the data give none."""
    high: float | None
    """Upper limit."""
    n: int
    """Items, or degrees of freedom where it is a standard deviation."""

    @property
    def above_zero(self) -> bool:
        """Whether the whole interval is above 0."""
        return self.low is not None and self.low > 0

    @property
    def below_zero(self) -> bool:
        """Whether the whole interval is below 0."""
        return self.high is not None and self.high < 0

    def facts(self, name: str = "value") -> dict[str, object]:
        """The interval as JSON, the value under `name`."""
        return {name: self.value, "low": self.low, "high": self.high, "n": self.n}


def mean_interval(values: Sequence[float], low: float = -math.inf, high: float = math.inf) -> Interval:
    """The mean over items with a t interval, cut at the range of what is measured.

    Where all items agree, their spread says nothing of the next one. Then, within a finite range, the interval allows that a
    share q = z^2 / (n + z^2) of items lies anywhere in it; without one it has no width.

    Args:
        values: one number an item.
        low: least value that an item can take.
        high: greatest value.

    Source: Student 1908; Wilson 1927 for q.
    """
    n = len(values)
    if n == 0:
        return Interval(None, None, None, 0)
    mean = float(np.mean(values))
    if np.ptp(values) <= 1e-12 * max(1.0, abs(mean)):
        if math.isinf(low) or math.isinf(high):
            return Interval(mean, mean, mean, n) if n > 1 else Interval(mean, None, None, n)
        z = float(ndtri(0.5 + LEVEL / 2))
        share = z * z / (n + z * z)
        return Interval(mean, mean - share * (mean - low), mean + share * (high - mean), n)
    half = float(stdtrit(n - 1, 0.5 + LEVEL / 2)) * float(np.std(values, ddof=1)) / math.sqrt(n)
    return Interval(mean, max(low, mean - half), min(high, mean + half), n)


def spread_interval(groups: Sequence[Sequence[float]]) -> Interval:
    """The standard deviation within groups, pooled, with its chi-square interval; exactly 0 where each group agrees.

    s^2 = sum (x - group mean)^2 / f, f = sum (size - 1); limits s sqrt(f / chi^2_f(1/2 +- level/2)). `n` is f.

    Args:
        groups: the values of each group; groups of one value count nothing.

    Source: R. A. Fisher, Statistical Methods for Research Workers (1925), chapter IV.
    """
    freedom = sum(max(len(group) - 1, 0) for group in groups)
    if freedom == 0:
        return Interval(None, None, None, 0)
    total = sum(float(np.sum((np.asarray(group) - np.mean(group)) ** 2)) for group in groups if np.ptp(group) > 0)
    quantiles = [2 * float(gammaincinv(freedom / 2, 0.5 + side * LEVEL / 2)) for side in (1, -1)]
    low, high = (math.sqrt(total / quantile) for quantile in quantiles)
    return Interval(math.sqrt(total / freedom), low, high, freedom)
