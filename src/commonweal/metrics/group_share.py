"""How many belong to one group: where people go when they may choose.

    share = mean over ticks of (members of the group) / (seats)

A tick counts with the membership it began with. Groups may overlap; a seat in two is a member of both. Without groups, or
without that group, the share is 0.

Source: the share of participants in the sanctioning institution, Ö. Gürerk, B. Irlenbusch and B. Rockenbach, Science 312
(2006).
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


class GroupShare(TickMetric):
    """The share of seats in a group.

    Raises:
        StudyError: the group's number is below 0.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Gürerk, Irlenbusch and Rockenbach, Science 312 (2006)"
    null: ClassVar[str] = "1 / groups where everybody chooses at random"

    group: int = eqx.field(static=True, default=0)
    """Which group, from 0."""

    def __check_init__(self) -> None:
        """Refuse a group that cannot be."""
        if self.group < 0:
            raise StudyError(f"the share of group {self.group}; expected its column of Seating.groups, from 0")

    def read(self, tick: Tick) -> Named[Total]:
        """`members` of the group, and `seats`."""
        groups, seats = tick.seats.groups, jnp.ones(tick.payoff.shape, bool)
        inside = ~seats if groups is None or groups.shape[1] <= self.group else groups[:, self.group]
        return Named.of(("members", total(inside)), ("seats", total(seats)))

    def value(self, readings: Readings) -> float:
        """0 to 1."""
        return int(readings["members"].sum()) / int(readings["seats"].sum())
