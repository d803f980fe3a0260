"""How long a society takes to agree on a word: ticks until everybody says one word, over some rounds.

    t = the first tick at and after which, in `window` rounds in which words are said, there is one word only
      = the length of the trial where there is none

The word may be any. Of the rounds near the end of a trial there must be as many as the window asks for. Where all seats speak
each other round on average (`pairs` = 0), a window of w rounds hears n w / 2 words; the published time, at which all lists
hold one name, lies within a few rounds of it. Where one pair meets at a time, choose a window of many rounds.

Source: A. Baronchelli et al., J. Stat. Mech. P06014 (2006): convergence time, there read from the lists.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick
from commonweal.worlds.naming_game import NamingFacts


class ConsensusTime(TickMetric):
    """Ticks until one word is all that is said.

    Raises:
        StudyError: the window has no rounds.
    """

    unit: ClassVar[str] = "ticks"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = float("inf")
    source: ClassVar[str] = "convergence time of Baronchelli et al., J. Stat. Mech. P06014 (2006), read from what is said"
    null: ClassVar[str] = "the length of the trial where seats say words at random"
    needs: ClassVar[tuple[type, ...]] = (NamingFacts,)

    window: int = eqx.field(static=True, default=10)
    """Rounds in which only that word is said, at least 1."""

    def __check_init__(self) -> None:
        """Refuse a window without rounds."""
        if self.window < 1:
            raise StudyError(f"consensus over {self.window} rounds; expected at least 1")

    def read(self, tick: Tick) -> Named[Total]:
        """`least` and `most`, the smallest and largest word said, -1 where none is."""
        facts: NamingFacts = tick.facts
        return Named.of(("least", total(facts.least)), ("most", total(facts.most)))

    def value(self, readings: Readings) -> float:
        """Whole ticks, from 0 to the length of the trial."""
        at = np.flatnonzero(readings["least"] >= 0)
        least, most = readings["least"][at], readings["most"][at]
        for first in range(at.size - self.window + 1):
            rows = slice(first, first + self.window)
            if (least[rows] == least[first]).all() and (most[rows] == least[first]).all():
                return float(at[first])
        return float(readings["least"].size)
