"""Reply depth: how deep comments stand in their threads, on average. A comment on a post 1, an answer to that 2.

    mean depth over comments

Null model: each comment answers any earlier post or comment of its parent's day by somebody else; threads then are random
recursive trees.

Source: Holtz, arXiv 2602.10131 (2026), as noted by others: 1.07.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from commonweal.core.posts import PostMetric, Posts
from commonweal.statistics.threads import depths, parents_redrawn


class ReplyDepth(PostMetric):
    """The mean depth of comments."""

    unit: ClassVar[str] = "steps"
    low: ClassVar[float] = 1.0
    high: ClassVar[float] = float("inf")
    source: ClassVar[str] = "Holtz, arXiv 2602.10131 (2026)"
    null: ClassVar[str] = "of the log in which any earlier post or comment of the day is answered"

    def measure(self, log: Posts) -> float:
        """At least 1; NaN where there are no comments."""
        depth = depths(log.parent)[~log.tops]
        return float(depth.mean()) if len(depth) else float("nan")

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """The log with comments under random posts and comments of the same day by others."""
        return parents_redrawn(log, draw, among="any")
