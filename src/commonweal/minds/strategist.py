"""A mind that plays a strategy: against each of its contacts by that contact's own history, or against all as one opponent.

Where a question has one answer a contact and the seat is told its contacts' acts, each relation has a memory of its own, as in
a match of two. Elsewhere it plays the whole society as one opponent, as memory-one minds do: an act counts as cooperation
where its norm level, own or told, is at least one half, and it answers at level 1 or 0. Cooperation is whichever answer has
the higher norm level.

When memory begins anew: everywhere for a newly seated mind, which takes over its parent's strategy and nothing of what the
parent lived through (those were other relations); in one slot, when another seat becomes the contact there. A seat is not told
that somebody new sits in a contact's seat, and goes on from what that seat did.

Source: the strategies' own, `minds/strategies.py`; a history with each neighbour as in R. Axelrod, The Evolution of
Cooperation (1984), chapter 8.
"""

from __future__ import annotations

from typing import ClassVar, cast

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int8, UInt8

from commonweal.core.arrays import Contacts, Flags, PackedActs, real
from commonweal.core.menu import announced, choose, standing
from commonweal.core.named import Named
from commonweal.core.parts import Mind
from commonweal.core.questions import PACKED_CONTACTS, Act, Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, Memory, View
from commonweal.minds.strategies import Lookback, Odds, Strategy, slip, trembled


class Relations(eqx.Module):
    """What a strategist remembers."""

    each: Memory
    """The strategy's memory of each contact, leaves [a, k]."""
    met: Contacts
    """Whom those memories are of."""
    society: Memory
    """The strategy's memory of all as one opponent, leaves [a]."""
    last: Int8[Array, "a"]
    """Own last act toward all: 0 none yet, 1 defected, 2 cooperated."""


class Strategist(Mind):
    """Plays a strategy; by default tit for two tats."""

    family: ClassVar[bool] = True
    memory_depth: ClassVar[float] = float("inf")

    strategy: Strategy = eqx.field(default_factory=Lookback.tit_for_two_tats)
    """How it decides against one opponent; parameters are scalars or one value a seat."""
    tremble: Float[Array, "*a"] = eqx.field(converter=real, default=0.0)
    """Probability that an act comes out as the opposite, 0 to 0.5."""

    def init(self, key: Key, seats: Seats) -> Relations:
        """Nobody met yet; without contacts, or with more than can be answered one by one, no relations."""
        rows = None if seats.links is None else seats.links.to
        slots = 0 if rows is None or rows.shape[1] > PACKED_CONTACTS else rows.shape[1]
        shape = (seats.n, slots)
        return Relations(
            self.strategy.start(shape),
            jnp.full(shape, -1, jnp.int32),
            self.strategy.start((seats.n,)),
            jnp.zeros(seats.n, jnp.int8),
        )

    def act(self, memory: Relations, view: View, key: Key) -> Decision:
        """Cooperates or defects on every question with a norm scale; the default elsewhere; says what it does."""
        last = jnp.where(view.born, jnp.int8(0), memory.last)
        society = self._society(memory.society, last, view)
        each, met = memory.each, memory.met
        acts: list[tuple[str, Act]] = []
        for name, question in view.menu.items():
            own = key.child(name)
            if isinstance(question, Choice) and question.to is not None and question.serves is not None:
                if question.to.shape == memory.met.shape and _tells(view):
                    each, met = self._each(memory, question, view), question.to
                    acts.append((name, self._per_contact(each, question, own)))
                else:
                    both = jnp.where(self._toward_all(society, own), jnp.uint8(0xFF), jnp.uint8(0))
                    acts.append((name, both ^ _flip(question)))
            elif question.scaled:
                yes = self._toward_all(society, own)
                acts.append((name, question.at(yes.astype(jnp.float32), own.child("at"))))
            else:
                acts.append((name, question.default()))
        meant = Named.of(*acts)
        stands = standing(view.menu, meant)
        mark = jnp.where(stands.level >= 0.5, jnp.int8(2), jnp.int8(1))
        return Decision(announced(view.menu, meant, stands), Relations(each, met, society, jnp.where(stands.known, mark, last)))

    def _society(self, memory: Memory, last: Int8[Array, "a"], view: View) -> Memory:
        """Memory of all as one opponent, with what was told of the last tick."""
        fresh = choose(view.born, self.strategy.start(last.shape), memory)
        if view.told is None:
            return fresh
        then = self.strategy.after(fresh, last == 2, view.told.level >= 0.5)
        return choose((last > 0) & view.told.known, then, fresh)

    def _each(self, memory: Relations, question: Choice, view: View) -> Memory:
        """Memory of each contact, with what was told of the last tick."""
        told, to = view.told, question.to
        assert told is not None
        assert told.mine is not None
        assert told.contacts is not None
        assert to is not None
        flip = _flip(question)
        wide = _wide(self.strategy)
        same = (memory.met == to) & ~view.born[:, None]
        then = wide.after(memory.each, _unpacked(told.mine ^ flip, to), _unpacked(told.contacts ^ flip, to))
        known = _select(told.known[:, None] & same, then, memory.each)
        return _select(same, known, wide.start(to.shape))

    def _toward_all(self, society: Memory, key: Key) -> Flags:
        """Whether to cooperate with all as one opponent."""
        odds = trembled(self.strategy.odds(society), slip(self.tremble))
        n = jax.tree.leaves(society)[0].shape[0]
        return (key.bits(n) >> 16).astype(jnp.int32) < odds

    def _per_contact(self, each: Memory, question: Choice, key: Key) -> PackedActs:
        """One bit a contact; one word is drawn for two contacts."""
        assert question.to is not None
        n, slots = question.to.shape
        by = slip(self.tremble)
        odds = trembled(_wide(self.strategy).odds(each), by[:, None] if by.ndim else by)
        odds = jnp.broadcast_to(odds, (n, slots))
        packed = jnp.zeros(n, jnp.uint8)
        for slot in range(slots):
            word = key.child(slot // 2).bits(n)
            draw: Odds = ((word >> (16 * (slot % 2))) & 0xFFFF).astype(jnp.int32)
            packed = packed | ((draw < odds[:, slot]).astype(jnp.uint8) << slot)
        return packed ^ _flip(question)


def _tells(view: View) -> bool:
    """Whether seats are told acts contact by contact."""
    return view.told is not None and view.told.contacts is not None and view.told.mine is not None


def _wide(strategy: Strategy) -> Strategy:
    """The strategy with one row of parameters a seat for all of the seat's contacts."""
    return cast("Strategy", jax.tree.map(lambda leaf: leaf[:, None] if leaf.ndim else leaf, strategy))


def _select(where: Bool[Array, "a k"], left: Memory, right: Memory) -> Memory:
    return jax.tree.map(lambda x, y: jnp.where(where, x, y), left, right)


def _unpacked(acts: PackedActs, to: Contacts) -> Bool[Array, "a k"]:
    return ((acts[:, None] >> jnp.arange(to.shape[1], dtype=jnp.uint8)) & 1) == 1


def _flip(question: Choice) -> UInt8[Array, ""]:
    """Which bits of an act say defect: all where answer 0 serves the others more, else none."""
    assert question.serves is not None
    return jnp.where(question.serves[0] > question.serves[1], jnp.uint8(0xFF), jnp.uint8(0))
