"""How much what a whole society says stays the same from day to day: the cosine of consecutive days' centroids.

    c_t = mean of v_p over the posts p of day t,   S_cent = mean over t >= after of cos(c_t, c_t+1)

v_p: what p says, of length 1. A day on which nothing is said has no centroid; a pair with such a day is left out. Of many
posts a day the centroid is steady by the law of large numbers alone: read the value beside its null model.

Source: Li, Li and Zhou, "Does socialization emerge in AI agent society?", arXiv 2602.14299 (2026): S_cent.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.posts import PostMetric, Posts
from commonweal.models.post_vectors import vectors_of
from commonweal.statistics.post_means import cosines, dealt, mean_of, sums_by


class CentroidStability(PostMetric):
    """Mean cosine of the centroids of one day and the next.

    Raises:
        StudyError: `after` is below 0.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = -1.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Li, Li and Zhou, arXiv 2602.14299 (2026): S_cent"
    null: ClassVar[str] = "that of the same posts dealt to the days at random: a society that never changes"

    after: int = eqx.field(static=True, default=5)
    """The first day, from 0, that is compared with the next."""

    def __check_init__(self) -> None:
        """Refuse a day that is none."""
        if self.after < 0:
            raise StudyError(f"centroids from day {self.after} on; expected a whole number from 0, the first day")

    def measure(self, log: Posts) -> float:
        """-1 to 1; NaN where from that day on no two consecutive days say anything."""
        vectors = vectors_of(log)
        if vectors is None or not len(log):
            return float("nan")
        days = sums_by(vectors, log.days, int(log.days[-1]) + 1).sums[self.after :]
        return mean_of(cosines(days[:-1], days[1:]))

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """What is said, dealt to the posts of all days at random."""
        return dealt(log, draw.permutation(len(log)))
