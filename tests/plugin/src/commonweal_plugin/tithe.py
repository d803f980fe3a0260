"""A tithe: a share of every gain leaves the society.

Source: this example's own.
"""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from commonweal.core.numbers import share_of, total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.streams import Key
from commonweal.core.views import Fined, Memory, Ruling, Tick


class Tithe(Institution):
    """Burns a share of every positive payoff."""

    kind: ClassVar[RuleKind] = RuleKind.PAYOFF

    rate: Float[Array, ""] = eqx.field(converter=jnp.float32, default=0.1)
    """Share of a gain that leaves, 0 to 1."""

    def settle(self, memory: Memory, tick: Tick, key: Key) -> Ruling:
        """Take the tithe."""
        due = share_of(jnp.maximum(tick.payoff, 0), self.rate)
        return Ruling(memory, tick.payoff - due, public=Fined(due), burnt=total(due))

    def describe(self, memory: Memory) -> str:
        """The rule in words."""
        return f"{100 * float(self.rate):g} % of what you gain leaves the society."
