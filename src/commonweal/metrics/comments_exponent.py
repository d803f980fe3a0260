"""The exponent of comments per post: how slowly the number of comments under a post falls off.

    P(x) ~ x^-alpha,  x >= x_min,     alpha by maximum likelihood

x counts all comments in a post's thread. Small: a few posts draw most comments. That holds above an `x_min` of more than the
usual number of comments; below it, alpha tells little but the mean of log x.

Null model: each comment is under a random post of its thread's day, that stood before it and is by somebody else: then numbers
fall off faster than any power.

Source: A. Clauset, C. Shalizi and M. Newman, SIAM Review 51 (2009), eq. 3.5; published of Moltbook: 1.72 (De Marzo and Garcia,
arXiv 2602.09270 (2026)), as noted by others.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.posts import PostMetric, Posts
from commonweal.statistics.power_law import STEEPEST, exponent
from commonweal.statistics.threads import parents_redrawn, roots


class CommentsExponent(PostMetric):
    """The power law of comments per post.

    Raises:
        StudyError: `x_min` is below 1.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 1.0
    high: ClassVar[float] = STEEPEST
    source: ClassVar[str] = "Clauset, Shalizi and Newman (2009); De Marzo and Garcia, arXiv 2602.09270 (2026)"
    null: ClassVar[str] = "of the log with comments under random posts of the same day"

    x_min: int = eqx.field(static=True, default=1)
    """Comments from which on the law holds, at least 1."""

    def __check_init__(self) -> None:
        """Refuse a law of posts without comments."""
        if self.x_min < 1:
            raise StudyError(f"a power law from {self.x_min} comments on; expected at least 1")

    def measure(self, log: Posts) -> float:
        """Above 1, at most 50; NaN where no post has more than `x_min` comments."""
        return exponent(np.bincount(roots(log.parent)[~log.tops], minlength=len(log)), self.x_min)

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """The log with comments under random posts of the same day by others."""
        return parents_redrawn(log, draw, among="posts")
