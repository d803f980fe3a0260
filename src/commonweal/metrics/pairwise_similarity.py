"""How alike what is said on one day is: the mean cosine of two posts of a day.

    S_pair(t) = mean over p != q of day t of cos(v_p, v_q) = (|sum_p v_p|^2 - n) / (n (n - 1)),   S_pair = mean over days

v_p: what p says, of length 1; n: posts of the day. It is exact, whatever the number of posts. Pairs of a post with itself are
left out, so that it does not depend on n. Days with fewer than two posts are left out.

Source: Li, Li and Zhou, "Does socialization emerge in AI agent society?", arXiv 2602.14299 (2026): S_pair(t, t); that
they leave a post's pair with itself out is not said.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from commonweal.core.posts import PostMetric, Posts
from commonweal.models.post_vectors import vectors_of
from commonweal.statistics.post_means import dealt, mean_of, sums_by


class PairwiseSimilarity(PostMetric):
    """Mean cosine of two different posts of one day, mean over days."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = -1.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Li, Li and Zhou, arXiv 2602.14299 (2026): S_pair within a day"
    null: ClassVar[str] = (
        "that of the same posts dealt to the days at random: how alike any two posts are; 0 of random directions"
    )

    def measure(self, log: Posts) -> float:
        """-1 to 1; NaN where no day has two posts."""
        vectors = vectors_of(log)
        if vectors is None or not len(log):
            return float("nan")
        days = sums_by(vectors, log.days, int(log.days[-1]) + 1)
        sums, n = days.sums[days.size > 1], days.size[days.size > 1].astype(np.float64)
        return mean_of(((sums * sums).sum(1) - n) / (n * (n - 1)))

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """What is said, dealt to the posts of all days at random."""
        return dealt(log, draw.permutation(len(log)))
