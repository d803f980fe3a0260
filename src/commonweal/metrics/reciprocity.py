"""Reciprocity: the share of ties that are returned.

A tie goes from a to b where a commented on something that b said, once or often, a not b.

    ties (a, b) with a tie (b, a) / ties

Null model: each comment's parent is another post of the same day as its own and of the same kind, that stood before it and is
by somebody else.

Source: S. Wasserman and K. Faust, Social Network Analysis (1994), ch. 13; published of Moltbook: .197 (Holtz, arXiv 2602.10131)
and about .01 (Price, arXiv 2602.20044), as noted by others.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from commonweal.core.posts import PostMetric, Posts
from commonweal.statistics.threads import exchanges, parents_redrawn


class Reciprocity(PostMetric):
    """The share of directed ties that are answered."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Wasserman and Faust (1994); Holtz, arXiv 2602.10131 (2026)"
    null: ClassVar[str] = "the density of ties that fall at random; else of the log with random posts of the day answered"

    def measure(self, log: Posts) -> float:
        """0 to 1; NaN where nobody comments on anybody."""
        replies = exchanges(log)
        one, other = log.author[replies], log.author[log.parent[replies]]
        ties = np.unique(one * log.authors + other)
        back = ties % max(log.authors, 1) * log.authors + ties // max(log.authors, 1)
        return float(np.isin(back, ties).mean()) if len(ties) else float("nan")

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """The log with comments under random posts of the same day by others."""
        return parents_redrawn(log, draw)
