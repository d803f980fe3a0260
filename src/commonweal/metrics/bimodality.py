"""Whether the stances of the last day stand in two heaps: the bimodality coefficient.

    (skewness^2 + 1) / kurtosis

of the stances of the day's posts, the first part of what each says: 1 of two places, 5/9 of an even spread, 1/3 of a normal
one. Vectors are needed: texts have no stance.

Null model: what is said is dealt anew among all posts of all days, so that the last day is one like any other.

Source: R. Pfister et al., "Good things peak in pairs: a note on the bimodality coefficient", Frontiers in Psychology 4 (2013).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from commonweal.core.posts import PostMetric, Posts
from commonweal.statistics.polarisation import bimodality
from commonweal.statistics.stances import dealt_stances, stances_on


class Bimodality(PostMetric):
    """The bimodality coefficient of the last day's stances."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Pfister et al., Frontiers in Psychology 4 (2013)"
    null: ClassVar[str] = "5/9 of an even spread, 1/3 of a normal one; that of any day where what is said is dealt among all"

    def measure(self, log: Posts) -> float:
        """0 to 1; NaN where no two posts of the day differ in stance."""
        return bimodality(stances_on(log))

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """What is said, dealt among all posts."""
        return dealt_stances(log, draw)
