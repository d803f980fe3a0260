"""Unanswered: the share of comments on which nobody comments.

Null model: each comment answers any earlier post or comment of its parent's day by somebody else.

Source: Holtz, arXiv 2602.10131 (2026), as noted by others: .935.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from commonweal.core.posts import PostMetric, Posts
from commonweal.statistics.threads import parents_redrawn


class Unanswered(PostMetric):
    """The share of comments without a reply."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Holtz, arXiv 2602.10131 (2026)"
    null: ClassVar[str] = "of the log in which any earlier post or comment of the day is answered"

    def measure(self, log: Posts) -> float:
        """0 to 1; NaN where there are no comments."""
        comments = ~log.tops
        answered = np.zeros(len(log), bool)
        answered[log.parent[comments]] = True
        return float((~answered[comments]).mean()) if comments.any() else float("nan")

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """The log with comments under random posts and comments of the same day by others."""
        return parents_redrawn(log, draw, among="any")
