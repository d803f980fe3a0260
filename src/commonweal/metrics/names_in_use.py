"""How many names a society holds at most while it looks for one: the peak of different names, or of all names in all lists.

    peak over rounds of   |union of the lists|     different names, N_d
                          sum of their lengths     all names, N_w: the memory that the search takes

read at the beginning of each round, after the rounds before. Names are counted by the minds that hold them (their tallies
`held` and `different`): 0 where no mind of the society counts any.

Source: A. Baronchelli et al., J. Stat. Mech. P06014 (2006): N_d and N_w; sequentially played, the peak of N_d is about n / 2,
that of N_w about n^1.5.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx

from commonweal.core.named import Named
from commonweal.core.numbers import Total, added, kept, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick
from commonweal.worlds.naming_game import NamingFacts


class NamesInUse(TickMetric):
    """Peak number of names held."""

    unit: ClassVar[str] = "names"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = float("inf")
    source: ClassVar[str] = "Baronchelli et al., J. Stat. Mech. P06014 (2006): N_d, and N_w where all are counted"
    null: ClassVar[str] = "the names at first, where nobody makes up or takes over any"
    needs: ClassVar[tuple[type, ...]] = (NamingFacts,)

    every: bool = eqx.field(static=True, default=False)
    """Whether a name counts once for each seat that holds it (N_w); else once (N_d)."""

    def read(self, tick: Tick) -> Named[Total]:
        """`different` names and names `held` by seats, where words are said; 0 where hearers answer."""
        facts: NamingFacts = tick.facts

        def counted(what: str) -> Total:
            found = (total(count) for name, count in tick.tallies.items() if name.rsplit(".", 1)[-1] == what)
            return kept(facts.spoken > 0, added(*found))

        return Named.of(("different", counted("different")), ("held", counted("held")))

    def value(self, readings: Readings) -> float:
        """A whole number of names."""
        return float(readings["held" if self.every else "different"].max())
