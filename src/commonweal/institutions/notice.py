"""A notice: seats are told that they are watched. Nothing else happens: nobody is watched, and nothing follows.

At every tick each seat is told with probability `reach`, drawn seat by seat; like everything that a rule tells, it is read at
the next tick. A language mind reads the words of the notice among the rules from the first tick on. Acts, payoffs and contacts
are as they came, so that in a society of minds that do not care whether they are observed, the notice is the identity.

It is an instrument and no policy: where an outcome moves with the notice alone, what was measured is behaviour under
observation. `robust` runs the primary contrast of a study with and without it.

Source: demand characteristics, M. Orne, American Psychologist 17 (1962); models that tell a test from use, J. Needham and
others, "Large language models often know when they are being evaluated", arXiv 2505.23836 (2025).
"""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax.core
from jaxtyping import Array, Float, PyTree

from commonweal.core.arrays import Flags, real
from commonweal.core.errors import StudyError
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.streams import Key
from commonweal.core.views import Memory, Ruling, Tick, View

WORDS = "What you do here is being watched and recorded, and will be judged afterwards."
"""What a notice says where it is given no words."""


class Watched(eqx.Module):
    """What each seat was told of being watched: how minds learn of it, whatever the rule is called."""

    told: Flags
    """Whether the seat was told that it is watched."""


class Notice(Institution):
    """Tells seats that they are watched.

    Raises:
        StudyError: `reach` is not from 0 to 1, or there are no words.

    Source: Orne, American Psychologist 17 (1962).
    """

    kind: ClassVar[RuleKind] = RuleKind.INFORMATION

    reach: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that a seat is told, drawn each tick, 0 (the rule is as if absent) to 1."""
    words: str = eqx.field(static=True, default=WORDS)
    """What the notice says, to minds that read."""

    def __check_init__(self) -> None:
        """Refuse a number out of range, and silence."""
        if not isinstance(self.reach, jax.core.Tracer) and not 0.0 <= float(self.reach) <= 1.0:
            raise StudyError(f"a notice with reach = {float(self.reach):g}; expected a probability from 0 to 1")
        if not self.words.strip():
            raise StudyError("a notice without words; expected what it says, or reach=0 for no notice")

    def settle(self, memory: Memory, tick: Tick, key: Key) -> Ruling:
        """Who is told; payoffs are unchanged."""
        return Ruling(memory, tick.payoff, public=Watched(key.child("reach").chance(self.reach, tick.seats.n)))

    def describe(self, memory: Memory) -> str:
        """The notice in words; empty where nobody is told."""
        reach = float(self.reach)
        if reach == 0.0:
            return ""
        return self.words if reach == 1.0 else f"Each round, with probability {reach:.4g}, you are told: {self.words}"

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """The notice, to a seat that was told; nothing where all are told at all times, which `describe` has said."""
        return self.words if bool(public.told[agent]) and float(self.reach) < 1.0 else ""


def watched(view: View) -> Flags:
    """Who was told last tick that it is watched, by whichever rule, [a].

    Args:
        view: what seats are offered now.
    """
    found = view.born & False
    for public in view.public.values:
        if isinstance(public, Watched):
            found = found | public.told
    return found
