"""Polarisation per minute of exposure: how much a minute of reading moves a forum towards two poles.

    (P(last day) - P(first day)) / minutes,   minutes = views x seconds a view / 60 / authors

P is Esteban and Ray's measure of a day's stances as a share of the largest (`metrics.esteban_ray`), minutes are those that an
author has read on average. So feeds that show more or less can be compared at equal exposure. Vectors are needed, and how
often posts were shown.

Null model: what is said is dealt anew among all posts of all days, so that the last day is as polarised as the first.

Source: ours; polarisation by J. Esteban and D. Ray, Econometrica 62 (1994).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.posts import PostMetric, Posts
from commonweal.statistics.polarisation import LARGEST_ALPHA
from commonweal.statistics.stances import binned, dealt_stances, stances_on


class PolarisationRate(PostMetric):
    """The change of polarisation from the first day to the last, per minute that an author has read.

    Raises:
        StudyError: fewer than two bins, alpha is outside, or a view takes no time.
    """

    unit: ClassVar[str] = "1/min"
    low: ClassVar[float] = -np.inf
    high: ClassVar[float] = np.inf
    source: ClassVar[str] = "ours; Esteban and Ray, Econometrica 62 (1994)"
    null: ClassVar[str] = "0 on average where what is said is dealt among all days"

    seconds_per_view: float = eqx.field(static=True, default=10.0)
    """How long a post that is shown is read, seconds, above 0."""
    bins: int = eqx.field(static=True, default=11)
    """Bins of stances, from -1 to 1, at least 2."""
    alpha: float = eqx.field(static=True, default=1.3)
    """How much people identify with their group, above 0 to 1.6."""

    def __check_init__(self) -> None:
        """Refuse a single bin, an alpha that breaks the measure's axioms, and reading in no time."""
        if self.bins < 2 or not 0 < self.alpha <= LARGEST_ALPHA or not self.seconds_per_view > 0:
            raise StudyError(
                f"polarisation in {self.bins} bins with alpha {self.alpha:g} and {self.seconds_per_view:g} seconds a view; "
                f"expected at least 2, an alpha above 0 and at most {LARGEST_ALPHA:g}, and more than 0 seconds"
            )

    def measure(self, log: Posts) -> float:
        """Per minute; NaN where no post has a stance, or nothing is known of views."""
        if log.views < 1 or not log.authors:
            return float("nan")
        minutes = log.views * self.seconds_per_view / 60 / log.authors
        last, first = (binned(stances_on(log, last), self.bins, self.alpha) for last in (True, False))
        return (last - first) / minutes

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """What is said, dealt among all posts."""
        return dealt_stances(log, draw)
