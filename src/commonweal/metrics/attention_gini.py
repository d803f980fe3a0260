"""The Gini coefficient of attention: how unevenly likes fall on authors or on posts, or posts on authors.

    G = sum_ij |x_i - x_j| / (2 n sum_i x_i),     the population form

over those who posted at all; scores below 0 count as 0. Where there are no likes, all have alike: 0.

Null model: of scores, the same number of likes, each on a post drawn at random; of postings, each post by a random one of
those who posted.

Source: C. Gini, Variabilita e mutabilita (1912). Published of Moltbook: .992 of upvotes and .601 of postings (Price, arXiv
2602.20044), .84 against Reddit's .47 (Goyal), as noted by others.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar, Literal

import equinox as eqx
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.posts import PostMetric, Posts

WHAT = ("authors", "posts", "postings")


class AttentionGini(PostMetric):
    """The Gini coefficient of scores or of postings.

    Raises:
        StudyError: `over` is none of its three.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Gini (1912); Price, arXiv 2602.20044 (2026)"
    null: ClassVar[str] = "of the same number of likes, each on a random post (postings: each post by a random author)"

    over: Literal["authors", "posts", "postings"] = eqx.field(static=True, default="authors")
    """`authors`: the sums of their posts' scores; `posts`: scores; `postings`: how many posts each author has."""

    def __check_init__(self) -> None:
        """Refuse what cannot be counted."""
        if self.over not in WHAT:
            raise StudyError(f"Gini over {self.over!r}; expected one of {', '.join(WHAT)}")

    def measure(self, log: Posts) -> float:
        """0 to 1; NaN where nothing was posted."""
        posted = np.bincount(log.author, minlength=log.authors)
        score = np.maximum(log.score, 0.0)
        if self.over == "posts":
            held = score
        else:
            held = np.bincount(log.author, score, log.authors)[posted > 0] if self.over == "authors" else posted[posted > 0]
        if not len(held):
            return float("nan")
        n, whole = len(held), float(held.sum())
        spread = float((2 * np.arange(n) - (n - 1)) @ np.sort(held).astype(np.float64))
        return min(1.0, max(0.0, spread / (n * whole))) if whole > 0 else 0.0

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """The log with likes on random posts, or posts by random authors."""
        if not len(log):
            return log
        if self.over == "postings":
            return dataclasses.replace(log, author=draw.choice(np.unique(log.author), len(log)))
        likes = round(float(np.maximum(log.score, 0.0).sum()))
        score = np.bincount(draw.integers(len(log), size=likes), minlength=len(log)).astype(np.float64)
        return dataclasses.replace(log, score=score)
