"""Strategies of repeated games of two acts: how one player decides against one opponent, from the history of the two.

A strategy is three pure functions over arrays of any shape, one element for each relation that is played:

    start(shape)                 its memory before the first turn
    odds(memory)                 how often it cooperates now, in units of 2^-16: 0 never, 65,536 always
    after(memory, mine, theirs)  its memory after a turn in which the acts *came out* as `mine` and `theirs`

So one object plays a match, a tournament of thousands (`engine/tournament.py`), or in a society (`minds/strategist.py`).
Memory is a pytree whose every leaf has the shape of the relations. Parameters are scalars or one value a player, [s] or [a]:
one object then holds a family of strategies.

An act that comes out as the opposite with probability e (a tremble, implementation noise) turns the odds p into
p' = (1 - 2 e) p + e; who plays the strategy adds it, and strategies see the acts as they came out.

Source: R. Axelrod, The Evolution of Cooperation (1984); of each strategy, at its class or constructor.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from itertools import product
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32

from commonweal.core.arrays import whole
from commonweal.core.errors import StudyError
from commonweal.core.views import Memory

ONE = 1 << 16
"""Odds of 1: always."""
LONGEST_TABLE = 3
"""Rounds that a table may look back: 64 entries. Longer memories are counters and states."""

Odds = Int32[Array, "..."]
"""How often to cooperate, 0 to `ONE`."""
Made = Bool[Array, "..."]
"""Whether the act of a turn was cooperation, one a relation."""
Shape = tuple[int, ...]
Past = tuple[bool, ...]
"""The last acts of one side, oldest first; True: cooperated."""


def fixed(probability: Float[Array, "..."]) -> Odds:
    """A probability as odds, rounded once; what lies outside 0 to 1 is cut off."""
    return jnp.round(jnp.clip(probability, 0.0, 1.0) * jnp.float32(ONE)).astype(jnp.int32)


def slip(tremble: Float[Array, "..."] | float) -> Odds:
    """A tremble, cut off at 0 and 0.5, as odds."""
    return fixed(jnp.clip(jnp.asarray(tremble, jnp.float32), 0.0, 0.5))


def trembled(odds: Odds, by: Odds) -> Odds:
    """Odds of what comes out, (1 - 2 e) p + e: within 2^-16 of the formula, and exact at e = 0.

    Args:
        odds: p, 0 to `ONE`.
        by: e, from `slip`.
    """
    # Whole numbers: a fused multiply-add, which some compilations use and others do not, could move the last bit.
    both = (odds.astype(jnp.uint32) * by.astype(jnp.uint32) + jnp.uint32(1 << 14)) >> 15
    return odds + by - both.astype(jnp.int32)


class Strategy(eqx.Module):
    """How one player decides against one opponent; see the module."""

    memory_depth: ClassVar[float] = float("inf")
    """How many turns back it looks at most; inf: all."""

    @abc.abstractmethod
    def start(self, shape: Shape) -> Memory:
        """Memory before the first turn, every leaf of this shape."""

    @abc.abstractmethod
    def odds(self, memory: Memory) -> Odds:
        """How often to cooperate now; of the memory's shape, or one that broadcasts to it."""

    @abc.abstractmethod
    def after(self, memory: Memory, mine: Made, theirs: Made) -> Memory:
        """Memory after a turn: what came out on both sides."""


def _always(yes: Made) -> Odds:
    return jnp.where(yes, jnp.int32(ONE), jnp.int32(0))


class Lookback(Strategy):
    """A table over the last few turns: memory-n strategies, of which memory-one is the shortest.

    Before there are that many turns, the missing ones count as mutual cooperation; the first move has odds of its own.
    """

    depth: int = eqx.field(static=True)
    """How many turns it looks back, 1 to 3."""
    first: Odds = eqx.field(converter=whole)
    """Odds of the first move."""
    table: tuple[Odds, ...] = eqx.field(converter=lambda rows: tuple(whole(row) for row in rows))
    """Odds by state, 4^depth of them: entry 2 m + o (1: cooperated) of the last turn, plus 4 times the turn before's, ..."""

    def __check_init__(self) -> None:
        """Refuse a table that does not fit its depth."""
        if not 1 <= self.depth <= LONGEST_TABLE or len(self.table) != 4**self.depth:
            raise StudyError(
                f"a table of {len(self.table)} entries that looks {self.depth} turns back; expected 1 to {LONGEST_TABLE} turns "
                "and 4^turns entries: write a Strategy with counters for a longer memory"
            )

    @classmethod
    def of(cls, depth: int, rule: Callable[[Past, Past], float], first: float = 1.0) -> Lookback:
        """The table of a rule.

        Args:
            depth: turns that the rule sees, 1 to 3.
            rule: gives the probability to cooperate after the last acts, own and other's, oldest first.
            first: probability that the first move is cooperation.
        """
        entries: list[float] = []
        for acts in product((False, True), repeat=2 * max(0, min(depth, LONGEST_TABLE))):
            entries.append(rule(acts[0::2], acts[1::2]))
        return cls(depth, round(first * ONE), tuple(round(entry * ONE) for entry in entries))

    @classmethod
    def tit_for_two_tats(cls) -> Lookback:
        """TF2T: defects after two defections of the other in a row. Source: R. Axelrod, J. Conflict Resolution 24 (1980)."""
        return cls.of(2, lambda mine, theirs: float(any(theirs)))

    @classmethod
    def two_tits_for_tat(cls) -> Lookback:
        """2TFT: defects twice after each defection of the other. Source: R. Axelrod, The Evolution of Cooperation (1984)."""
        return cls.of(2, lambda mine, theirs: float(all(theirs)))

    @classmethod
    def all_or_none(cls, depth: int) -> Lookback:
        """AON: cooperates where in each of the last turns both did the same; with one turn, win-stay lose-shift.

        Source: C. Hilbe, L. Martinez-Vaquero, K. Chatterjee, M. Nowak, PNAS 114 (2017).
        """
        return cls.of(depth, lambda mine, theirs: float(mine == theirs))

    @classmethod
    def win_shift_lose_stay(cls) -> Lookback:
        """WShLSt: repeats an act that was met with defection, and changes one that was met with cooperation; first defects.

        Source: J. Li, P. Hingston, G. Kendall, IEEE Trans. Computational Intelligence and AI in Games 3 (2011).
        """
        return cls.of(1, lambda mine, theirs: float(mine[-1] != theirs[-1]), first=0.0)

    @classmethod
    def generous(cls, forgiveness: float) -> Lookback:
        """Generous tit for two tats: forgives two defections in a row with this probability, 0 to 1.

        Source: tit for two tats with the generosity of M. Nowak, K. Sigmund, Nature 355 (1992).
        """
        return cls.of(2, lambda mine, theirs: 1.0 if any(theirs) else forgiveness)

    def start(self, shape: Shape) -> Memory:
        """No turn yet: -1."""
        return jnp.full(shape, -1, jnp.int32)

    def odds(self, memory: Memory) -> Odds:
        """The table's entry."""
        return jnp.where(memory < 0, self.first, _entry(self.table, memory))

    def after(self, memory: Memory, mine: Made, theirs: Made) -> Memory:
        """The turns looked back on: two bits each, the last one lowest."""
        last = 2 * mine.astype(jnp.int32) + theirs.astype(jnp.int32)
        # All bits set, which -1 is, is mutual cooperation as far back as it looks.
        return last if self.depth == 1 else ((memory << 2) | last) & (4**self.depth - 1)


def _entry(table: tuple[Odds, ...], at: Int32[Array, "..."]) -> Odds:
    """The entry of a table at whole numbers: by their bits, since choosing is cheaper than fetching from addresses."""
    if len(table) == 1:
        return table[0]
    half = len(table) // 2
    return jnp.where((at & half) > 0, _entry(table[half:], at), _entry(table[:half], at))


class Grim(Strategy):
    """Grim trigger: cooperates until the other defects, and then never again.

    Source: J. Friedman, Review of Economic Studies 38 (1971); `Grudger` of R. Axelrod's first tournament.
    """

    def start(self, shape: Shape) -> Memory:
        """Not provoked."""
        return jnp.zeros(shape, bool)

    def odds(self, memory: Memory) -> Odds:
        """Cooperates unless provoked."""
        return _always(~memory)

    def after(self, memory: Memory, mine: Made, theirs: Made) -> Memory:
        """Whether the other ever defected."""
        return memory | ~theirs


class Majority(Strategy):
    """Does what the other did more often so far. Soft: cooperates at a tie, the first move among them; hard: defects.

    Source: R. Axelrod, J. Conflict Resolution 24 (1980), second tournament (Gail Grisell).
    """

    hard: bool = eqx.field(static=True, default=False)
    """Whether it defects at a tie."""

    def start(self, shape: Shape) -> Memory:
        """A tie."""
        return jnp.zeros(shape, jnp.int32)

    def odds(self, memory: Memory) -> Odds:
        """The other's cooperations less its defections decide."""
        return _always(memory > 0 if self.hard else memory >= 0)

    def after(self, memory: Memory, mine: Made, theirs: Made) -> Memory:
        """One more act of the other counted."""
        return memory + jnp.where(theirs, 1, -1).astype(jnp.int32)


class Contrite(Strategy):
    """Contrite tit for tat: content, contrite or provoked, so that it does not answer a punishment of its own mistake.

    Content, it cooperates. The one who defects alone becomes contrite, and cooperates until a cooperation of its own came
    out; the victim becomes provoked, and defects until the other cooperates. Without mistakes it is tit for tat.

    Source: J. Wu, R. Axelrod, "How to cope with noise in the iterated prisoner's dilemma", J. Conflict Resolution 39 (1995).
    """

    def start(self, shape: Shape) -> Memory:
        """Content: 0. Contrite is 1, provoked 2."""
        return jnp.zeros(shape, jnp.int32)

    def odds(self, memory: Memory) -> Odds:
        """Cooperates unless provoked."""
        return _always(memory < 2)

    def after(self, memory: Memory, mine: Made, theirs: Made) -> Memory:
        """What it is next: see the class."""
        from_content = jnp.where(mine == theirs, 0, jnp.where(theirs, 1, 2))
        from_contrite = jnp.where(mine, 0, 1)
        from_provoked = jnp.where(theirs, 0, 2)
        chosen = jnp.where(memory == 0, from_content, jnp.where(memory == 1, from_contrite, from_provoked))
        return chosen.astype(jnp.int32)


class Grudges(eqx.Module):
    """What gradual remembers of a relation."""

    count: Int32[Array, "..."]
    """How many punishments it has begun."""
    left: Int32[Array, "..."]
    """Turns of the present punishment that are left, the two calm ones at its end among them."""


class Gradual(Strategy):
    """Gradual: its n-th punishment is n defections, and then two cooperations come whatever the other does.

    It answers a defection only when no punishment is under way.

    Source: B. Beaufils, J.-P. Delahaye, P. Mathieu, "Our meeting with gradual", Artificial Life V (1997).
    """

    def start(self, shape: Shape) -> Memory:
        """Nothing punished yet."""
        return Grudges(jnp.zeros(shape, jnp.int32), jnp.zeros(shape, jnp.int32))

    def odds(self, memory: Memory) -> Odds:
        """Defects while more than the two calm turns are left."""
        return _always(memory.left <= 2)

    def after(self, memory: Memory, mine: Made, theirs: Made) -> Memory:
        """One turn of punishment less, or a new punishment."""
        left = jnp.maximum(memory.left - 1, 0)
        provoked = (left == 0) & ~theirs
        count = memory.count + provoked
        return Grudges(count, jnp.where(provoked, count + 2, left))


class Watch(eqx.Module):
    """What omega tit for tat remembers of a relation."""

    cooperates: Made
    """Its next move."""
    second: Bool[Array, "..."]
    """Whether a turn was played, so that the next one is the second or later."""
    before: Made
    """Whether the other cooperated in the last turn."""
    deadlock: Int32[Array, "..."]
    """Turns in a row in which the other changed its act."""
    disorder: Int32[Array, "..."]
    """How unlike tit for tat, or cooperation, the other has been."""


class Omega(Strategy):
    """Omega tit for tat: breaks deadlocks of alternating defections, and gives up on those who look random.

    Tit for tat, but that after `deadlock` changes of the other's act in a row it cooperates twice; disorder grows by one where
    the other changed its act and by one where the two acts differed, falls by one after two cooperations of the other, and
    from `disorder` on it defects.

    Source: W. Slany, W. Kienreich, "On some winning strategies for the iterated prisoner's dilemma" (2007).
    """

    deadlock: Int32[Array, "*a"] = eqx.field(converter=whole, default=3)
    """Changes in a row that count as a deadlock, at least 1."""
    disorder: Int32[Array, "*a"] = eqx.field(converter=whole, default=8)
    """Disorder from which on it defects, at least 1."""

    def start(self, shape: Shape) -> Memory:
        """Cooperates; nothing seen."""
        no, none = jnp.zeros(shape, bool), jnp.zeros(shape, jnp.int32)
        return Watch(~no, no, no, none, none)

    def odds(self, memory: Memory) -> Odds:
        """What was decided after the last turn."""
        return _always(memory.cooperates)

    def after(self, memory: Memory, mine: Made, theirs: Made) -> Memory:
        """Counts, and what follows from them."""
        changed = memory.before != theirs
        breaking = memory.second & (memory.deadlock >= self.deadlock)
        watching = memory.second & ~breaking
        added = changed.astype(jnp.int32) + (mine != theirs) - (memory.before & theirs)
        disorder = memory.disorder + jnp.where(watching, added, 0)
        random = watching & (disorder >= self.disorder)
        counted = jnp.where(watching & ~random, jnp.where(changed, memory.deadlock + 1, 0), memory.deadlock)
        broken = jnp.where(memory.deadlock == self.deadlock, self.deadlock + 1, 0)
        return Watch(
            breaking | (theirs & ~random),
            jnp.ones_like(memory.second),
            theirs,
            jnp.where(breaking, broken, counted),
            disorder,
        )


def size_of(strategy: Strategy) -> int | None:
    """How many players a family holds: the length that its parameters share; None where all are scalars.

    Raises:
        StudyError: parameters have several lengths, or more than one axis.
    """
    shapes = {leaf.shape for leaf in jax.tree.leaves(strategy) if leaf.ndim}
    if len(shapes) > 1 or any(len(shape) > 1 for shape in shapes):
        raise StudyError(
            f"{type(strategy).__name__} has parameters of the shapes {sorted(shapes)}; expected scalars and rows of one length"
        )
    return shapes.pop()[0] if shapes else None
