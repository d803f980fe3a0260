"""How many of the words of a day are never said again: the share of its n-grams that die with it.

    R_death = mean over days t after the first of |D_t| / |A_t-1|, where A_t-1 is not empty

    A_t: the n-grams said on day t;   D_t: those that are last said on day t - 1

The last day is no t - 1: what is said then dies with the log.

over the n-grams that are said at least twice in the whole log. Of posts that are vectors alone a word is the place and sign of
a part, and a post says its three largest parts in order (`statistics/ngrams.py`). A short log has births and deaths of words
that are only rare: read the value beside its null model.

Source: Li, Li and Zhou, "Does socialization emerge in AI agent society?", arXiv 2602.14299 (2026): R_death(t).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.posts import PostMetric, Posts
from commonweal.statistics.ngrams import LONGEST, turnover_of
from commonweal.statistics.post_means import dealt, mean_of


class NgramDeath(PostMetric):
    """Mean share of a day's n-grams that are said for the last time.

    Raises:
        StudyError: `n` is not from 1 to 5.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Li, Li and Zhou, arXiv 2602.14299 (2026): R_death(t)"
    null: ClassVar[str] = "that of the same posts dealt to the days at random: a society that never changes its words"

    n: int = eqx.field(static=True, default=1)
    """Words in a row, 1 to 5."""

    def __check_init__(self) -> None:
        """Refuse n-grams that are not counted."""
        if not 1 <= self.n <= LONGEST:
            raise StudyError(f"n-grams of {self.n} words; expected a whole number from 1 to {LONGEST}")

    def measure(self, log: Posts) -> float:
        """0 to 1; NaN where no day but the last has n-grams said twice."""
        found = turnover_of(log, self.n)
        if found is None:
            return float("nan")
        active, ended = found.active[:-1], found.ended[:-1]
        return mean_of(ended[active > 0] / active[active > 0])

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """What is said, dealt to the posts of all days at random."""
        return dealt(log, draw.permutation(len(log)))
