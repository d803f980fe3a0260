"""Persona alignment: the share of what authors say later that is like what they said first.

    share of posts with cos(v_p, c_a) >= least,     over all posts of each author a after its first `first`

c_a is the centroid of the author's first `first` posts, which stands for its persona.

Null model: what was posted in a day is dealt anew to the authors who posted then.

Source: Feng et al., "MoltNet", arXiv 2602.13458 (2026), as noted by others: 17.87 % of comments and 19.34 % of posts at .6;
they compare with the persona that an agent was given, which a log does not tell.
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
from commonweal.statistics.post_means import speaking, sums_by


class PersonaAlignment(PostMetric):
    """The share of later posts that are near the centroid of their author's first ones.

    Raises:
        StudyError: a field is out of its range.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Feng et al., arXiv 2602.13458 (2026)"
    null: ClassVar[str] = "of the log with authors shuffled within each day: how alike all speak"

    first: int = eqx.field(static=True, default=5)
    """How many first posts are the persona, at least 1."""
    least: float = eqx.field(static=True, default=0.6)
    """The cosine from which on a post is aligned, -1 to 1."""

    def __check_init__(self) -> None:
        """Refuse a persona of no posts."""
        if self.first < 1 or not -1.0 <= self.least <= 1.0:
            raise StudyError(
                f"a persona of {self.first} posts and a cosine of {self.least}; expected at least 1, and a cosine from -1 to 1"
            )

    def measure(self, log: Posts) -> float:
        """0 to 1; NaN where no author posts more than `first` times."""
        vectors = vectors_of(log)
        if vectors is None:
            return float("nan")
        kept = np.flatnonzero(speaking(vectors))
        order = kept[np.argsort(log.author[kept], kind="stable")]
        author = log.author[order]
        early = np.arange(len(order)) - np.searchsorted(author, author) < self.first
        group = np.full(len(log), -1)
        group[order[early]] = author[early]
        persona = sums_by(vectors, group, log.authors).sums
        alike = row_cosines(vectors, order[~early], persona, author[~early]) >= self.least
        return float(alike.mean()) if len(alike) else float("nan")

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """The log with authors in a random order among the posts of each day."""
        return dataclasses.replace(log, author=shuffle_within(log.author, log.days, draw))
