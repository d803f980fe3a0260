"""One family of scripted minds: a norm level, conditional cooperation, greed, fear of fines, ballots, tremble, chance.

A seat aims at a norm level `v` on every question that carries a norm scale:

    v = level                                          of its own
    v = (1 - condition) v + condition told             where it is told of others' levels; before that, `prior` for told
    v = v / greed                                      takes `greed` times what level v would take
    v = v + (1 - v) min(1, responsiveness * fear)      fear = the largest share of a gain that a fine has taken from it

and answers at that level, drawn between the two nearest legal answers. With probability `tremble` it answers at random
instead; with probability `random` it is wholly random this tick, ballots included.

Source: conditional cooperators after U. Fischbacher et al., Economics Letters 71 (2001); the reaction to fines is a linear
deterrence rule of our own, in the spirit of G. Becker (1968).
"""

from __future__ import annotations

from typing import ClassVar, cast

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from commonweal.core.arrays import Flags, Levels, real
from commonweal.core.branches import seldom
from commonweal.core.menu import choose
from commonweal.core.named import Named
from commonweal.core.parts import Mind
from commonweal.core.questions import Act, Choice, Question, Say
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, View

Gene = Float[Array, "*a"]


class Scripted(Mind):
    """A scripted mind; every field is a scalar, or one value a seat."""

    family: ClassVar[bool] = True
    memory_depth: ClassVar[float] = 1

    level: Gene = eqx.field(converter=real, default=1.0)
    """Own norm level, 0 to 1."""
    condition: Gene = eqx.field(converter=real, default=0.0)
    """Weight of what others were told to have done, 0 (unconditional) to 1 (wholly conditional)."""
    prior: Gene = eqx.field(converter=real, default=1.0)
    """What it believes of others before it is told anything, 0 to 1."""
    greed: Gene = eqx.field(converter=real, default=1.0)
    """Multiple of the fair share that it takes, at least 1."""
    responsiveness: Gene = eqx.field(converter=real, default=0.0)
    """How far a fine that takes its whole gain moves it to the norm from then on, 0 to 1."""
    ballot: Gene = eqx.field(converter=real, default=0.0)
    """Which answer it gives to questions without a scale that name options (ballots): 0 keeps things as they are."""
    tremble: Gene = eqx.field(converter=real, default=0.0)
    """Probability of a random answer to one question, 0 to 1."""
    random: Gene = eqx.field(converter=real, default=0.0)
    """Probability of a wholly random tick, 0 to 1."""

    def init(self, key: Key, seats: Seats) -> Float[Array, "a"]:
        """Fear of fines, 0 to 1: none yet."""
        return jnp.zeros(seats.n, jnp.float32)

    def aim(self, fear: Levels, view: View) -> Levels:
        """The norm level it aims at."""
        level = jnp.broadcast_to(self.level, fear.shape)
        if view.told is not None:
            believed = jnp.where(view.told.known, view.told.level, self.prior)
        else:
            believed = jnp.broadcast_to(self.prior, fear.shape)
        level = (1.0 - self.condition) * level + self.condition * believed
        level = level / jnp.maximum(self.greed, 1.0)
        return jnp.clip(level + (1.0 - level) * jnp.clip(self.responsiveness * fear, 0.0, 1.0), 0.0, 1.0)

    def act(self, memory: Float[Array, "a"], view: View, key: Key) -> Decision:
        """An answer to every question."""
        gain = jnp.maximum(view.payoff + view.fined, 1).astype(jnp.float32)
        taken = jnp.clip(view.fined.astype(jnp.float32) / gain, 0.0, 1.0)
        fear = jnp.where(view.born, 0.0, jnp.maximum(memory, taken))
        level = self.aim(fear, view)
        wild = _slips(self.random, key.child("random"), fear)
        acts: list[tuple[str, Act]] = []
        for name, question in view.menu.items():
            own = key.child(name)
            if question.scaled:
                act = question.at(level, own.child("at"))
            elif isinstance(question, Say):
                act = question.announce(level)
            elif isinstance(question, Choice) and question.to is None:
                pick = jnp.clip(jnp.round(self.ballot), 0, len(question.options) - 1).astype(jnp.int32)
                act = jnp.broadcast_to(pick, fear.shape)
            else:
                act = question.default()
            slip = wild | _slips(self.tremble, own.child("tremble"), fear)
            acts.append((name, seldom(slip.any(), _slipped, _meant, (slip, act, question, own.child("draw")))))
        return Decision(Named.of(*acts), fear)


def _slips(chance: Gene, key: Key, rows: Levels) -> Flags:
    """Who slips, with each seat's chance; nothing is drawn where it is 0 for all."""
    return seldom((chance > 0).any(), _drawn, _none, (chance, key, rows))


def _drawn(given: tuple[Gene, Key, Levels]) -> Flags:
    chance, key, rows = given
    return key.chance(chance, rows.shape)


def _none(given: tuple[Gene, Key, Levels]) -> Flags:
    return jnp.zeros(given[2].shape, bool)


def _slipped(given: tuple[Flags, Act, Question, Key]) -> Act:
    """Random legal answers of those who slip."""
    slip, act, question, key = given
    return cast("Act", choose(slip, question.draw(key), act))


def _meant(given: tuple[Flags, Act, Question, Key]) -> Act:
    return given[1]
