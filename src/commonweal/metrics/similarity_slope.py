"""Whether what is said grows alike: how much the mean cosine of two posts of a day rises from day to day. The plane of meaning.

    S(t)  = (|sum_p v_p|^2 - n) / (n (n - 1)),   p over the n posts of day t      mean cosine of two different posts
    slope = sum_t (t - mean t) S(t) / sum_t (t - mean t)^2                        least squares, over days with two posts

v_p: what p says, of length 1. Fewer than two such days: NaN.

Source: Li, Li and Zhou, "Does socialization emerge in AI agent society?", arXiv 2602.14299 (2026), for S(t), which
they found low and flat; its slope as one number is ours.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from commonweal.core.posts import PostMetric, Posts
from commonweal.models.post_vectors import vectors_of
from commonweal.statistics.post_means import dealt, sums_by


class SimilaritySlope(PostMetric):
    """The slope over days of the mean cosine of two different posts of a day.

    Source: Li, Li and Zhou (2026).
    """

    unit: ClassVar[str] = "1/day"
    low: ClassVar[float] = -2.0
    high: ClassVar[float] = 2.0
    source: ClassVar[str] = "Li, Li and Zhou, arXiv 2602.14299 (2026): pairwise similarity by day; its slope is ours"
    null: ClassVar[str] = "0 on average where the same posts are dealt to the days at random"

    def measure(self, log: Posts) -> float:
        """-2 to 2 a day; NaN where fewer than two days have two posts."""
        vectors = vectors_of(log)
        if vectors is None or not len(log):
            return float("nan")
        days = sums_by(vectors, log.days, int(log.days[-1]) + 1)
        there = np.flatnonzero(days.size > 1)
        if len(there) < 2:
            return float("nan")
        n = days.size[there].astype(np.float64)
        alike = ((days.sums[there] ** 2).sum(1) - n) / (n * (n - 1))
        since = there - there.mean()
        return float((since * alike).sum() / (since * since).sum())

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """What is said, dealt to the posts of all days at random."""
        return dealt(log, draw.permutation(len(log)))
