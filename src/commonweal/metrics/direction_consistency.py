"""Whether authors move the same way: the cosine of the move of each with that of all others together.

    d_a = c_a^late - c_a^early,   S_a = cos(d_a, sum over b != a of d_b),   mean over authors a

c: mean of what is said (each post of length 1) in that half of the author's posts, in order of time; the middle one of an odd
number is in neither. An author's own move is left out of the others': with it, S_a is above 0 by chance alone, about 1/sqrt(k)
among k authors whose moves have nothing in common.

Source: Li, Li and Zhou, "Does socialization emerge in AI agent society?", arXiv 2602.14299 (2026): S_a, there with
the author's own move in the mean.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.posts import PostMetric, Posts, shuffle_within
from commonweal.models.post_vectors import vectors_of
from commonweal.statistics.post_means import cosines, dealt, halves_of, mean_of


class DirectionConsistency(PostMetric):
    """Mean cosine of the move of an author with that of the others.

    Raises:
        StudyError: `least` is below 1.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = -1.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Li, Li and Zhou, arXiv 2602.14299 (2026): S_a"
    null: ClassVar[str] = "0 where moves have nothing in common; that of each author's posts in a random order"

    least: int = eqx.field(static=True, default=5)
    """Fewest posts of an author in each half."""

    def __check_init__(self) -> None:
        """Refuse halves without posts."""
        if self.least < 1:
            raise StudyError(f"authors with {self.least} posts in each half; expected at least 1")

    def measure(self, log: Posts) -> float:
        """-1 to 1; NaN where fewer than two authors have posts enough."""
        vectors = vectors_of(log)
        if vectors is None or not len(log):
            return float("nan")
        halves = halves_of(log, vectors, self.least)
        move = halves.late - halves.early
        return mean_of(cosines(move, move.sum(0) - move)) if len(move) > 1 else float("nan")

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """What each author said, in a random order."""
        return dealt(log, shuffle_within(np.arange(len(log)), log.author, draw))
