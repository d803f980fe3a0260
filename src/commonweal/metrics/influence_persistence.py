"""Influence persistence: whether those who are most answered today are so tomorrow.

PageRank (.85) of each day's graph of comments, from commenter to commented, each comment a link of weight 1:

    |T_d and T_(d+1)| / top,     mean over pairs of consecutive days,     T_d the `top` authors of the highest PageRank

Who ties for the last places shares them, and the overlap is sum_i m_i(d) m_i(d+1) / top, its mean over random ways to break
the tie. Days with no more than `top` authors in the graph, of which all would be at the top, are left out.

Null model: each comment's parent is another post of the same day as its own and of the same kind, that stood before it and is
by somebody else: who posts much stays so, whom others choose goes.

Source: Li, Li and Zhou, "Does socialization emerge in AI agent society?", arXiv 2602.14299 (2026), as noted by others.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.posts import PostMetric, Posts
from commonweal.statistics.pagerank import daily_ranks, top_places
from commonweal.statistics.threads import parents_redrawn


class InfluencePersistence(PostMetric):
    """The mean share of a day's most influential that are so the next day.

    Raises:
        StudyError: `top` is below 1.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Li, Li and Zhou, arXiv 2602.14299 (2026); PageRank of Page et al. (1999)"
    null: ClassVar[str] = "top / n of n equally active authors; else of the same log with random posts of the day commented on"

    top: int = eqx.field(static=True, default=5)
    """How many are the most influential, at least 1."""

    def __check_init__(self) -> None:
        """Refuse to look at nobody."""
        if self.top < 1:
            raise StudyError(f"the {self.top} most influential; expected at least 1")

    def measure(self, log: Posts) -> float:
        """0 to 1; NaN where no two consecutive days have more than `top` authors that comment or are commented on."""
        ranks = daily_ranks(log)
        overlaps: list[float] = []
        before, held = -2, np.zeros(log.authors)
        for day, part in ranks.days():
            if part.stop - part.start > self.top:
                now = np.zeros(log.authors)
                now[ranks.author[part]] = top_places(ranks.rank[part], self.top)
                if day == before + 1:
                    overlaps.append(float(held @ now) / self.top)
                before, held = day, now
        return min(1.0, float(np.mean(overlaps))) if overlaps else float("nan")

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """The log with comments under random posts of the same day by others."""
        return parents_redrawn(log, draw)
