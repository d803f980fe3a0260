"""Minds that decide whether to join, and act by whether they are bound: signers, committers, breakers of promises.

    join      probability of answering 1 (sign, commit, hand over) to a question of these names that has no norm scale
    inside    norm level aimed at while a rule says that it binds this seat now (`inside`, as contracts and treaties tell it)
    outside   norm level aimed at else

With a rule that plays or binds within the round, a mediator or a commitment, nobody is told before it acts: `outside` is then
what the seat does where it is left to itself. By default a conditional signer: joins, cooperates inside, defects outside.

Source: strategies of games that begin with a stage of signing, as in S. Barrett, Oxford Economic Papers 46 (1994), and
M. Jackson and S. Wilkie, Review of Economic Studies 72 (2005).
"""

from __future__ import annotations

from typing import ClassVar, Protocol, runtime_checkable

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float

from commonweal.core.arrays import Flags, real
from commonweal.core.errors import StudyError
from commonweal.core.menu import announced, standing
from commonweal.core.named import Named
from commonweal.core.parts import Mind
from commonweal.core.questions import Act, Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, View

Gene = Float[Array, "*a"]


@runtime_checkable
class Binding(Protocol):
    """What a rule tells that binds some seats and others not."""

    inside: Flags
    """Whom it binds now."""


class Joiner(Mind):
    """A mind that joins or not, and acts by whether it is bound; every number is a scalar or one value a seat.

    Raises:
        StudyError: a number is not from 0 to 1.
    """

    family: ClassVar[bool] = True
    memory_depth: ClassVar[float] = 1

    join: Gene = eqx.field(converter=real, default=1.0)
    """Probability of joining, drawn at each question, 0 to 1."""
    inside: Gene = eqx.field(converter=real, default=1.0)
    """Norm level while it is bound, 0 to 1."""
    outside: Gene = eqx.field(converter=real, default=0.0)
    """Norm level while it is not, 0 to 1."""
    questions: tuple[str, ...] = eqx.field(static=True, default=("contract", "commitment", "mediator", "treaty"))
    """Questions that it joins by answering 1; other questions without a scale get their default."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        for name, value in (("join", self.join), ("inside", self.inside), ("outside", self.outside)):
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= 0) & (value <= 1)).all()):
                raise StudyError(f"a joiner with {name} = {value.tolist()}; expected numbers from 0 to 1")

    def init(self, key: Key, seats: Seats) -> tuple[()]:
        """Remembers nothing."""
        return ()

    def act(self, memory: tuple[()], view: View, key: Key) -> Decision:
        """Joins or not, and acts at the level of where it stands."""
        n = view.payoff.shape[0]
        bound = jnp.zeros(n, bool)
        for public in view.public.values:
            if isinstance(public, Binding):
                bound = bound | public.inside
        level = jnp.where(bound, self.inside, self.outside)
        acts: list[tuple[str, Act]] = []
        for name, question in view.menu.items():
            own = key.child(name)
            if question.scaled:
                acts.append((name, question.at(level, own.child("at"))))
            elif name in self.questions and isinstance(question, Choice) and question.to is None:
                acts.append((name, own.child("join").chance(self.join, n).astype(jnp.int32)))
            else:
                acts.append((name, question.default()))
        meant = Named.of(*acts)
        return Decision(announced(view.menu, meant, standing(view.menu, meant)), memory)
