"""The variation of gaps: how irregular authors' timing is.

    CoV_a = sd / mean of the gaps between author a's posts (sd with n - 1),     mean over authors with at least `least` gaps

0: clocks; 1: posts at random times (of few gaps, somewhat less); above: bursts, as people have.

Null model: times shuffled among authors; daily cycles of all stay.

Source: Li, "The Moltbook illusion" (2026), as noted by others; D. Cox and P. Lewis, The Statistical Analysis of Series of
Events (1966).
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import equinox as eqx
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.posts import PostMetric, Posts
from commonweal.statistics.gaps import gap_variations


class GapVariation(PostMetric):
    """The mean coefficient of variation of authors' gaps.

    Raises:
        StudyError: `least` is below 2.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = float("inf")
    source: ClassVar[str] = "Li, The Moltbook illusion (2026); Cox and Lewis (1966)"
    null: ClassVar[str] = "about 1 at random times; else of the log with times shuffled among authors"

    least: int = eqx.field(static=True, default=5)
    """Gaps that an author has, at least 2."""

    def __check_init__(self) -> None:
        """Refuse a deviation of one gap."""
        if self.least < 2:
            raise StudyError(f"authors with {self.least} gaps; expected at least 2")

    def measure(self, log: Posts) -> float:
        """At least 0; NaN where nobody has so many gaps."""
        found = gap_variations(log, self.least)
        return float(found.mean()) if len(found) else float("nan")

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """The log with authors in a random order: each has as many posts, at times of anybody's."""
        return dataclasses.replace(log, author=draw.permutation(log.author))
