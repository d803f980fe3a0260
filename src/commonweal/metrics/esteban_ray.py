"""Polarisation of what is said on the last day, by Esteban and Ray: how large and how far apart its groups are.

    P = 2^(1+alpha) sum_ij p_i^(1+alpha) p_j |y_i - y_j|

over bins of stances with shares p_i of the day's posts at places y_i, 0 to 1; a stance is the first part of what a post says. 1
of two equal groups at the ends, 0 of one group. Vectors are needed: texts have no stance.

Null model: what is said is dealt anew among all posts of all days, so that the last day is one like any other.

Source: J. Esteban and D. Ray, "On the measurement of polarization", Econometrica 62 (1994).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.posts import PostMetric, Posts
from commonweal.statistics.polarisation import LARGEST_ALPHA
from commonweal.statistics.stances import binned, dealt_stances, stances_on


class EstebanRay(PostMetric):
    """Esteban and Ray's polarisation of the last day's posts, as a share of the largest.

    Raises:
        StudyError: fewer than two bins, or alpha is outside.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Esteban and Ray, Econometrica 62 (1994)"
    null: ClassVar[str] = "0 of one group; that of any day where what is said is dealt among all days"

    bins: int = eqx.field(static=True, default=11)
    """Bins of stances, from -1 to 1, at least 2."""
    alpha: float = eqx.field(static=True, default=1.3)
    """How much people identify with their group, above 0 to 1.6."""

    def __check_init__(self) -> None:
        """Refuse a single bin, and an alpha that breaks the measure's axioms."""
        if self.bins < 2 or not 0 < self.alpha <= LARGEST_ALPHA:
            raise StudyError(
                f"polarisation in {self.bins} bins with alpha {self.alpha:g}; expected at least 2 and an alpha above 0, at "
                f"most {LARGEST_ALPHA:g}"
            )

    def measure(self, log: Posts) -> float:
        """0 to 1; NaN where no post has a stance."""
        return binned(stances_on(log), self.bins, self.alpha)

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """What is said, dealt among all posts."""
        return dealt_stances(log, draw)
