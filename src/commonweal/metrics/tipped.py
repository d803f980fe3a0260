"""Whether a minority has turned a society: at the end of the trial, the word that it is committed to is all that is said.

    1 where only that word was said in the last `window` rounds, else 0

Over trials its mean is the share of societies that tipped within the trial's length: a finite society tips sooner or later, so
a share without a horizon says nothing.

Source: J. Xie et al., "Social consensus through the influence of committed minorities", Phys. Rev. E 84 (2011) 011130.
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


class Tipped(TickMetric):
    """Whether one word has won.

    Raises:
        StudyError: the word's number is below 0, or the window has no rounds.

    Source: Xie et al. (2011).
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Xie et al., Phys. Rev. E 84 (2011) 011130"
    null: ClassVar[str] = "one in as many as there are names, where none is favoured and all agree; 0 where they do not"
    needs: ClassVar[tuple[type, ...]] = (NamingFacts,)

    word: int = eqx.field(static=True, default=0)
    """Which word, from 0."""
    window: int = eqx.field(static=True, default=10)
    """Last rounds in which only that word is said, at least 1; all where there are fewer."""

    def __check_init__(self) -> None:
        """Refuse a word that cannot be, and a window without rounds."""
        if self.word < 0 or self.window < 1:
            raise StudyError(f"word {self.word} over {self.window} rounds; expected a word from 0 and at least 1 round")

    def read(self, tick: Tick) -> Named[Total]:
        """How many words were `said`, and how many of them were `others`."""
        facts: NamingFacts = tick.facts
        return Named.of(("said", total(facts.spoken)), ("others", total((facts.said >= 0) & (facts.said != self.word))))

    def value(self, readings: Readings) -> float:
        """0 or 1."""
        last = np.flatnonzero(readings["said"] > 0)[-self.window :]
        return float(last.size > 0 and not readings["others"][last].any())
