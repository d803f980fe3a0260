"""A family of power seekers: what each spends on influence, whom it backs with it, and how it votes.

    spends  floor(effort w)       of its purse w on influence, within what the menu allows
    backs   seat `leader`         with its money and its vote; -1: itself
    votes   the last option       where it owns less than the mean and `selfish` is 1 (it gains by what all are paid alike);
            answer 0              else: things stay as they are

A coalition of bad actors are seats of one leader: they pool their influence for it, and vote to keep things as they are. Civil
seats back themselves and vote their purse. Every other question with a norm scale is answered at `level`, and it trades with
whom it meets. In a world without a question of influence it is a mind of one norm level.

Source: coalitions that pool their efforts for one of them in a contest: S. Skaperdas, "On the formation of alliances in
conflict and contests", Public Choice 96 (1998); the ballot of the poorer half after A. Meltzer and S. Richard, Journal of
Political Economy 89 (1981).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from commonweal.core.arrays import Flags, real
from commonweal.core.named import Named
from commonweal.core.numbers import share_of
from commonweal.core.parts import Mind
from commonweal.core.questions import Act, Amount, Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, View

Gene = Float[Array, "*a"]


class Coalition(Mind):
    """A seeker of influence; every gene is a scalar, or one value a seat."""

    family: ClassVar[bool] = True
    stochastic: ClassVar[bool] = True

    effort: Gene = eqx.field(converter=real, default=0.01)
    """Share of its purse that it spends on influence each tick, 0 to 1, read to the nearest millionth."""
    leader: Gene = eqx.field(converter=real, default=-1.0)
    """The seat it backs, by number; -1: itself."""
    selfish: Gene = eqx.field(converter=real, default=1.0)
    """1: it votes for the last option of a ballot while it owns less than the mean; 0: it votes to keep things as they are."""
    level: Gene = eqx.field(converter=real, default=1.0)
    """Norm level of its answers to all other questions that have a scale, 0 to 1."""
    spend: str = eqx.field(static=True, default="spend")
    """Name of the question, an amount, that asks what to spend on influence."""
    back: str = eqx.field(static=True, default="back")
    """Name of the question, an amount, that asks which seat to back."""
    trade: str = eqx.field(static=True, default="trade")
    """Name of the question, a choice, whose answer 0 is to trade."""
    mean: str = eqx.field(static=True, default="mean")
    """What the world calls the mean wealth that seats see; where it shows none, nobody votes for a change."""

    def init(self, key: Key, seats: Seats) -> tuple[()]:
        """Remembers nothing."""
        return ()

    def act(self, memory: tuple[()], view: View, key: Key) -> Decision:
        """An answer to every question."""
        poor = self._poor(view)
        acts: list[tuple[str, Act]] = []
        for name, question in view.menu.items():
            if name == self.spend and isinstance(question, Amount):
                wanted = share_of(jnp.maximum(view.purse, 0), jnp.broadcast_to(self.effort, view.purse.shape))
                act: Act = jnp.clip(wanted, question.low, question.high)
            elif name == self.back and isinstance(question, Amount):
                act = jnp.clip(jnp.round(self.leader).astype(question.low.dtype), question.low, question.high)
            elif question.scaled:
                level = jnp.broadcast_to(self.level, view.purse.shape)
                act = question.at(level, key.child(name))
            elif name != self.trade and isinstance(question, Choice) and question.to is None:
                change = poor & (self.selfish >= 0.5)
                act = jnp.where(change, len(question.options) - 1, 0).astype(jnp.int32)
                act = jnp.where(question.lawful(act), act, 0)
            else:
                act = question.default()
            acts.append((name, act))
        return Decision(Named.of(*acts), ())

    def _poor(self, view: View) -> Flags:
        """Who owns less than the mean, as far as seats can see."""
        mean = view.seen.get(self.mean)
        return jnp.zeros(view.purse.shape, bool) if mean is None else view.purse < mean
