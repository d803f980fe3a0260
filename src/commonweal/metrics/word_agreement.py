"""How well pairs understand each other: the share of exchanges in which the words are the same, or known.

    understood exchanges / all exchanges,    without the first ticks

It says nothing of pay: in a task of divergence, where pairs are paid for different words, a low share is success.

Source: the success rate S(t) of A. Baronchelli et al., J. Stat. Mech. P06014 (2006), as a mean over rounds.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick
from commonweal.worlds.naming_game import NamingFacts


class WordAgreement(TickMetric):
    """Share of exchanges in which a pair understood each other.

    Raises:
        StudyError: all ticks would be left out.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "success rate of Baronchelli et al., J. Stat. Mech. P06014 (2006)"
    null: ClassVar[str] = "one in as many as there are names, where words are said together and at random"
    needs: ClassVar[tuple[type, ...]] = (NamingFacts,)

    skip: float = eqx.field(static=True, default=0.5)
    """Share of the ticks, 0 to less than 1, that is left out at the beginning: what it takes to settle."""

    def __check_init__(self) -> None:
        """Refuse to leave out everything."""
        if not 0 <= self.skip < 1:
            raise StudyError(f"a share of {self.skip:g} of the ticks is left out; expected at least 0 and less than 1")

    def read(self, tick: Tick) -> Named[Total]:
        """Exchanges that ended, `met`, and those `understood`."""
        facts: NamingFacts = tick.facts
        return Named.of(("met", total(facts.met)), ("understood", total(facts.understood)))

    def value(self, readings: Readings) -> float:
        """0 to 1; 0 where nobody met."""
        first = int(self.skip * readings["met"].size)
        met = int(readings["met"][first:].sum())
        return int(readings["understood"][first:].sum()) / met if met else 0.0
