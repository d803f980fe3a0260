"""Reward response: the share of authors who post more often after their first high-score post than before.

A score is high where at most a share `top` of all posts of all authors have one as high. With n0 posts before the first such
post at time e, n1 after it, the author's first post at t0 and its last at t1:

    share of authors with  n1 / (t1 - e) > n0 / (e - t0),     of those with n0, n1 >= least and t0 < e < t1

Both are posts a time while the author posts: what it did before it came and after it left is not looked at.

Null model: scores shuffled within each author.

Source: Feng et al., "MoltNet", arXiv 2602.13458 (2026), as noted by others: 45.2 % post more after a high-upvote event. What
they call high is not known to us; the tenth of all posts is ours.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import equinox as eqx
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.posts import PostMetric, Posts, shuffle_within
from commonweal.statistics.rewards import first_high


class RewardResponse(PostMetric):
    """The share of authors who post more often after a reward.

    Raises:
        StudyError: a field is out of its range.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Feng et al., arXiv 2602.13458 (2026)"
    null: ClassVar[str] = "of the log with scores shuffled within each author; about .5 where rates do not change"

    top: float = eqx.field(static=True, default=0.1)
    """Share of all posts whose scores are high, above 0 and below 1."""
    least: int = eqx.field(static=True, default=1)
    """Posts that an author has before and after, at least 1."""

    def __check_init__(self) -> None:
        """Refuse rewards that are none."""
        if not 0 < self.top < 1 or self.least < 1:
            raise StudyError(
                f"a share of {self.top} with high scores and {self.least} posts around; expected a share within 0 and 1, and "
                "at least 1"
            )

    def measure(self, log: Posts) -> float:
        """0 to 1; NaN where nobody posts before and after a high score."""
        event = first_high(log, self.top)
        order, start = log.by_author()
        place = np.zeros(len(log), np.int64)
        place[order] = np.arange(len(log))
        who = np.flatnonzero(event >= 0)
        begin, end, at = start[who], start[who + 1] - 1, place[event[who]]
        time = log.time[order]
        before, after = at - begin, end - at
        spent_before, spent_after = time[at] - time[begin], time[end] - time[at]
        known = (before >= self.least) & (after >= self.least) & (spent_before > 0) & (spent_after > 0)
        more = after[known] * spent_before[known] > before[known] * spent_after[known]
        return float(more.mean()) if len(more) else float("nan")

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """The log with scores in a random order among each author's posts."""
        return dataclasses.replace(log, score=shuffle_within(log.score, log.author, draw))
