"""The share of authors whose timing is so regular that a clock may drive it: bots on their own.

    share of authors with sd / mean of their gaps < `below`,     of those with at least `least` gaps (sd with n - 1)

Null model: times shuffled among authors.

Source: Li, "The Moltbook illusion" (2026), as noted by others: below .5 autonomous, 15.3 %; above 1 driven by people, 54.8 %.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import equinox as eqx
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.posts import PostMetric, Posts
from commonweal.statistics.gaps import gap_variations


class AutonomousShare(PostMetric):
    """The share of authors with regular timing.

    Raises:
        StudyError: a field is out of its range.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Li, The Moltbook illusion (2026)"
    null: ClassVar[str] = "of the log with times shuffled among authors: regular by chance"

    below: float = eqx.field(static=True, default=0.5)
    """The coefficient of variation below which timing is regular, above 0."""
    least: int = eqx.field(static=True, default=5)
    """Gaps that an author has, at least 2."""

    def __check_init__(self) -> None:
        """Refuse a deviation of one gap."""
        if self.least < 2 or not self.below > 0:
            raise StudyError(f"authors with {self.least} gaps below {self.below}; expected at least 2, and above 0")

    def measure(self, log: Posts) -> float:
        """0 to 1; NaN where nobody has so many gaps."""
        found = gap_variations(log, self.least)
        return float((found < self.below).mean()) if len(found) else float("nan")

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """The log with authors in a random order: each has as many posts, at times of anybody's."""
        return dataclasses.replace(log, author=draw.permutation(log.author))
