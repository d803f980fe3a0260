"""Whether one mind holds every seat when a trial ends: did the mutant fix?

    value = 1 if all seats hold the mind, else 0

Over trials its mean is the fixation probability, where trials are long enough for one mind or another to have taken over.

Source: P. Moran, "Random processes in genetics", Mathematical Proceedings of the Cambridge Philosophical Society 54 (1958).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import EndMetric, Readings
from commonweal.core.society import Society
from commonweal.core.views import End


class Fixation(EndMetric):
    """Whether a mind has taken over; `Fixation.of(society, "mutant")` finds it by name.

    Raises:
        StudyError: the mind's number is below 0.

    Source: Moran (1958).
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Moran (1958)"
    null: ClassVar[str] = "the mind's share of the seats at first, where copying is neutral and contacts are alike"

    mind: int = eqx.field(static=True, default=1)
    """Which mind, by its place in the society, from 0."""

    def __check_init__(self) -> None:
        """Refuse a mind that cannot be."""
        if self.mind < 0:
            raise StudyError(f"the fixation of mind {self.mind}; expected its place in the society, from 0")

    @staticmethod
    def of(society: Society, mind: str) -> Fixation:
        """The fixation of a mind of this society, by name.

        Raises:
            StudyError: the society has no such mind.
        """
        society.minds[mind]
        return Fixation(society.minds.names.index(mind))

    def read(self, end: End) -> Named[Total]:
        """How many seats the mind holds, and how many there are."""
        return Named.of(("held", total(end.seats.mind == self.mind)), ("seats", total(jnp.ones(end.seats.n, bool))))

    def value(self, readings: Readings) -> float:
        """1 where it holds them all."""
        return float(readings["held"][-1] == readings["seats"][-1])
