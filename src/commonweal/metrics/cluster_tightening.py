"""Whether what is said crowds together over time: how far apart the first and the last day's distributions of nearness are.

    S_K(p) = 1/K sum of cos(v_p, v_q) over the K nearest q of p's day
    J = H((f + l) / 2) - (H(f) + H(l)) / 2

H: Shannon entropy in bits; f, l: shares of the first and of the last day's posts whose S_K is in each of `bins` equal bins from
-1 to 1. The more posts, the nearer the nearest: of both days equally many are read, at most `most`, drawn by a fixed seed. Few
posts make two samples of one distribution differ: read the value beside its null model.

Source: Li, Li and Zhou, "Does socialization emerge in AI agent society?", arXiv 2602.14299 (2026): S_K, K = 10, and
the Jensen-Shannon divergence (J. Lin, IEEE Transactions on Information Theory 37, 1991); equal numbers and bins are ours.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.posts import Ints, PostMetric, Posts
from commonweal.models.post_vectors import vectors_of
from commonweal.statistics.post_means import Means, Spoken, dealt, speaking, unit_rows

_ROWS = 512
"""Posts whose neighbours are looked for at a time."""


class ClusterTightening(PostMetric):
    """Divergence of the first and the last day's distributions of how near a post's nearest posts are.

    Raises:
        StudyError: `nearest` or `bins` is below 1, or `most` is not above `nearest`.
    """

    unit: ClassVar[str] = "bits"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Li, Li and Zhou, arXiv 2602.14299 (2026): S_K; Lin (1991): Jensen-Shannon divergence"
    null: ClassVar[str] = (
        "that of the same posts dealt to the days at random: above 0, as two samples of one distribution differ"
    )

    nearest: int = eqx.field(static=True, default=10)
    """K: neighbours that are averaged."""
    most: int = eqx.field(static=True, default=2_000)
    """Posts of a day that are read at most; work grows with its square."""
    bins: int = eqx.field(static=True, default=40)
    """Equal bins from -1 to 1: by default of width .05."""

    def __check_init__(self) -> None:
        """Refuse numbers that leave nothing to compare."""
        if min(self.nearest, self.bins) < 1 or self.most <= self.nearest:
            raise StudyError(
                f"{self.nearest} nearest of at most {self.most} posts in {self.bins} bins; expected at least 1 nearest, more "
                "posts than that, and at least 1 bin"
            )

    def measure(self, log: Posts) -> float:
        """0 to 1 bit; NaN where fewer than two days have more posts than `nearest`."""
        vectors = vectors_of(log)
        if vectors is None or not len(log):
            return float("nan")
        said, days = speaking(vectors), log.days
        count = np.bincount(days[said])
        full = np.flatnonzero(count > self.nearest)
        if len(full) < 2:
            return float("nan")
        first, last = full[0], full[-1]
        size = min(self.most, int(count[first]), int(count[last]))
        shares = [self._shares(vectors, np.flatnonzero(said & (days == day)), size) for day in (first, last)]
        both = _entropy((shares[0] + shares[1]) / 2) - (_entropy(shares[0]) + _entropy(shares[1])) / 2
        return min(1.0, max(0.0, both))

    def _shares(self, vectors: Spoken, places: Ints, size: int) -> Means:
        """The share of a day's posts in each bin. [bins]"""
        drawn = np.sort(np.random.default_rng(0).choice(places, size, replace=False))
        rows = unit_rows(vectors[drawn]).astype(np.float32)
        nearness = np.zeros(size)
        for start in range(0, size, _ROWS):
            cosine = rows[start : start + _ROWS] @ rows.T
            at = np.arange(len(cosine))
            cosine[at, start + at] = -np.inf
            top = np.partition(cosine, size - self.nearest, axis=1)[:, size - self.nearest :]
            nearness[start : start + _ROWS] = top.mean(1, dtype=np.float64)
        inside = np.clip(((nearness + 1) / 2 * self.bins).astype(np.int64), 0, self.bins - 1)
        return np.bincount(inside, minlength=self.bins) / size

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """What is said, dealt to the posts of all days at random."""
        return dealt(log, draw.permutation(len(log)))


def _entropy(shares: Means) -> float:
    """Shannon entropy, bits."""
    there = shares[shares > 0]
    return float(-(there * np.log2(there)).sum())
