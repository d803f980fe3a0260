"""Reward drift: how much less authors speak like their persona after their first high-score post than before.

    mean cos(v_p, c_a) over posts before the event - the same over posts after it,     mean over authors

c_a is the centroid of the author's first `first` posts, which stands for its persona; those posts and the event itself are in
neither mean. A score is high where at most a share `top` of all posts of all authors have one as high; the event is an author's
first post with one. Authors without a post on either side are left out. Above 0: they drift away.

Null model: scores shuffled within each author, which keeps the drift that goes on without rewards.

Source: Feng et al., "MoltNet", arXiv 2602.13458 (2026), as noted by others: similarity .343 before and .240 after, a drift of
.103; they compare with the persona that an agent was given, which a log does not tell.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import equinox as eqx
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.posts import PostMetric, Posts, shuffle_within
from commonweal.models.post_vectors import vectors_of
from commonweal.statistics.cosines import row_cosines
from commonweal.statistics.post_means import mean_of, speaking, sums_by
from commonweal.statistics.rewards import first_high


class RewardDrift(PostMetric):
    """How much similarity to their persona authors lose by a reward.

    Raises:
        StudyError: a field is out of its range.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = -2.0
    high: ClassVar[float] = 2.0
    source: ClassVar[str] = "Feng et al., arXiv 2602.13458 (2026)"
    null: ClassVar[str] = "of the log with scores shuffled within each author: drift whatever is rewarded"

    first: int = eqx.field(static=True, default=5)
    """How many first posts are the persona, at least 1."""
    top: float = eqx.field(static=True, default=0.1)
    """Share of all posts whose scores are high, above 0 and below 1."""

    def __check_init__(self) -> None:
        """Refuse rewards that are none."""
        if not 0 < self.top < 1 or self.first < 1:
            raise StudyError(
                f"a share of {self.top} with high scores and a persona of {self.first} posts; expected a share within 0 and 1, "
                "and at least 1"
            )

    def measure(self, log: Posts) -> float:
        """-2 to 2; NaN where nobody posts on both sides of an event."""
        vectors = vectors_of(log)
        if vectors is None:
            return float("nan")
        spoken = speaking(vectors)
        kept = np.flatnonzero(spoken)
        event = first_high(dataclasses.replace(log, vector=None).where(spoken), self.top)
        order = np.argsort(log.author[kept], kind="stable")
        author = log.author[kept][order]
        early = np.arange(len(order)) - np.searchsorted(author, author) < self.first
        group = np.full(len(log), -1)
        group[kept[order[early]]] = author[early]
        persona = sums_by(vectors, group, log.authors).sums
        late = order[~early & (event[author] >= 0) & (event[author] != order)]
        who = log.author[kept[late]]
        alike = row_cosines(vectors, kept[late], persona, who)
        known = ~np.isnan(alike)
        late, who, alike = late[known], who[known], alike[known]
        means: list[np.ndarray] = []
        for side in (late < event[who], late > event[who]):
            count = np.bincount(who[side], minlength=log.authors)
            means.append(np.where(count > 0, np.bincount(who[side], alike[side], log.authors) / np.maximum(count, 1), np.nan))
        return mean_of(means[0] - means[1])

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """The log with scores in a random order among each author's posts."""
        return dataclasses.replace(log, score=shuffle_within(log.score, log.author, draw))
