"""One family of reciprocators: they cooperate by degree, drift, reward, punish, take fright, and move to the better-paid group.

A seat holds an intention v, a norm level, and answers every question with a norm scale at it. From its second such answer on,
before it answers (clause by clause, each with the v of the one before):

    v <- v + reciprocity (told - v)           where it is told how others acted
    v <- v + climb (1 - v), or v + climb v    climb above or below 0
    v <- v + fear (1 - v)                     where anything was taken from it as a fine or punishment since
    v <- a uniform level                      with probability swing

On each peer that a rule of sanctions tells it of, with norm level w and at most h points, it spends

    round(punish h (v - w))  punishing,  if v - w > tolerance
    round(reward h)          rewarding,  if v - w <= tolerance
    round(vengeance h)       in answer to being punished

Asked to which group it wants to belong, it names the last one with probability `first` and else the first one; later, with
probability `mobility`, it names the group whose members were paid most, if that is more than in its own. Where others do not
respond, v is known in closed form: with climb k > 0 alone, 1 - v(t) = (1 - v(0)) (1 - k)^t.

The four constructors are the four patterns that models fell into in SanctSim. Its models are not these minds: what is taken
over is that contributions rise, fall, stay or jump about; how fast, and all of sanctions and moves, is ours.

Source: D. Guzman Piedrahita et al., "Corrupted by Reasoning" (SanctSim), arXiv 2506.23276 (2025), for the patterns; strong
reciprocity: H. Gintis, Journal of Theoretical Biology 206 (2000); moving by pay: Ö. Gürerk et al., Science 312 (2006).
"""

from __future__ import annotations

from typing import ClassVar, TypeVar

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float

from commonweal.core.arrays import Flags, Index, Levels, real
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.numbers import ONE_LEVEL, fixed_levels
from commonweal.core.parts import Mind
from commonweal.core.peers import Peers, Points
from commonweal.core.questions import Act, Amount, Choice, Say
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, View
from commonweal.institutions.membership import Belonging

Gene = Float[Array, "*a"]
T = TypeVar("T")


class Intention(eqx.Module):
    """What a seat remembers."""

    level: Index
    """The norm level that it answered at last, or will at first, in units of 2^-16."""
    begun: Flags
    """Whether it has answered at it."""
    hurt: Flags
    """Whether anything was taken from it since."""
    settled: Flags
    """Whether it was ever asked to which group it wants to belong."""


class Reciprocator(Mind):
    """A reciprocator by degree; every gene is a scalar, or one value a seat.

    Raises:
        StudyError: a gene is out of range.

    Source: Guzman Piedrahita et al., arXiv 2506.23276 (2025); Gintis, Journal of Theoretical Biology 206 (2000).
    """

    family: ClassVar[bool] = True
    memory_depth: ClassVar[float] = float("inf")

    start: Gene = eqx.field(converter=real, default=0.5)
    """The level at which it begins, 0 to 1."""
    reciprocity: Gene = eqx.field(converter=real, default=0.0)
    """How far it goes towards what it is told of others, 0 (not) to 1 (all the way)."""
    climb: Gene = eqx.field(converter=real, default=0.0)
    """Part of the way to full cooperation (above 0) or to none (below 0) that it goes at each answer, -1 to 1."""
    swing: Gene = eqx.field(converter=real, default=0.0)
    """Probability that it takes up any level at random, 0 to 1."""
    fear: Gene = eqx.field(converter=real, default=0.0)
    """Part of the way to full cooperation that it goes after it was punished, 0 to 1."""
    tolerance: Gene = eqx.field(converter=real, default=0.1)
    """How far below itself another may be before it counts as a shirker, 0 to 1."""
    punish: Gene = eqx.field(converter=real, default=0.0)
    """Part of the most it may spend that it spends to punish a shirker who falls short by 1, 0 to 1."""
    reward: Gene = eqx.field(converter=real, default=0.0)
    """Part of the most it may spend that it spends to reward who is no shirker, 0 to 1."""
    vengeance: Gene = eqx.field(converter=real, default=0.0)
    """Part of the most it may spend that it spends on who punished it, where it may answer, 0 to 1."""
    mobility: Gene = eqx.field(converter=real, default=0.0)
    """Probability that it moves to the better-paid group when asked, 0 to 1."""
    first: Gene = eqx.field(converter=real, default=0.5)
    """Probability that it names the last group, and not the first, when it is asked for the first time, 0 to 1."""
    punishing: str = eqx.field(static=True, default="punish")
    """Name of the question whom to punish."""
    rewarding: str = eqx.field(static=True, default="reward")
    """Name of the question whom to reward."""
    choosing: str = eqx.field(static=True, default="membership")
    """Name of the question to which group it wants to belong."""

    def __check_init__(self) -> None:
        """Refuse genes out of range."""
        shares = ("start", "reciprocity", "swing", "fear", "tolerance", "punish", "reward", "vengeance", "mobility", "first")
        for name in (*shares, "climb"):
            value, low = getattr(self, name), -1.0 if name == "climb" else 0.0
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= low) & (value <= 1.0)).all()):
                raise StudyError(f"a reciprocator with {name} = {value.tolist()}; expected a number from {low:g} to 1")

    @classmethod
    def increasingly_cooperative(cls, climb: float = 0.3) -> Reciprocator:
        """Contributes more and more, rewards rather than punishes, and moves to the better-paid group.

        Args:
            climb: part of the way to full contribution each period, 0 to 1.
        """
        return cls(climb=climb, reciprocity=0.1, fear=0.5, punish=0.1, reward=0.05, mobility=0.5, first=0.9)

    @classmethod
    def increasingly_defecting(cls, climb: float = -0.15) -> Reciprocator:
        """Contributes less and less, sanctions nobody, and moves to the better-paid group.

        Args:
            climb: minus the part of the way to no contribution each period, -1 to 0.
        """
        return cls(climb=climb, fear=0.3, mobility=0.5, first=0.5)

    @classmethod
    def unchanging(cls) -> Reciprocator:
        """Contributes half whatever happens, stays where it is, and sanctions nobody."""
        return cls(first=0.5)

    @classmethod
    def unstable(cls, swing: float = 0.5) -> Reciprocator:
        """Jumps between levels, and between groups.

        Args:
            swing: probability of a jump each period, 0 to 1.
        """
        return cls(swing=swing, reciprocity=0.3, fear=0.3, punish=0.05, mobility=0.8, first=0.5)

    def init(self, key: Key, seats: Seats) -> Intention:
        """At its starting level."""
        never = jnp.zeros(seats.n, bool)
        return Intention(fixed_levels(jnp.broadcast_to(self.start, (seats.n,))), never, never, never)

    def act(self, memory: Intention, view: View, key: Key) -> Decision:
        """Answers at its intention; sanctions, and a choice of group, where it is asked."""
        scaled = [question.asked for question in view.menu.values if question.scaled]
        asked = jnp.stack(scaled).any(0) if scaled else jnp.zeros(view.born.shape, bool)
        hurt = (memory.hurt | (view.fined > 0)) & ~view.born
        begun, settled = memory.begun & ~view.born, memory.settled & ~view.born
        before = jnp.where(view.born, fixed_levels(self.start), memory.level)
        after = fixed_levels(self.next_level(_level(before), hurt, view, key.child("level")))
        intention = jnp.where(asked & begun, after, before)
        level = _level(intention)
        acts: list[tuple[str, Act]] = []
        for name, question in view.menu.items():
            own = key.child(name)
            if question.scaled:
                act = question.at(level, own)
            elif isinstance(question, Say):
                act = question.announce(level)
            elif isinstance(question, Choice) and question.to is None and name == self.choosing:
                act = self._chosen(question, settled, view, own)
                settled = settled | question.asked
            elif isinstance(question, Amount) and question.to is not None and name in (self.punishing, self.rewarding):
                act = self._spent(question, name == self.punishing, level, view)
            else:
                act = question.default()
            acts.append((name, act))
        return Decision(Named.of(*acts), Intention(intention, begun | asked, hurt & ~asked, settled))

    def next_level(self, level: Levels, hurt: Flags, view: View, key: Key) -> Levels:
        """The intention of each seat after what happened, [a].

        Args:
            level: [a] before.
            hurt: [a] whether anything was taken from it.
            view: what it is told of others.
            key: two words a seat are drawn from it.
        """
        if view.told is not None:
            level = level + jnp.where(view.told.known, self.reciprocity * (view.told.level - level), 0.0)
        level = level + self.climb * jnp.where(self.climb > 0, 1.0 - level, level)
        level = level + jnp.where(hurt, self.fear * (1.0 - level), 0.0)
        jumps = key.child("swing").chance(self.swing, level.shape)
        level = jnp.where(jumps, key.child("jump").uniform(level.shape), level)
        return jnp.clip(level, 0.0, 1.0)

    def _spent(self, question: Amount, punishes: bool, level: Levels, view: View) -> Points:
        """Points on each peer."""
        found = _told(view, Peers, question.high.shape)
        if not found:
            return question.default()
        high, told = question.high.astype(jnp.float32), found[0]
        short = jnp.where(told.known, level[:, None] - told.level, 0.0)
        shirks = told.known & (short > _column(self.tolerance))
        if punishes:
            share = jnp.where(shirks, _column(self.punish) * short, 0.0)
            answering = jnp.stack([own.answering for own in found]).any(0)
            share = jnp.where(answering[:, None], _column(self.vengeance), share)
        else:
            share = jnp.where(told.known & ~shirks, _column(self.reward), 0.0)
        return jnp.floor(share * high + 0.5).astype(question.high.dtype)

    def _chosen(self, question: Choice, settled: Flags, view: View, key: Key) -> Act:
        """To which group it wants to belong: answer 0 stays, j joins the j-th."""
        count = len(question.options) - 1
        opening = jnp.where(key.child("first").chance(self.first, settled.shape), count, 1)
        found = _told(view, Belonging, (settled.shape[0], count))
        if not found:
            return jnp.where(settled, 0, opening).astype(jnp.int32)
        told = found[0]
        peopled = jnp.where(told.members > 0, told.paid, jnp.iinfo(jnp.int32).min)
        home = told.group[:, None] == jnp.arange(count)
        own = jnp.where(home, peopled, jnp.iinfo(jnp.int32).min).max(1)
        better = peopled.max(1) > own
        moves = better & key.child("move").chance(self.mobility, settled.shape)
        best = jnp.argmax(peopled, 1) + 1
        return jnp.where(settled, jnp.where(moves, best, 0), opening).astype(jnp.int32)


def _level(fixed: Index) -> Levels:
    return fixed.astype(jnp.float32) * jnp.float32(1 / ONE_LEVEL)


def _told(view: View, kind: type[T], shape: tuple[int, ...]) -> list[T]:
    """All things of a kind that rules tell, also inside wrappers, whose rows fit."""

    def mine(value: object) -> bool:
        return isinstance(value, kind)

    found = [own for own in jax.tree.leaves(view.public, is_leaf=mine) if mine(own)]
    return [own for own in found if any(leaf.shape == shape for leaf in jax.tree.leaves(own))]


def _column(gene: Gene) -> Float[Array, "*a k"]:
    """A gene beside rows of peers."""
    return gene[..., None]
