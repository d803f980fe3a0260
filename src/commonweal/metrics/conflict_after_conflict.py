"""Conflict after conflict: how much more often two contradict each other again whose first exchange was a contradiction.

An exchange is a comment on what somebody else said; it is a conflict where cos(comment, parent) is below `below`.

    rate of conflict in later exchanges of pairs whose first was one - rate of conflict in all exchanges

Null model: what is said is shuffled among the posts of each day; who answers whom stays.

Source: Feng et al., "MoltNet", arXiv 2602.13458 (2026), as noted by others: 14.6 % after a conflict, 5.2 % in all. They let a
model judge what is a conflict; a cosine is a poor stand-in for it where posts are texts.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.posts import PostMetric, Posts, shuffle_within
from commonweal.models.post_vectors import vectors_of
from commonweal.statistics.cosines import row_cosines
from commonweal.statistics.post_means import dealt, speaking
from commonweal.statistics.threads import exchanges


class ConflictAfterConflict(PostMetric):
    """How much the rate of conflict is raised by a first conflict.

    Raises:
        StudyError: `below` is no cosine.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = -1.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Feng et al., arXiv 2602.13458 (2026)"
    null: ClassVar[str] = "0: what is said shuffled among the posts of each day"

    below: float = eqx.field(static=True, default=0.0)
    """The cosine below which an exchange is a conflict, -1 to 1."""

    def __check_init__(self) -> None:
        """Refuse what is no cosine."""
        if not -1.0 <= self.below <= 1.0:
            raise StudyError(f"a cosine of {self.below}; expected -1 to 1")

    def measure(self, log: Posts) -> float:
        """-1 to 1; NaN where no pair has an exchange after a conflict."""
        vectors = vectors_of(log)
        if vectors is None:
            return float("nan")
        spoken = speaking(vectors)
        replies = exchanges(log)
        replies = replies[spoken[replies] & spoken[log.parent[replies]]]
        conflict = row_cosines(vectors, replies, vectors, log.parent[replies]) < self.below
        one, other = log.author[replies], log.author[log.parent[replies]]
        pairs = np.minimum(one, other) * log.authors + np.maximum(one, other)
        _, first, pair = np.unique(pairs, return_index=True, return_inverse=True)
        later = conflict[first][pair]
        later[first] = False
        return float(conflict[later].mean() - conflict.mean()) if later.any() else float("nan")

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """The log with what is said in a random order among the posts of each day."""
        return dealt(log, shuffle_within(np.arange(len(log)), log.days, draw))
