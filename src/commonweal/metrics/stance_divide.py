"""How divided what is posted is: Esteban and Ray's polarisation of the stances of a tick's posts, over its largest value.

A stance is the first part of what is said, from -1 to 1, counted in `bins` of equal width with places y at their middles:

    P = sum_ij p_i^(1+alpha) p_j |y_i - y_j|  /  its value for two equal poles in the outer bins

from the posts of the last ticks together: 0 where all say one thing, 1 at two equal poles.

Source: J. Esteban and D. Ray, "On the measurement of polarization", Econometrica 62 (1994).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from commonweal.core.content import ONE_PART
from commonweal.core.errors import StudyError
from commonweal.core.feed import POST
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.questions import Say
from commonweal.core.views import Tick
from commonweal.statistics.polarisation import LARGEST_ALPHA, esteban_ray


class StanceDivide(TickMetric):
    """The polarisation of what is posted, read off while a trial runs.

    Raises:
        StudyError: a number is out of range; in a trial, nobody posts vectors.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Esteban and Ray, Econometrica 62 (1994)"
    null: ClassVar[str] = "0 where all say one thing; that of the same number of stances drawn alike"

    bins: int = eqx.field(static=True, default=20)
    """How many groups, 2 to 64."""
    alpha: float = eqx.field(static=True, default=1.3)
    """How much people identify with their group, above 0 to 1.6."""
    last: int = eqx.field(static=True, default=10)
    """How many ticks at the end of a trial count, at least 1."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if not 2 <= self.bins <= 64 or self.last < 1 or not 0 < self.alpha <= LARGEST_ALPHA:
            raise StudyError(
                f"a divide of {self.bins} bins with alpha {self.alpha:g} over {self.last} ticks; expected 2 to 64, above 0 to "
                f"{LARGEST_ALPHA:g}, and at least 1"
            )

    def read(self, tick: Tick) -> Named[Total]:
        """`bin.0`, `bin.1`, ...: how many posts have a stance in each."""
        question = tick.menu.get(POST)
        if not isinstance(question, Say) or not question.size:
            raise StudyError("the divide of stances was asked of a society that posts no vectors; expected Forum(size=16)")
        said = tick.bound[POST]
        there = tick.answered[POST] & (said != 0).any(1)
        where = jnp.clip((said[:, 0] + ONE_PART) * self.bins // (2 * ONE_PART + 1), 0, self.bins - 1)
        return Named.of(*((f"bin.{at}", total(there & (where == at))) for at in range(self.bins)))

    def value(self, readings: Readings) -> float:
        """0 to 1; NaN where nothing was posted."""
        counts = np.array([readings[f"bin.{at}"][-self.last :].sum() for at in range(self.bins)], np.float64)
        if not counts.sum():
            return float("nan")
        places = (np.arange(self.bins) + 0.5) / self.bins
        poles = np.zeros(self.bins)
        poles[[0, -1]] = 1
        return esteban_ray(counts, places, self.alpha) / esteban_ray(poles, places, self.alpha)
