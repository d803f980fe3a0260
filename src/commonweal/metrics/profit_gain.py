"""How much of what collusion could add to profit is earned: 0 is competition, 1 the cartel.

    gain = (mean profit - nash) / (monopoly - nash)

over the seats that are asked anything and the last `share` of the ticks (at least one), profit being what the world paid
before any rule took or gave. Below 0 firms earn less than in competition. On a grid of prices competition itself may earn a
little more than `nash`.

Source: E. Calvano, G. Calzolari, V. Denicolo and S. Pastorello, American Economic Review 110 (2020), equation (9).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick


class ProfitGain(TickMetric):
    """Profit between that of competition and that of a cartel.

    Raises:
        StudyError: the cartel earns no more than competition, or the share is not above 0 and at most 1.

    Source: Calvano et al. (2020), equation (9).
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = float("-inf")
    high: ClassVar[float] = float("inf")
    source: ClassVar[str] = "Calvano et al., American Economic Review 110 (2020): average profit gain"
    null: ClassVar[str] = "0 where firms compete; 1 where they earn what one owner of all would"

    nash: float = eqx.field(static=True, default=222.92666)
    """What competition pays a seat each tick, ledger units; by default of the market of Calvano et al."""
    monopoly: float = eqx.field(static=True, default=337.49046)
    """What a cartel pays a seat each tick, ledger units."""
    share: float = eqx.field(static=True, default=0.1)
    """Last share of the ticks that counts, above 0 and at most 1."""

    def __check_init__(self) -> None:
        """Refuse lines that measure nothing."""
        if not self.nash < self.monopoly or not 0 < self.share <= 1:
            raise StudyError(
                f"a profit gain between {self.nash:g} and {self.monopoly:g} over {self.share:g} of the ticks; expected a "
                "cartel that earns more than competition, and a share above 0 and at most 1"
            )

    def read(self, tick: Tick) -> Named[Total]:
        """`made`, what the world paid the seats that were asked anything, and `seats`, how many they are."""
        asked = jnp.zeros(tick.made.shape, bool)
        for question in tick.menu.values:
            asked = asked | question.asked
        return Named.of(("made", total(jnp.where(asked, tick.made, 0))), ("seats", total(asked)))

    def value(self, readings: Readings) -> float:
        """1 is the cartel; where nobody was asked, nobody earned."""
        first = readings["made"].size - max(1, round(self.share * readings["made"].size))
        seats = max(1, int(readings["seats"][first:].sum()))
        return (int(readings["made"][first:].sum()) / seats - self.nash) / (self.monopoly - self.nash)
