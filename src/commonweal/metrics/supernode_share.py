"""The share of influence that the most influential hold: PageRank of the `top` authors of a day.

    sum of the `top` highest PageRanks,     mean over days

of each day's graph of comments, from commenter to commented, each comment a link of weight 1. Days with no more than `top`
authors in the graph are left out.

Null model: each comment's parent is another post of the same day as its own and of the same kind, that stood before it and is
by somebody else.

Source: Li, Li and Zhou, "Does socialization emerge in AI agent society?", arXiv 2602.14299 (2026), as noted by others.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.posts import PostMetric, Posts
from commonweal.statistics.pagerank import daily_ranks
from commonweal.statistics.threads import parents_redrawn


class SupernodeShare(PostMetric):
    """The mean share of PageRank of a day's most influential authors.

    Raises:
        StudyError: `top` is below 1.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Li, Li and Zhou, arXiv 2602.14299 (2026); PageRank of Page et al. (1999)"
    null: ClassVar[str] = "top / n where all n are answered alike; else of the log with random posts of the day commented on"

    top: int = eqx.field(static=True, default=5)
    """How many are the most influential, at least 1."""

    def __check_init__(self) -> None:
        """Refuse to look at nobody."""
        if self.top < 1:
            raise StudyError(f"the {self.top} most influential; expected at least 1")

    def measure(self, log: Posts) -> float:
        """0 to 1; NaN where no day has more than `top` authors that comment or are commented on."""
        ranks = daily_ranks(log)
        parts = [part for _, part in ranks.days() if part.stop - part.start > self.top]
        shares = [float(np.sort(ranks.rank[part])[-self.top :].sum()) for part in parts]
        return min(1.0, float(np.mean(shares))) if shares else float("nan")

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """The log with comments under random posts of the same day by others."""
        return parents_redrawn(log, draw)
