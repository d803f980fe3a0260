"""A trembling hand: what a seat decided comes out as something else now and then.

Every answer to a question with a norm scale comes out wrong with probability `rate`, drawn each tick for each seat (and, where
contacts are answered one by one, for each contact): of two answers as the other one, so that odds p become (1 - 2 e) p + e; of
more answers, or an amount, as a uniformly random legal one. Rules that are named later see, and may mend, what came out.

Source: R. Selten, "Reexamination of the perfectness concept for equilibrium points in extensive games", International Journal
of Game Theory 4 (1975).
"""

from __future__ import annotations

from typing import ClassVar, cast

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float

from commonweal.core.arrays import real
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, choose
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Act, Choice, Question, packed_chance
from commonweal.core.streams import Key
from commonweal.core.views import Bound, Memory, Offer


class Tremble(Institution):
    """Acts that come out wrong, everybody's alike.

    Raises:
        StudyError: `rate` is not from 0 to 0.5.

    Source: Selten, International Journal of Game Theory 4 (1975).
    """

    kind: ClassVar[RuleKind] = RuleKind.CHOICE
    needs_scale: ClassVar[bool] = True

    rate: Float[Array, ""] = eqx.field(converter=real, default=0.05)
    """Probability that an act comes out wrong, 0 (never) to 0.5."""

    def __check_init__(self) -> None:
        """Refuse a number out of range."""
        if not isinstance(self.rate, jax.core.Tracer) and not 0.0 <= float(self.rate) <= 0.5:
            raise StudyError(f"a tremble with rate = {float(self.rate):g}; expected a probability from 0 to 0.5")

    def bind(self, memory: Memory, offer: Offer, acts: Acts, key: Key) -> Bound:
        """What comes out."""
        for name, question in offer.menu.items():
            if question.scaled:
                acts = acts.replace(name, self._slipped(question, acts[name], key.child(name)))
        return Bound(acts, memory)

    def _slipped(self, question: Question, act: Act, key: Key) -> Act:
        n = question.asked.shape[0]
        if isinstance(question, Choice) and question.to is not None:
            flip = packed_chance(jnp.broadcast_to(self.rate, (n,)), key.child("slip"), question.to.shape[1])
            return act ^ jnp.where(question.asked, flip, jnp.uint8(0))
        slips = question.asked & key.child("slip").chance(self.rate, n)
        if isinstance(question, Choice) and len(question.options) == 2 and question.legal is None:
            return jnp.where(slips, 1 - act, act)
        return cast("Act", choose(slips, question.draw(key.child("draw")), act))

    def describe(self, memory: Memory) -> str:
        """The tremble in words; empty where there is none."""
        rate = float(self.rate)
        return f"With probability {rate:.4g} what anyone decides comes out as something else." if rate > 0.0 else ""
