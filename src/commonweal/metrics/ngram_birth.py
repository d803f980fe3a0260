"""How many of the words of a day are new: the share of its n-grams that nobody said before.

    R_birth = mean over days t after the first, whose A_t is not empty, of |B_t| / |A_t|

    A_t: the n-grams said on day t;   B_t: those of them that are first said on day t

over the n-grams that are said at least twice in the whole log. Of posts that are vectors alone a word is the place and sign of
a part, and a post says its three largest parts in order (`statistics/ngrams.py`). A short log has births and deaths of words
that are only rare: read the value beside its null model.

Source: Li, Li and Zhou, "Does socialization emerge in AI agent society?", arXiv 2602.14299 (2026): R_birth(t).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.posts import PostMetric, Posts
from commonweal.statistics.ngrams import LONGEST, turnover_of
from commonweal.statistics.post_means import dealt, mean_of


class NgramBirth(PostMetric):
    """Mean share of a day's n-grams that are said for the first time.

    Raises:
        StudyError: `n` is not from 1 to 5.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Li, Li and Zhou, arXiv 2602.14299 (2026): R_birth(t)"
    null: ClassVar[str] = "that of the same posts dealt to the days at random: a society that never changes its words"

    n: int = eqx.field(static=True, default=1)
    """Words in a row, 1 to 5."""

    def __check_init__(self) -> None:
        """Refuse n-grams that are not counted."""
        if not 1 <= self.n <= LONGEST:
            raise StudyError(f"n-grams of {self.n} words; expected a whole number from 1 to {LONGEST}")

    def measure(self, log: Posts) -> float:
        """0 to 1; NaN where no day but the first has n-grams said twice."""
        found = turnover_of(log, self.n)
        if found is None:
            return float("nan")
        active, born = found.active[1:], found.born[1:]
        return mean_of(born[active > 0] / active[active > 0])

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """What is said, dealt to the posts of all days at random."""
        return dealt(log, draw.permutation(len(log)))
