"""Exposure: how many posts an author was shown on average.

    views / authors

What feeds have in common where they are compared at equal exposure. It says how much was read, not what.

Null model: what is said is dealt among all posts; exposure stays what it is, since it does not depend on what is said.

Source: ours; impressions per user, as platforms count them.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from commonweal.core.posts import PostMetric, Posts
from commonweal.statistics.stances import dealt_stances


class Exposure(PostMetric):
    """Posts that an author was shown, on average."""

    unit: ClassVar[str] = "posts"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = np.inf
    source: ClassVar[str] = "ours"
    null: ClassVar[str] = "the same, whatever is said"

    def measure(self, log: Posts) -> float:
        """At least 0; NaN where nothing is known of views."""
        return log.views / log.authors if log.views and log.authors else float("nan")

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """What is said, dealt among all posts."""
        return dealt_stances(log, draw)
