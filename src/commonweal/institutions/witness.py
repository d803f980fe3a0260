"""Witnesses: seats are told contact by contact what was truly done, whatever they took it for.

Where a question with a norm scale has an answer for each contact, each seat is told with probability `reach`, drawn each tick,
what its contacts did to it and it to them: the acts as the world saw them. This replaces what the world showed of the tick; a
seat that is not reached keeps to what it saw. So a public record cures misperception, and not acts that came out wrong.

Of several such questions the first counts. Without one, and at `reach` = 0, nobody is told anything.

Source: E. Ostrom, Governing the Commons (1990), design principles 4 (monitoring) and 6 (arenas that settle what happened).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float

from commonweal.core.arrays import real
from commonweal.core.errors import StudyError
from commonweal.core.packed import toward
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Choice
from commonweal.core.streams import Key
from commonweal.core.views import Memory, Ruling, Tick, Told


class Witness(Institution):
    """Tells each seat what its contacts truly did to it.

    Raises:
        StudyError: `reach` is not from 0 to 1.

    Source: Ostrom, Governing the Commons (1990), design principles 4 and 6.
    """

    kind: ClassVar[RuleKind] = RuleKind.INFORMATION
    needs_scale: ClassVar[bool] = True

    reach: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that a seat is told, drawn each tick, 0 (the rule is as if absent) to 1."""

    def __check_init__(self) -> None:
        """Refuse a number out of range."""
        if not isinstance(self.reach, jax.core.Tracer) and not 0.0 <= float(self.reach) <= 1.0:
            raise StudyError(f"witnesses with reach = {float(self.reach):g}; expected a probability from 0 to 1")

    def settle(self, memory: Memory, tick: Tick, key: Key) -> Ruling:
        """What each seat is told; payoffs are unchanged."""
        links = tick.seats.links
        for name, question in tick.menu.items():
            if links is None or not isinstance(question, Choice) or question.to is None or not question.scaled:
                continue
            mine = tick.bound[name].astype(jnp.uint8)
            theirs = toward(mine, links)
            known = (links.degree > 0) & key.child("reach").chance(self.reach, tick.seats.n)
            level = jnp.where(known, question.level(theirs), 0.0)
            told = Told(level, known, *(jnp.where(known, bits, 0).astype(jnp.uint8) for bits in (theirs, mine)))
            return Ruling(memory, tick.payoff, public=told)
        return Ruling(memory, tick.payoff)

    def describe(self, memory: Memory) -> str:
        """The rule in words; empty where nobody is told anything."""
        reach = float(self.reach)
        if reach == 0.0:
            return ""
        often = "Each round" if reach == 1.0 else f"Each round, with probability {reach:.4g},"
        return f"{often} you are told what each of your contacts truly did to you."
