"""Interaction influence: whether authors come to speak like those on whose posts they comment.

For an author that comments on post p of another, c and c' are the centroids of the `window` posts that it said before and
after the comment, which is in neither:

    cos(v_p, c') - cos(v_p, c),     mean over comments

Comments that say nothing are none. Comments with fewer than `window` posts of their author on one side are left out: a centroid
of fewer posts is further from anything, so that windows of different sizes would differ without any influence.

Null model: each comment's parent is another post of the same day as its own and of the same kind (a post, or a comment), that
stood before it and is by somebody else: the common drift stays, who was read goes.

Source: Li, Li and Zhou, "Does socialization emerge in AI agent society?", arXiv 2602.14299 (2026), as noted by others; equal
windows are ours.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.posts import PostMetric, Posts
from commonweal.models.post_vectors import vectors_of
from commonweal.statistics.cosines import blocks, stretched
from commonweal.statistics.post_means import speaking
from commonweal.statistics.threads import exchanges, parents_redrawn


class InteractionInfluence(PostMetric):
    """How much nearer authors are to a post after they commented on it than before.

    Raises:
        StudyError: `window` is below 1.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = -2.0
    high: ClassVar[float] = 2.0
    source: ClassVar[str] = "Li, Li and Zhou, arXiv 2602.14299 (2026)"
    null: ClassVar[str] = "what random posts of the same day by others give; 0 without a common drift"

    window: int = eqx.field(static=True, default=5)
    """Posts before the comment, and after it, at least 1."""
    tops: bool = eqx.field(static=True, default=False)
    """Whether these are posts alone; else comments count too."""

    def __check_init__(self) -> None:
        """Refuse a window without posts."""
        if self.window < 1:
            raise StudyError(f"a window of {self.window} posts; expected at least 1")

    def measure(self, log: Posts) -> float:
        """-2 to 2; NaN where no comment has posts of its author enough before and after."""
        vectors = vectors_of(log)
        if vectors is None:
            return float("nan")
        spoken = speaking(vectors)
        order, _ = log.by_author()
        counted = (spoken & log.tops if self.tops else spoken)[order]
        before, said = np.cumsum(counted) - counted, order[counted]
        event = np.zeros(len(log), bool)
        event[exchanges(log)] = True
        event &= spoken & spoken[np.maximum(log.parent, 0)]
        at = np.flatnonzero(event[order])
        last, first = before[at] - self.window, before[at] + counted[at]
        whole = (last >= 0) & (first + self.window <= len(said))
        at, last, first = at[whole], last[whole], first[whole]
        who = log.author[order[at]]
        whole = (log.author[said[last]] == who) & (log.author[said[first + self.window - 1]] == who)
        at, last, first = at[whole], last[whole], first[whole]
        total = 0.0
        for part in blocks(len(said)):
            here = slice(*np.searchsorted(last, (part.start, part.stop)))
            if here.start < here.stop:
                base = last[here.start]
                rows = vectors[said[base : first[here.stop - 1] + self.window]]
                sums = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0, dtype=np.float64)])
                centre = stretched((sums[self.window :] - sums[: -self.window]).astype(np.float32))
                read = stretched(vectors[log.parent[order[at[here]]]])
                # A difference of two cosines: inner products of unit vectors, which factor.
                moved = np.einsum("nd,nd->n", centre[first[here] - base] - centre[last[here] - base], read)
                total += float(moved.sum(dtype=np.float64))
        return total / len(at) if len(at) else float("nan")

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """The log with comments under random posts of the same day by others."""
        return parents_redrawn(log, draw)
