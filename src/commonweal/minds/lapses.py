"""Minds that lapse: they keep to a norm level, but now and then fall to another one; copies of one mind lapse together.

On every question that carries a norm scale a seat answers, each tick, at

    lapsed    with probability `lapse`
    level     else

Whether it lapses is one draw: its own, or with probability `together` the one that all seats of the family have in common in
that tick. Each seat lapses as often either way; what differs is whether it does so when the others do. Two seats with the
probabilities t and u of going by the common draw, and one probability of lapsing, have lapses with a correlation of t u: 0
between minds of one's own, 1 between copies of one mind (one model in many seats, with one temperature and one mistake).

Source: common-mode failure of copies, J. Knight and N. Leveson, "An experimental evaluation of the assumption of independence
in multiversion programming", IEEE Trans. Software Engineering 12 (1986); J. Kleinberg and M. Raghavan, "Algorithmic
monoculture and social welfare", PNAS 118 (2021). The mind is our own.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float

from commonweal.core.arrays import Flags, real
from commonweal.core.errors import StudyError
from commonweal.core.menu import announced, standing
from commonweal.core.named import Named
from commonweal.core.parts import Mind
from commonweal.core.questions import Act
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, View

Gene = Float[Array, "*a"]
_GENES = ("level", "lapse", "lapsed", "together")


class Lapsing(Mind):
    """A mind that lapses; every field is a scalar or one value a seat, from 0 to 1. By default it never does.

    Raises:
        StudyError: a gene is out of range.

    Source: Kleinberg and Raghavan, PNAS 118 (2021), for one mind in many seats.
    """

    family: ClassVar[bool] = True

    level: Gene = eqx.field(converter=real, default=1.0)
    """Norm level that it keeps to."""
    lapse: Gene = eqx.field(converter=real, default=0.0)
    """Probability of a lapse, each tick."""
    lapsed: Gene = eqx.field(converter=real, default=0.0)
    """Norm level at which it answers then."""
    together: Gene = eqx.field(converter=real, default=0.0)
    """Probability that it goes by the draw that all have in common: 0 a mind of its own, 1 a copy of one mind."""

    def __check_init__(self) -> None:
        """Refuse genes out of range."""
        for name in _GENES:
            value = getattr(self, name)
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= 0) & (value <= 1)).all()):
                raise StudyError(f"a lapsing mind with {name} = {value.tolist()}; expected a number from 0 to 1")

    def init(self, key: Key, seats: Seats) -> tuple[()]:
        """Remembers nothing."""
        return ()

    def lapses(self, n: int, key: Key) -> Flags:
        """Who of n seats lapses, [a]."""
        common = key.child("common").uniform(1)
        own = key.child("own").uniform(n)
        joint = key.child("joint").chance(self.together, n)
        return jnp.where(joint, common, own) < self.lapse

    def act(self, memory: tuple[()], view: View, key: Key) -> Decision:
        """Answers every question with a norm scale; the default elsewhere; says what it does."""
        fallen = self.lapses(view.payoff.shape[0], key.child("lapse"))
        level = jnp.where(fallen, self.lapsed, self.level)
        acts: list[tuple[str, Act]] = [
            (name, question.at(level, key.child(name)) if question.scaled else question.default())
            for name, question in view.menu.items()
        ]
        meant = Named.of(*acts)
        return Decision(announced(view.menu, meant, standing(view.menu, meant)), memory)
