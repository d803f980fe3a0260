"""Gatekeepers: assistants that refuse above a threshold of their own, and may move it by what doubtful cases turn out to be.

    tau(0) = threshold
    tau(t + 1) = tau(t) + rate (g good - b bad) / (g + |b|)

with good and bad the ordinary and harmful requests whose scores lay near tau, and g and b what is at stake in one of each: the
provider's own books at `duty` 0 (its fee; its liability less the fee), all of society at `duty` 1, a mean of the two between.
In expectation the step is the slope of what the gatekeeper weighs, so that tau comes to rest, but for noise, where a provider
that takes all others as given would put it: with one try at the likelihood-ratio threshold, with several at an equilibrium.

Thresholds are kept in millionths of a score unit and named in thousandths; stakes are whole ledger units.

Source: H. Robbins and S. Monro, "A stochastic approximation method", Annals of Mathematical Statistics 22 (1951), with a
constant step; that the slope can be read off cases near the threshold is our own derivation.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32

from commonweal.core.arrays import Index, real
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.parts import Mind
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, View

Gene = Float[Array, "*a"]
_MILLION = 1_000_000
_WIDEST = 8
_SEEN = ("border_good", "border_bad", "own_good", "own_harm", "all_good", "all_harm")


class Gatekeeper(Mind):
    """An assistant's refusal threshold; every field is a scalar or one value a seat.

    Raises:
        StudyError: a number is out of range; `act` in a world that asks for no threshold.

    Source: Robbins and Monro (1951).
    """

    family: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False
    memory_depth: ClassVar[float] = 1

    threshold: Gene = eqx.field(converter=real, default=1.0)
    """Score above which it refuses at first, score units, -8 to 8."""
    rate: Gene = eqx.field(converter=real, default=0.0)
    """Score units that the threshold moves at most for one case near it, 0 (never) to 1, to the nearest millionth."""
    duty: Gene = eqx.field(converter=real, default=0.0)
    """Weight of what society has at stake, 0 (own books alone) to 1 (society alone), to the nearest thousandth."""
    question: str = eqx.field(static=True, default="threshold")
    """Name of the amount that it answers, in thousandths of a score unit."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        for name, gene, low, top in (
            ("threshold", self.threshold, -_WIDEST, _WIDEST),
            ("rate", self.rate, 0, 1),
            ("duty", self.duty, 0, 1),
        ):
            if not isinstance(gene, jax.core.Tracer) and not bool(((gene >= low) & (gene <= top)).all()):
                raise StudyError(f"a gatekeeper with {name} = {gene.tolist()}; expected numbers from {low:g} to {top:g}")

    def init(self, key: Key, seats: Seats) -> Index:
        """The threshold, [a] millionths of a score unit."""
        return jnp.broadcast_to(self._first, (seats.n,))

    @property
    def _first(self) -> Int32[Array, "*a"]:
        return jnp.round(self.threshold * 1000).astype(jnp.int32) * 1000

    def act(self, memory: Index, view: View, key: Key) -> Decision:
        """The threshold, moved by the cases of the last tick.

        Raises:
            StudyError: the world asks for no threshold, or does not show what is at stake near it.
        """
        if self.question not in view.menu or any(name not in view.seen for name in _SEEN):
            raise StudyError(
                f"a gatekeeper was asked {', '.join(view.menu.names)} and shown {', '.join(view.seen.names) or 'nothing'}; "
                f"expected the amount {self.question!r} and {', '.join(_SEEN)}: seat it in a world of assistants"
            )
        good, bad, own_good, own_harm, all_good, all_harm = (view.seen[name] for name in _SEEN)
        duty = jnp.round(self.duty * 1000).astype(jnp.int32)
        with jax.enable_x64(True):
            wide = duty.astype(jnp.int64)
            gain = (1000 - wide) * own_good + wide * all_good
            loss = (1000 - wide) * own_harm + wide * all_harm
            rate = jnp.round(self.rate.astype(jnp.float64) * _MILLION).astype(jnp.int64)
            step = rate * (gain * good - loss * bad) // jnp.maximum(gain + jnp.abs(loss), 1)
            moved = jnp.clip(memory.astype(jnp.int64) + step, -_WIDEST * _MILLION, _WIDEST * _MILLION).astype(jnp.int32)
        # A new mind in an old seat has not seen the day before.
        now = jnp.where(view.born, memory, moved)
        return Decision(Named.of((self.question, (now + 500) // 1000)), now)
