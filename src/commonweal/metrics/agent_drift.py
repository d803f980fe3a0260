"""How far what authors say moves: the cosine distance of the earlier and the later half of their posts.

    D_a = 1 - cos(c_a^early, c_a^late),   mean over authors a

c: mean of what is said (each post of length 1) in that half of the author's posts, in order of time; the middle one of an odd
number is in neither. Centroids of few posts differ by chance alone: read the value beside its null model.

Source: Li, Li and Zhou, "Does socialization emerge in AI agent society?", arXiv 2602.14299 (2026): D_a.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.posts import PostMetric, Posts, shuffle_within
from commonweal.models.post_vectors import vectors_of
from commonweal.statistics.post_means import cosines, dealt, halves_of, mean_of


class AgentDrift(PostMetric):
    """Mean distance of the earlier and the later half of what an author says.

    Raises:
        StudyError: `least` is below 1.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 2.0
    source: ClassVar[str] = "Li, Li and Zhou, arXiv 2602.14299 (2026): D_a"
    null: ClassVar[str] = "that of each author's posts in a random order: above 0, the less the more posts an author has"

    least: int = eqx.field(static=True, default=5)
    """Fewest posts of an author in each half."""

    def __check_init__(self) -> None:
        """Refuse halves without posts."""
        if self.least < 1:
            raise StudyError(f"authors with {self.least} posts in each half; expected at least 1")

    def measure(self, log: Posts) -> float:
        """0 to 2; NaN where no author has posts enough."""
        vectors = vectors_of(log)
        if vectors is None or not len(log):
            return float("nan")
        halves = halves_of(log, vectors, self.least)
        return mean_of(1 - cosines(halves.early, halves.late))

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """What each author said, in a random order."""
        return dealt(log, shuffle_within(np.arange(len(log)), log.author, draw))
