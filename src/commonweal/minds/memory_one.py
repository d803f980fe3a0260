"""Memory-one strategies: whether to cooperate depends on both sides' last acts, with four probabilities and a first move.

    P(cooperate) = cc, cd, dc or dd   by (own last act, the other's last act)
                 = p_start            before there is a last act, and for a newly seated mind
    p' = (1 - 2 e) p + e              with tremble e: the act comes out as the opposite with probability e

Where a question has one answer a contact and the seat is told its contacts' acts, it plays each contact by that contact's
history. Elsewhere it plays the whole society as one opponent: an act counts as cooperation where its norm level, own or told,
is at least one half, and it answers at level 1 or 0. Cooperation is whichever answer has the higher norm level.

Probabilities are fixed point, units of 2^-16, each rounded once (p and e; p' is within 2^-16 of their formula); 0 and 1 are
exact. One draw of 16 bits an edge decides.

Source: M. Nowak, K. Sigmund, "The evolution of stochastic strategies in the Prisoner's Dilemma", Acta Applicandae
Mathematicae 20 (1990); names of the strategies at their constructors.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int8, Int32, UInt8

from commonweal.core.arrays import Flags, PackedActs, real
from commonweal.core.menu import announced, standing
from commonweal.core.named import Named
from commonweal.core.parts import Mind
from commonweal.core.questions import Act, Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, View
from commonweal.minds.strategies import Lookback, fixed, slip, trembled

Gene = Float[Array, "*a"]


class _Odds(eqx.Module):
    """Out of 65,536: how often to cooperate in each state; each scalar or [a]."""

    cc: Int32[Array, "*a"]
    cd: Int32[Array, "*a"]
    dc: Int32[Array, "*a"]
    dd: Int32[Array, "*a"]

    def after(self, mine: Flags, theirs: Flags) -> Int32[Array, "a"]:
        """The odds of each seat in its state."""
        return jnp.where(mine, jnp.where(theirs, self.cc, self.cd), jnp.where(theirs, self.dc, self.dd))


class MemoryOne(Mind):
    """A memory-one strategy; every field is a scalar or one value a seat, a probability from 0 to 1. By default tit for tat."""

    family: ClassVar[bool] = True
    memory_depth: ClassVar[float] = 1

    p_start: Gene = eqx.field(converter=real, default=1.0)
    """Probability of cooperating before there is a last act."""
    cc: Gene = eqx.field(converter=real, default=1.0)
    """Probability of cooperating after both cooperated."""
    cd: Gene = eqx.field(converter=real, default=0.0)
    """After it cooperated and the other defected."""
    dc: Gene = eqx.field(converter=real, default=1.0)
    """After it defected and the other cooperated."""
    dd: Gene = eqx.field(converter=real, default=0.0)
    """After both defected."""
    tremble: Gene = eqx.field(converter=real, default=0.0)
    """Probability that an act comes out as the opposite, 0 to 0.5."""
    reduction_of: str | None = eqx.field(static=True, default=None)
    """The program that these probabilities were read off, see `engine/reduction.py`; None: a strategy in its own right."""

    @classmethod
    def always_cooperate(cls) -> MemoryOne:
        """AllC: cooperates whatever happened. Source: R. Axelrod, The Evolution of Cooperation (1984)."""
        return cls(p_start=1.0, cc=1.0, cd=1.0, dc=1.0, dd=1.0)

    @classmethod
    def always_defect(cls) -> MemoryOne:
        """AllD: defects whatever happened. Source: R. Axelrod, The Evolution of Cooperation (1984)."""
        return cls(p_start=0.0, cc=0.0, cd=0.0, dc=0.0, dd=0.0)

    @classmethod
    def tit_for_tat(cls) -> MemoryOne:
        """TFT: cooperates first, then does what the other did. Source: R. Axelrod, W. Hamilton, Science 211 (1981)."""
        return cls(p_start=1.0, cc=1.0, cd=0.0, dc=1.0, dd=0.0)

    @classmethod
    def win_stay_lose_shift(cls) -> MemoryOne:
        """WSLS, Pavlov: repeats an act that the other met with cooperation. Source: M. Nowak, K. Sigmund, Nature 364 (1993)."""
        return cls(p_start=1.0, cc=1.0, cd=0.0, dc=0.0, dd=1.0)

    @classmethod
    def generous(cls, forgiveness: float) -> MemoryOne:
        """GTFT: tit for tat that forgives a defection with this probability.

        Args:
            forgiveness: 0 to 1; the most that defectors cannot exploit is min(1 - (T-R)/(R-S), (R-P)/(T-P)).

        Source: M. Nowak, K. Sigmund, Nature 355 (1992).
        """
        return cls(p_start=1.0, cc=1.0, cd=forgiveness, dc=1.0, dd=forgiveness)

    def strategy(self) -> Lookback:
        """The same as a strategy against one opponent, its tremble included."""
        by = slip(self.tremble)
        first, cc, cd, dc, dd = (trembled(fixed(gene), by) for gene in (self.p_start, self.cc, self.cd, self.dc, self.dd))
        return Lookback(1, first, (dd, dc, cd, cc))

    def init(self, key: Key, seats: Seats) -> Int8[Array, "a"]:
        """Own last act as one opponent of all would see it: 0 none yet, 1 defected, 2 cooperated."""
        return jnp.zeros(seats.n, jnp.int8)

    def act(self, memory: Int8[Array, "a"], view: View, key: Key) -> Decision:
        """Cooperates or defects on every question with a norm scale; the default elsewhere; says what it does."""
        last = jnp.where(view.born, jnp.int8(0), memory)
        acts: list[tuple[str, Act]] = []
        for name, question in view.menu.items():
            own = key.child(name)
            if isinstance(question, Choice) and question.to is not None and question.serves is not None:
                acts.append((name, self._per_contact(question, last, view, own)))
            elif question.scaled:
                yes = self._once(last, view, own)
                acts.append((name, question.at(yes.astype(jnp.float32), own.child("at"))))
            else:
                acts.append((name, question.default()))
        meant = Named.of(*acts)
        stands = standing(view.menu, meant)
        mark = jnp.where(stands.level >= 0.5, jnp.int8(2), jnp.int8(1))
        return Decision(announced(view.menu, meant, stands), jnp.where(stands.known, mark, last))

    def _odds(self, fresh: Flags) -> _Odds:
        """The odds of every state, tremble included; those of the first move where it is `fresh`."""
        by = slip(self.tremble)

        def odds(probability: Gene) -> Int32[Array, "*a"]:
            return trembled(fixed(probability), by)

        first = odds(self.p_start)
        return _Odds(*(jnp.where(fresh, first, odds(state)) for state in (self.cc, self.cd, self.dc, self.dd)))

    def _once(self, last: Int8[Array, "a"], view: View, key: Key) -> Flags:
        """Whether to cooperate with all as one opponent."""
        told = view.told
        if told is None:
            known, theirs = jnp.zeros(last.shape, bool), jnp.zeros(last.shape, bool)
        else:
            known, theirs = told.known, told.level >= 0.5
        odds = self._odds((last == 0) | ~known).after(last == 2, theirs)
        return (key.bits(last.shape) >> 16).astype(jnp.int32) < odds

    def _per_contact(self, question: Choice, last: Int8[Array, "a"], view: View, key: Key) -> PackedActs:
        """One bit a contact, each by that contact's history where it is told, else by that of all."""
        told = view.told
        assert question.to is not None
        assert question.serves is not None
        if told is None or told.contacts is None or told.mine is None:
            both = jnp.where(self._once(last, view, key), jnp.uint8(0xFF), jnp.uint8(0))
            return both ^ _flip(question)
        flip = _flip(question)
        odds = self._odds(view.born | ~told.known)
        return next_acts(odds, told.mine ^ flip, told.contacts ^ flip, key, question.to.shape[1]) ^ flip


def next_acts(odds: _Odds, mine: PackedActs, theirs: PackedActs, key: Key, slots: int) -> PackedActs:
    """One bit a contact, set with the odds of that contact's state; one word is drawn for two contacts.

    Args:
        odds: how often to cooperate in each state.
        mine: [a] bytes, bit j: whether the seat cooperated with contact j.
        theirs: [a] bytes, bit j: whether contact j cooperated.
        key: where the draws come from.
        slots: contacts, 1 to 8.
    """
    packed = jnp.zeros(mine.shape, jnp.uint8)
    for slot in range(slots):
        word = key.child(slot // 2).bits(mine.shape)
        draw = ((word >> (16 * (slot % 2))) & 0xFFFF).astype(jnp.int32)
        chance = odds.after((mine >> slot) & 1 == 1, (theirs >> slot) & 1 == 1)
        packed = packed | ((draw < chance).astype(jnp.uint8) << slot)
    return packed


def _flip(question: Choice) -> UInt8[Array, ""]:
    """Which bits of an act say defect: all where answer 0 serves the others more, else none."""
    assert question.serves is not None
    return jnp.where(question.serves[0] > question.serves[1], jnp.uint8(0xFF), jnp.uint8(0))
