"""One estimate of a run: what it is of, its interval, and how it was made."""

from __future__ import annotations

import math
from dataclasses import dataclass

from commonweal.statistics.inference import Estimate


@dataclass(frozen=True)
class Finding:
    """One estimate of a run."""

    name: str
    """Metric that is estimated."""
    part: str
    """Part whose trials it is estimated on."""
    cell: int | None
    """Cell; None where it is estimated on many."""
    estimand: str
    """What is estimated: `mean over trials`, `theory`, or a difference in words."""
    value: float | None
    """The estimate; None without trials."""
    low: float | None
    """Lower limit; None where the data cannot give one."""
    high: float | None
    """Upper limit; None where the data cannot give one."""
    level: float
    """Nominal coverage of the interval."""
    method: str
    """How it was made."""
    n: int
    """Trials, or pairs of trials."""
    unit: str
    """Unit of the value."""
    source: str
    """Where the metric is defined."""


def make_finding(estimate: Estimate, name: str, part: str, cell: int | None, estimand: str, unit: str, source: str) -> Finding:
    """A finding from an estimate; what is not finite becomes None, since JSON has no NaN."""
    value, low, high = (x if math.isfinite(x) else None for x in (estimate.value, estimate.low, estimate.high))
    return Finding(name, part, cell, estimand, value, low, high, estimate.level, estimate.method, estimate.n, unit, source)


def say_number(value: float, sign: bool = False) -> str:
    """A number as a paper prints it: two decimals, or three figures from 100 on; a true minus sign."""
    text = f"{value:.2f}" if abs(value) < 100 else f"{value:,.0f}"
    if float(text.replace(",", "")) == 0 and value != 0:
        text = f"{value:.1g}"
    text = text.replace("-", "\u2212")
    return f"+{text}" if sign and value > 0 else text
