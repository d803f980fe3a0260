"""The share of all influence that human seats have, where public cards tell which seats are human.

    h = sum over ticks and human seats of y / sum over ticks and all seats of y

from 0 to 1. A world without any influence: the share of human seats.

Source: the question is that of J. Kulveit et al., "Gradual disempowerment", arXiv 2501.16946 (2025); the measure, the share of
influence of marked seats, is ours.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from commonweal.core.errors import StudyError
from commonweal.core.facts import HasInfluence
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.views import Tick


class HumanInfluence(TickMetric):
    """The share of influence of the seats whose card says that they are human.

    Raises:
        StudyError: the society has no cards.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "after Kulveit et al., arXiv 2501.16946 (2025); the measure is ours"
    null: ClassVar[str] = "the share of human seats, where influence does not go by who one is"
    needs: ClassVar[tuple[type, ...]] = (HasInfluence,)

    card: int = eqx.field(static=True, default=1)
    """The card of a human seat."""

    def read(self, tick: Tick) -> Named[Total]:
        """`theirs` and `all`, influence of human and of all seats; `humans` and `seats`, how many there are."""
        cards = tick.seats.card
        if cards is None:
            raise StudyError(
                f"human influence is read off cards of {self.card}, and the society has none; give Seating(card=...)"
            )
        human = cards == self.card
        influence = tick.facts.influence
        with jax.enable_x64(True):
            theirs = jnp.sum(jnp.where(human, influence, 0), dtype=jnp.int64)
        return Named.of(
            ("theirs", theirs),
            ("all", total(influence)),
            ("humans", total(human)),
            ("seats", total(jnp.ones(human.shape, bool))),
        )

    def value(self, readings: Readings) -> float:
        """0 to 1."""
        part, whole = ("theirs", "all") if readings["all"].sum() else ("humans", "seats")
        return float(readings[part].sum() / readings[whole].sum())
