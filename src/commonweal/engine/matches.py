"""Matches: two sides play turn by turn, each a strategy as arrays or a program in Python; what came out, act by act.

One 32-bit word decides a turn of a match: its lower 16 bits the first side's act, its upper 16 the second's. An act is
cooperation where its 16 bits are below the odds, tremble included; programs cooperate with odds 0 or 1 before the tremble.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, UInt32
from numpy.typing import NDArray

from commonweal.core.errors import StudyError
from commonweal.core.streams import Key, mix
from commonweal.core.views import Memory
from commonweal.minds.memory_one import MemoryOne
from commonweal.minds.programs import Player, Program, legal_move
from commonweal.minds.strategies import ONE, Made, Odds, Strategy, size_of, slip, trembled

Entrant = Strategy | MemoryOne | Program
"""Who can play a match: a family of strategies, with parameters [s], is s players."""
Side = Strategy | tuple[Program, ...]
"""One side of m matches: a strategy, with scalars or parameters [m], or m programs."""
Words = UInt32[Array, "..."]


@dataclass(frozen=True)
class Match:
    """What came out in some matches that were played side by side."""

    first: NDArray[np.bool_]
    """[t, m]: whether the first side cooperated, by turn and match."""
    second: NDArray[np.bool_]
    """[t, m]: the second side."""


def match(first: Entrant, second: Entrant, turns: int, seed: int = 0, tremble: float = 0.0, matches: int = 1) -> Match:
    """Play matches between two sides, all at once.

    Args:
        first: one side; a family of s strategies is one player in each of s matches.
        second: the other side.
        turns: of each match, at least 1.
        seed: 0 to 2^32 - 1; the same seed gives the same acts.
        tremble: probability that an act comes out as the opposite, 0 to 0.5, beside the tremble that memory-one minds have.
        matches: how many, where neither side is a family.

    Raises:
        StudyError: no turns, no matches, a tremble out of range, or families of two sizes.
    """
    check_plan(turns, matches, tremble)
    given = (as_strategy(first), as_strategy(second))
    sizes = {size for side in given if not isinstance(side, Program) and (size := size_of(side)) is not None}
    if len(sizes) > 1:
        raise StudyError(f"families of {sorted(sizes)} strategies meet; expected as many on both sides: one match each")
    m = sizes.pop() if sizes else matches
    key = Key.root(seed).child("match").child(jnp.arange(m, dtype=jnp.uint32))
    one, other = ((side,) * m if isinstance(side, Program) else side for side in given)
    return play(one, other, key, turns, slip(tremble))


def check_plan(turns: int, repetitions: int, tremble: float) -> None:
    """Refuse a plan of matches that cannot be played or counted.

    Raises:
        StudyError: turns or repetitions below 1, 2^31 turns or more in all, or a tremble that is not from 0 to 0.5.
    """
    if turns < 1 or repetitions < 1 or turns * repetitions >= 2**31:
        raise StudyError(
            f"{repetitions} matches of {turns} turns; expected at least 1 of each, and fewer than 2^31 turns in all"
        )
    if not 0.0 <= tremble <= 0.5:
        raise StudyError(f"a tremble of {tremble:g}; expected a probability from 0 to 0.5")


def as_strategy(entrant: Entrant) -> Strategy | Program:
    """What plays: memory-one minds as their strategy.

    Raises:
        StudyError: it is no strategy, program or memory-one mind.
    """
    if isinstance(entrant, MemoryOne):
        return entrant.strategy()
    if not isinstance(cast("object", entrant), (Strategy, Program)):
        raise StudyError(
            f"a {type(entrant).__name__} was entered; expected a Strategy, a Program or a MemoryOne mind: of a mind that plays "
            "a strategy, enter the strategy"
        )
    return entrant


def word_of(key: Key, turn: UInt32[Array, "..."]) -> Words:
    """The word of a turn, of the shape of the keys' words: the turn-th draw of each match's key, see `core.streams`."""
    return mix(mix(turn + key.first) ^ key.second)


def acts(words: Words, first: Odds, second: Odds) -> tuple[Made, Made]:
    """What comes out on the two sides, from the words of a turn and the odds, tremble included."""
    return (words & 0xFFFF).astype(jnp.int32) < first, (words >> 16).astype(jnp.int32) < second


def play(first: Side, second: Side, keys: Key, turns: int, by: Odds) -> Match:
    """Play one match for each key.

    Args:
        first: one side.
        second: the other side.
        keys: words [m], one key a match.
        turns: at least 1.
        by: the tremble, as odds.
    """
    if isinstance(first, Strategy) and isinstance(second, Strategy):
        one, other = jax.device_get(_scan(first, second, keys, turns, by))
        return Match(one, other)
    m = keys.first.shape[0]
    words = np.asarray(word_of(keys, jnp.arange(turns, dtype=jnp.uint32)[:, None]))
    seeds = keys.child("program")
    sides = (_seat(first, np.asarray(seeds.first), by), _seat(second, np.asarray(seeds.second), by))
    made = np.zeros((2, turns, m), bool)
    for turn in range(turns):
        for side, own in enumerate(sides):
            made[side, turn] = (words[turn] >> (16 * side) & 0xFFFF) < own.odds()
        sides[0].learn(made[0, turn], made[1, turn])
        sides[1].learn(made[1, turn], made[0, turn])
    return Match(made[0], made[1])


@eqx.filter_jit
def _scan(first: Strategy, second: Strategy, keys: Key, turns: int, by: Odds) -> tuple[Bool[Array, "t m"], Bool[Array, "t m"]]:
    def turn(memories: tuple[Memory, Memory], at: UInt32[Array, ""]) -> tuple[tuple[Memory, Memory], tuple[Made, Made]]:
        one, other = memories
        mine, theirs = acts(word_of(keys, at), trembled(first.odds(one), by), trembled(second.odds(other), by))
        return (first.after(one, mine, theirs), second.after(other, theirs, mine)), (mine, theirs)

    shape = keys.first.shape
    return jax.lax.scan(turn, (first.start(shape), second.start(shape)), jnp.arange(turns, dtype=jnp.uint32))[1]


class _Seated(Protocol):
    """One side of some matches, on the host."""

    def odds(self) -> NDArray[np.int64]:
        """[m]: how often each player cooperates now, tremble included."""
        ...

    def learn(self, mine: NDArray[np.bool_], theirs: NDArray[np.bool_]) -> None:
        """Take note of a turn."""
        ...


class _Arrays:
    """A strategy on the host, one compiled call a turn."""

    def __init__(self, strategy: Strategy, matches: int, by: Odds) -> None:
        """Before the first turn."""
        self.strategy, self.by, self.shape = strategy, by, (matches,)
        self.memory = strategy.start(self.shape)

    def odds(self) -> NDArray[np.int64]:
        """From its memory."""
        return np.broadcast_to(np.asarray(_odds(self.strategy, self.memory, self.by)), self.shape)

    def learn(self, mine: NDArray[np.bool_], theirs: NDArray[np.bool_]) -> None:
        """Into its memory."""
        self.memory = _after(self.strategy, self.memory, jnp.asarray(mine), jnp.asarray(theirs))


class _Players:
    """A program on the host: a live player a match."""

    def __init__(self, players: Sequence[Player], by: Odds) -> None:
        """Before the first move; a defection and a cooperation have their odds by tremble."""
        self.players = players
        self.worth = np.asarray(trembled(jnp.asarray([0, ONE], jnp.int32), by))
        self.mine: list[list[int]] = [[] for _ in players]
        self.theirs: list[list[int]] = [[] for _ in players]

    def odds(self) -> NDArray[np.int64]:
        """From its moves."""
        asked = zip(self.players, self.mine, self.theirs, strict=True)
        return self.worth[[legal_move(player(mine, theirs)) for player, mine, theirs in asked]]

    def learn(self, mine: NDArray[np.bool_], theirs: NDArray[np.bool_]) -> None:
        """Into its histories."""
        for rows, made in ((self.mine, mine), (self.theirs, theirs)):
            for row, act in zip(rows, made.tolist(), strict=True):
                row.append(int(act))


def _seat(side: Side, seeds: NDArray[np.uint32], by: Odds) -> _Seated:
    if isinstance(side, tuple):
        return _Players([program.begin(int(seed)) for program, seed in zip(side, seeds, strict=True)], by)
    return _Arrays(side, len(seeds), by)


@eqx.filter_jit
def _odds(strategy: Strategy, memory: Memory, by: Odds) -> Odds:
    return trembled(strategy.odds(memory), by)


@eqx.filter_jit
def _after(strategy: Strategy, memory: Memory, mine: Made, theirs: Made) -> Memory:
    return strategy.after(memory, mine, theirs)
