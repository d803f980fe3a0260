"""Minds that vote with their feet: they leave a society that pays them less than they aspire to, and perhaps come back.

    level       norm level of their acts while they are in
    aspiration  they leave in the tick after one in which they were in and were paid less than this
    back        probability of asking to come in, drawn at every tick in which they are out and may
    admits      1: they vote to let others in; 0: to keep them out, as on every other ballot

Where it is paid below its aspiration whatever it does, a seat that may move at every tick is in for two ticks and then out for
1 / back on average, so that the long-run share of its time out is 1 / (1 + 2 back).

Source: A. Hirschman, Exit, Voice, and Loyalty (1970); leaving as a strategy in repeated games: V. Vanberg and R. Congleton,
"Rationality, morality, and exit", American Political Science Review 86 (1992). The share is our own derivation.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float

from commonweal.core.arrays import Flags, real
from commonweal.core.branches import apart
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.parts import Mind
from commonweal.core.questions import Act, Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, View

Gene = Float[Array, "*a"]


class Leaver(Mind):
    """A mind that leaves where it is paid too little; every number is a scalar or one value a seat.

    Raises:
        StudyError: a number is not from 0 to 1.

    Source: Vanberg and Congleton, American Political Science Review 86 (1992).
    """

    family: ClassVar[bool] = True
    memory_depth: ClassVar[float] = 1

    level: Gene = eqx.field(converter=real, default=1.0)
    """Norm level of its acts, 0 to 1."""
    aspiration: Gene = eqx.field(converter=real, default=0.0)
    """What it must be paid in a tick to stay, ledger units; negative infinity: it never leaves."""
    back: Gene = eqx.field(converter=real, default=0.0)
    """Probability of asking to come in, 0 to 1."""
    admits: Gene = eqx.field(converter=real, default=0.0)
    """Whether it votes to let others in, 0 or 1."""
    question: str = eqx.field(static=True, default="boundary")
    """Name of the question whether to move: a choice whose answer 1 is to leave and 2 to come in."""
    admission: str = eqx.field(static=True, default="boundary_admission")
    """Name of the ballot on who comes in: a choice whose answer 1 lets it in."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        for name, value in (("level", self.level), ("back", self.back), ("admits", self.admits)):
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= 0) & (value <= 1)).all()):
                raise StudyError(f"a leaver with {name} = {value.tolist()}; expected numbers from 0 to 1")

    def init(self, key: Key, seats: Seats) -> Flags:
        """Whether it was in at the last tick, [a]: there was none."""
        return jnp.zeros(seats.n, bool)

    def act(self, memory: Flags, view: View, key: Key) -> Decision:
        """Its level, its moves, and its ballots on others."""
        n = memory.shape[0]
        inside = jnp.ones(n, bool)
        acts: list[tuple[str, Act]] = []
        for name, question in view.menu.items():
            own = key.child(name)
            if question.scaled:
                act = question.at(jnp.broadcast_to(self.level, n), own.child("at"))
            elif name == self.question and isinstance(question, Choice) and question.legal is not None:
                inside = jnp.where(question.asked, question.legal[:, 1], memory)
                leaves = inside & memory & ~view.born & (view.payoff < self.aspiration)
                enters = ~inside & own.child("back").chance(self.back, n)
                # Whether an answer is legal is looked up by it: apart, so that no chain of hashes ends in an address.
                act = apart(jnp.where(leaves, 1, jnp.where(enters, 2, 0)).astype(jnp.int32), view.tick >= 0)
            elif name == self.admission and isinstance(question, Choice):
                act = jnp.broadcast_to(self.admits >= 0.5, n).astype(jnp.int32)
            else:
                act = question.default()
            acts.append((name, act))
        return Decision(Named.of(*acts), inside)
