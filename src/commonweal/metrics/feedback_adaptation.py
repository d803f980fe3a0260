"""Feedback adaptation: whether authors move to what of theirs was liked, and away from what was not.

For `window` posts in a row of an author (sliding by `stride`), c is their centroid, c' that of the next `window` posts, c_top
and c_bot those of the posts in the window with the top and bottom 30 % of scores, d(x, y) = 1 - cos(x, y):

    NP = D_bot - D_top,     D_x = d(c', c_x) - d(c, c_x),     mean over an author's windows, then over authors

Above 0: they move to what was rewarded. Posts that tie are ordered by a fixed random number of their place among the author's,
which tells nothing of time; windows in which all scores are equal say nothing and are left out. What an author says is posts
and comments alike; `log.where(log.tops)` leaves posts alone.

Null model: scores shuffled within each author. Then a window's top is any of its posts, as is its bottom: 0 on average.

Source: Li, Li and Zhou, "Does socialization emerge in AI agent society?", arXiv 2602.14299 (2026), as noted by others; the
treatment of ties is ours, as is the distance (they say no more than distance).
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import equinox as eqx
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.posts import Ints, PostMetric, Posts, shuffle_within
from commonweal.models.post_vectors import vectors_of
from commonweal.statistics.cosines import blocks, stretched
from commonweal.statistics.post_means import Means, Spoken, mean_of, speaking


class FeedbackAdaptation(PostMetric):
    """How much nearer authors come to their liked posts than to their disliked ones.

    Raises:
        StudyError: a field is out of its range.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = -4.0
    high: ClassVar[float] = 4.0
    source: ClassVar[str] = "Li, Li and Zhou, arXiv 2602.14299 (2026)"
    null: ClassVar[str] = "0: scores shuffled within each author"

    window: int = eqx.field(static=True, default=10)
    """Posts in a window, at least 2."""
    share: float = eqx.field(static=True, default=0.3)
    """Share of a window's posts that are its top, and its bottom: above 0, at most .5; at least one post."""
    stride: int = eqx.field(static=True, default=1)
    """Posts from the start of a window to that of the next, at least 1."""

    def __check_init__(self) -> None:
        """Refuse windows that are none."""
        if self.window < 2 or self.stride < 1 or not 0 < self.share <= 0.5:
            raise StudyError(
                f"windows of {self.window} posts, {self.stride} apart, with a share of {self.share} at the top; expected at "
                "least 2 posts, 1 apart, and a share above 0 and at most .5"
            )

    def measure(self, log: Posts) -> float:
        """-4 to 4; NaN where no author has two windows of posts."""
        vectors = vectors_of(log)
        if vectors is None:
            return float("nan")
        kept = np.flatnonzero(speaking(vectors))
        order = kept[np.argsort(log.author[kept], kind="stable")]
        author, score = log.author[order], log.score[order]
        place = np.arange(len(order)) - np.searchsorted(author, author)
        tie = np.random.default_rng(0).random(place.max(initial=0) + 1)[place]
        begin = np.arange(max(0, len(order) - 2 * self.window + 1))
        begin = begin[(author[begin] == author[begin + 2 * self.window - 1]) & (place[begin] % self.stride == 0)]
        total, count = np.zeros(log.authors), np.zeros(log.authors)
        for part in blocks(len(order)):
            here = begin[np.searchsorted(begin, part.start) : np.searchsorted(begin, part.stop)]
            spans = here[:, None] + np.arange(self.window)
            told = np.ptp(score[spans], axis=1) > 0
            here, spans = here[told], spans[told]
            if len(here):
                ranked = np.lexsort((tie[spans], score[spans]), axis=1)
                rows = vectors[order[here[0] : here[-1] + 2 * self.window]]
                total += np.bincount(author[here], self._moved(rows, ranked, here - here[0]), log.authors)
                count += np.bincount(author[here], minlength=log.authors)
        return mean_of(total[count > 0] / count[count > 0])

    def _moved(self, rows: Spoken, ranked: Ints, begin: Ints) -> Means:
        """NP of windows that begin at `begin` [n] of `rows`, whose posts in the order of their scores are `ranked`. [n]"""
        sums = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0, dtype=np.float64)])
        centre = stretched((sums[self.window :] - sums[: -self.window]).astype(np.float32))
        top = max(1, round(self.share * self.window))
        best, worst = rows[begin + ranked[:, -1]], rows[begin + ranked[:, 0]]
        for at in range(1, top):
            best += rows[begin + ranked[:, -1 - at]]
            worst += rows[begin + ranked[:, at]]
        # Each D is a difference of cosines: inner products of unit vectors, which factor.
        move, pull = centre[begin + self.window], stretched(best)
        move -= centre[begin]
        pull -= stretched(worst)
        return np.einsum("nd,nd->n", move, pull).astype(np.float64)

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """The log with scores in a random order among each author's posts."""
        return dataclasses.replace(log, score=shuffle_within(log.score, log.author, draw))
