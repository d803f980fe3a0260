"""Truncation selection: at the end of a generation the best survive, and the others' seats go to copies of survivors.

After every `every` ticks seats are ranked by what they earned over them, after the rules before this one (name it last). The
best k = max(1, floor(survive n + 1/2)) keep their minds; every other seat gets the mind, and mind memory, of a survivor drawn
uniformly. Who earned alike is ranked by lot. Where a type is better and holds the share p of very many seats, it holds
min(1, p / survive) a generation later. With `survive` 1 nobody ever moves.

Source: A. Vallinder and E. Hughes, arXiv 2412.10270 (2024): the best half survive and seed the next generation; truncation
selection in J. Crow and M. Kimura, "Efficiency of truncation selection", PNAS 76 (1979).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float

from commonweal.core.arrays import Index, Units, real
from commonweal.core.branches import apart
from commonweal.core.errors import StudyError
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Memory, Ruling, Tick, same_seats


class Truncation(Institution):
    """The best survive a generation, and the rest of the seats go to their copies.

    Raises:
        StudyError: a number is out of range.

    Source: Vallinder and Hughes, arXiv 2412.10270 (2024); Crow and Kimura, PNAS 76 (1979).
    """

    kind: ClassVar[RuleKind] = RuleKind.BOUNDARY

    survive: Float[Array, ""] = eqx.field(converter=real, default=0.5)
    """Share of the seats that keep their minds, 0 (the best seat alone does) to 1 (all do)."""
    every: int = eqx.field(static=True, default=1)
    """Ticks in a generation, at least 1; payoffs add up over them."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.every < 1:
            raise StudyError(f"truncation every {self.every} ticks; expected at least 1")
        if not isinstance(self.survive, jax.core.Tracer) and not 0.0 <= float(self.survive) <= 1.0:
            raise StudyError(f"truncation with survive = {float(self.survive):g}; expected a number from 0 to 1")

    def begin(self, seats: Seats) -> Units:
        """Payoffs of the generation so far: none."""
        return jnp.zeros(seats.n, jnp.int32)

    def settle(self, memory: Memory, tick: Tick, key: Key) -> Ruling:
        """Whose mind sits where; payoffs are unchanged."""
        earned = memory + tick.payoff
        due = (tick.tick + 1) % self.every == 0
        heir = jnp.where(due, self.heirs(earned, key), same_seats(tick.seats.n))
        return Ruling(jnp.where(due, 0, earned), tick.payoff, heir=heir)

    def heirs(self, earned: Units, key: Key) -> Index:
        """Whose mind each seat has next.

        Args:
            earned: [a] ledger units.
            key: two words a seat are drawn from it.
        """
        n = earned.shape[0]
        with jax.enable_x64(True):
            lot = (key.child("lot").bits(n) >> 1).astype(jnp.int64)
            merit = (earned.astype(jnp.int64) << 32) + lot
            best = jnp.argsort(-merit).astype(jnp.int32)
        keep = jnp.maximum(jnp.floor(self.survive * jnp.float32(n) + 0.5), 1.0).astype(jnp.int32)
        place, drawn = apart((best, key.child("parent").below(keep, n)), (key.first | 1) > 0)
        rank = jnp.zeros(n, jnp.int32).at[place].set(same_seats(n))
        return jnp.where(rank < keep, same_seats(n), place[drawn])

    def describe(self, memory: Memory) -> str:
        """The rule in words; empty where all survive."""
        survive = float(self.survive)
        if survive == 1.0:
            return ""
        when = "After each round" if self.every == 1 else f"After every {self.every} rounds"
        return (
            f"{when} the {100 * survive:.4g} % of you who earned most stay, and each of the others is replaced by somebody who "
            "decides as one of those who stay."
        )
