"""How many seats one mind holds: the mean share over a trial, for a type that selection spreads or wipes out.

    mean over ticks of (seats that hold the mind / seats)

The first ticks can be left out. Whether the mind holds all seats at the end is `fixation`.

Source: the frequency of a type, as in M. Nowak, Evolutionary Dynamics (2006).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.society import Society
from commonweal.core.views import Tick


class MindShare(TickMetric):
    """Mean share of the seats that a mind holds; `MindShare.of(society, "vengeful")` finds it by name.

    Raises:
        StudyError: the mind's number is below 0, or all ticks would be left out.

    Source: Nowak, Evolutionary Dynamics (2006).
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "the frequency of a type, Nowak, Evolutionary Dynamics (2006)"
    null: ClassVar[str] = "its share at first, or among newcomers where there are any, if types are equally fit"

    mind: int = eqx.field(static=True, default=0)
    """Which mind, by its place in the society, from 0."""
    skip: float = eqx.field(static=True, default=0.0)
    """Share of the ticks, 0 to less than 1, that is left out at the beginning: what it takes to settle."""

    def __check_init__(self) -> None:
        """Refuse a mind that cannot be, and to leave out everything."""
        if self.mind < 0 or not 0 <= self.skip < 1:
            raise StudyError(
                f"the share of mind {self.mind}, without {self.skip:g} of the ticks; expected its place in the society, "
                "from 0, and a share of at least 0 and less than 1"
            )

    @staticmethod
    def of(society: Society, mind: str, skip: float = 0.0) -> MindShare:
        """The share of a mind of this society, by name.

        Raises:
            StudyError: the society has no such mind.
        """
        society.minds[mind]
        return MindShare(society.minds.names.index(mind), skip)

    def read(self, tick: Tick) -> Named[Total]:
        """How many seats the mind holds, and how many there are."""
        return Named.of(("held", total(tick.seats.mind == self.mind)), ("seats", total(jnp.ones(tick.seats.n, bool))))

    def value(self, readings: Readings) -> float:
        """0 to 1."""
        first = int(self.skip * readings["held"].size)
        return int(readings["held"][first:].sum()) / int(readings["seats"][first:].sum())
