"""Whether authors move to what all others say: the change of the cosine with their centroid.

    dS_a = cos(c_a^late, g_a) - cos(c_a^early, g_a),   mean over authors a

c: mean of what is said (each post of length 1) in that half of the author's posts, in order of time; the middle one of an odd
number is in neither. g_a: mean over all posts of all other authors, whenever they were posted. Above 0: pulled to the centre.
Authors are not independent: what all move to is in g. A pull that is quick against an author's history is over in its earlier
half: the value rises with the rate of the pull, and falls again.

Source: Li, Li and Zhou, "Does socialization emerge in AI agent society?", arXiv 2602.14299 (2026): dS_a, there with
the author's own posts in g.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.posts import PostMetric, Posts, shuffle_within
from commonweal.models.post_vectors import vectors_of
from commonweal.statistics.post_means import cosines, dealt, halves_of, mean_of


class SocietalPull(PostMetric):
    """Mean change of the cosine of what an author says with what all others say.

    Raises:
        StudyError: `least` is below 1.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = -2.0
    high: ClassVar[float] = 2.0
    source: ClassVar[str] = "Li, Li and Zhou, arXiv 2602.14299 (2026): dS_a"
    null: ClassVar[str] = "0 where nobody is pulled; that of each author's posts in a random order"

    least: int = eqx.field(static=True, default=5)
    """Fewest posts of an author in each half."""

    def __check_init__(self) -> None:
        """Refuse halves without posts."""
        if self.least < 1:
            raise StudyError(f"authors with {self.least} posts in each half; expected at least 1")

    def measure(self, log: Posts) -> float:
        """-2 to 2; NaN where no author has posts enough, or nobody else posts."""
        vectors = vectors_of(log)
        if vectors is None or not len(log):
            return float("nan")
        halves = halves_of(log, vectors, self.least)
        others = halves.whole - halves.own
        return mean_of(cosines(halves.late, others) - cosines(halves.early, others))

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """What each author said, in a random order."""
        return dealt(log, shuffle_within(np.arange(len(log)), log.author, draw))
