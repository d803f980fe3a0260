"""Round-robin tournaments: all ordered pairs of strategies, themselves included, from memory-one minds to Python programs.

Entrants are strategies written as arrays, memory-one minds, and programs; one entrant may be a family of thousands. Pairs of
strategies are compiled: a block of rows meets all columns in one scan over the turns, and what is counted is acts, which
payoffs follow from exactly. Pairs with a program are played on the host, with the same draws.

A match draws from a key of its own, made from the two players' names (and their places in their families), their order, and
the repetition. So a pair's result does not depend on who else takes part, on blocks, or on what else is compiled.

Each pair meets in both orders. The two matches are games of the same two players, and are counted together.

Source: R. Axelrod, The Evolution of Cooperation (1984): round robins in which each also meets itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int32, UInt32
from numpy.typing import NDArray

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.streams import Key
from commonweal.core.views import Memory
from commonweal.engine.matches import Entrant, Side, acts, as_strategy, check_plan, play, word_of
from commonweal.minds.memory_one import MemoryOne
from commonweal.minds.programs import Program
from commonweal.minds.strategies import Odds, Strategy, size_of, slip, trembled
from commonweal.worlds.network_game import NetworkGame

BLOCK_CELLS = 1 << 13
"""Pairs that are played side by side: their state then fits a core's cache."""
UNROLLED = 8
"""Turns in one pass over a block, where one family meets itself alone: its state then stays in registers."""


@dataclass(frozen=True)
class TournamentResult:
    """What came out between s players; element [i, j] is about what i did, or earned, when it met j."""

    names: tuple[str, ...]
    """Players, in the entrants' order; of a family `name[0]`, `name[1]`, ...; a reduction says of what."""
    turns: int
    """Turns of each match."""
    repetitions: int
    """How often each ordered pair met."""
    earned: NDArray[np.int64]
    """[s, s] ledger units that i earned from j in all their matches: exact sums."""
    cooperated: NDArray[np.int64]
    """[s, s] how often i cooperated with j."""

    @property
    def counted(self) -> int:
        """Turns behind each element: the matches in both orders; of a player with itself, its two sides."""
        return 2 * self.turns * self.repetitions

    @property
    def payoff(self) -> NDArray[np.float64]:
        """[s, s] mean ledger units a turn that i earned from j: the payoff matrix of the meta-game."""
        return self.earned / self.counted

    @property
    def cooperation(self) -> NDArray[np.float64]:
        """[s, s] share of turns, 0 to 1, in which i cooperated with j."""
        return self.cooperated / self.counted

    @property
    def scores(self) -> NDArray[np.float64]:
        """[s] mean ledger units a turn against all players, itself included."""
        return self.earned.sum(1) / (self.counted * len(self.names))

    @property
    def order(self) -> tuple[int, ...]:
        """Places of the players, best score first; equal scores in the entrants' order."""
        return tuple(int(place) for place in np.argsort(-self.earned.sum(1), kind="stable"))

    def ranking(self) -> tuple[str, ...]:
        """Names, best score first."""
        return tuple(self.names[place] for place in self.order)

    def __str__(self) -> str:
        """A table: rank, name, score, share of cooperation."""
        width = max(4, *map(len, self.names))
        scores, shares = self.scores, self.cooperation.mean(1)
        rows = [f"rank  {'name':{width}}  payoff a turn  cooperation"]
        for rank, own in enumerate(self.order, 1):
            rows.append(f"{rank:4}  {self.names[own]:{width}}  {scores[own]:13.4f}  {shares[own]:11.4f}")
        return "\n".join(rows)


@dataclass(frozen=True)
class _Family:
    """Compiled players that are computed as one: all entrants with strategies of one kind."""

    strategy: Strategy
    """Parameters [s]."""
    players: NDArray[np.int64]
    """[s]: their places among all players."""


@dataclass
class _Counts:
    """Acts by ordered pair, [s, s] each: row i met column j."""

    given: NDArray[np.int64]
    """How often the row cooperated."""
    taken: NDArray[np.int64]
    """How often the column did."""
    both: NDArray[np.int64]
    """How often both did."""


def tournament(
    entrants: Named[Entrant],
    game: NetworkGame | None = None,
    turns: int = 200,
    repetitions: int = 1,
    seed: int = 0,
    tremble: float = 0.0,
) -> TournamentResult:
    """Play a round-robin tournament.

    Args:
        entrants: who plays, by name; a family, with parameters [s], is s players.
        game: whose R, S, T, P are paid; by default the prisoner's dilemma 3, 0, 5, 1.
        turns: of each match, at least 1.
        repetitions: matches of each ordered pair, at least 1; 1 is enough where nothing is left to chance.
        seed: 0 to 2^32 - 1.
        tremble: probability that any act comes out as the opposite, 0 to 0.5, beside the tremble that memory-one minds have.

    Raises:
        StudyError: nobody plays, a number is out of range, or a reduction bears the name of what it was reduced from.
    """
    check_plan(turns, repetitions, tremble)
    sides = [(name, as_strategy(entrant)) for name, entrant in entrants.items()]
    sizes = [1 if isinstance(side, Program) else size_of(side) or 1 for _, side in sides]
    if sum(sizes) < 1:
        raise StudyError("a tournament without entrants; expected at least one")
    names = _player_names(entrants, sizes)
    keys = _player_keys(entrants, sizes, seed)
    starts = np.cumsum([0, *sizes])
    counts = _Counts(*(np.zeros((len(names), len(names)), np.int64) for _ in range(3)))
    families = _families([(side, start) for (_, side), start in zip(sides, starts[:-1], strict=True)])
    programs = [(side, int(start)) for (_, side), start in zip(sides, starts[:-1], strict=True) if isinstance(side, Program)]
    by = slip(tremble)
    for family in families:
        _play_compiled(family, families, keys, (turns, repetitions, by), counts)
    for repetition in range(repetitions):
        _play_programs(programs, families, keys, (turns, repetition, by), counts)
    game = NetworkGame() if game is None else game
    return _result(names, counts, (turns, repetitions), game)


def _result(names: tuple[str, ...], counts: _Counts, plan: tuple[int, int], game: NetworkGame) -> TournamentResult:
    R, S, T, P = (int(x) for x in (game.reward, game.sucker, game.temptation, game.punishment))
    mine, both = counts.given + counts.taken.T, counts.both + counts.both.T
    turns = 2 * plan[0] * plan[1]
    earned = P * turns + (S - P) * mine + (T - P) * mine.T + (R - S - T + P) * both
    return TournamentResult(names, plan[0], plan[1], earned, mine)


def _player_names(entrants: Named[Entrant], sizes: list[int]) -> tuple[str, ...]:
    """The name of each player; a reduction says what it was reduced from, and never stands for it."""
    found: list[str] = []
    for (name, entrant), size in zip(entrants.items(), sizes, strict=True):
        label = name
        of = entrant.reduction_of if isinstance(entrant, MemoryOne) else None
        if of == name:
            raise StudyError(
                f"the memory-one reduction of {of!r} was entered as {name!r}; expected a name of its own: it is another "
                "strategy, with other payoffs"
            )
        if of is not None:
            label = f"{name} (memory-one reduction of {of})"
        found += [label] if size == 1 else [f"{label}[{index}]" for index in range(size)]
    return tuple(found)


def _player_keys(entrants: Named[Entrant], sizes: list[int], seed: int) -> Key:
    """The key of each player, words [s]: from its entrant's name and its place in the family."""
    root = Key.root(seed).child("tournament")
    keys = [root.child(name).child(jnp.arange(size)) for name, size in zip(entrants, sizes, strict=True)]
    return jax.tree.map(lambda *words: jnp.concatenate(words), *keys)


def _families(sides: list[tuple[Strategy | Program, int]]) -> list[_Family]:
    """Strategies of one kind joined, their parameters as rows."""
    groups: dict[Any, list[tuple[Strategy, int, int]]] = {}
    for side, start in sides:
        if not isinstance(side, Program):
            _, rest = eqx.partition(side, eqx.is_array)
            same = (type(side), jax.tree.structure(rest), tuple(map(repr, jax.tree.leaves(rest))))
            groups.setdefault(same, []).append((side, start, size_of(side) or 1))
    found: list[_Family] = []
    for group in groups.values():
        wide = [jax.tree.map(lambda leaf, s=size: jnp.broadcast_to(leaf, (s,)), side) for side, _, size in group]
        joined = cast("Strategy", jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *wide))
        found.append(_Family(joined, np.concatenate([start + np.arange(size) for _, start, size in group])))
    return found


def _pairs(rows: Key, columns: Key) -> Key:
    """The keys of ordered pairs; words broadcast."""
    return rows.child(columns.first)


def _play_compiled(family: _Family, families: list[_Family], keys: Key, plan: tuple[int, int, Odds], counts: _Counts) -> None:
    """All matches in which players of a family are rows and compiled players are columns."""
    turns, repetitions, by = plan
    order = np.concatenate([own.players for own in families])
    size = len(family.players)
    rows = max(1, min(size, BLOCK_CELLS // len(order)))
    blocks = -(-size // rows)
    place = np.minimum(np.arange(blocks * rows), size - 1)

    def blocked(leaf: Array) -> Array:
        return leaf[place].reshape(blocks, rows)

    given = (
        jax.tree.map(blocked, family.strategy),
        jax.tree.map(lambda word: blocked(word[family.players]), keys),
        tuple(own.strategy for own in families),
        tuple(jax.tree.map(lambda word, own=own: word[own.players], keys) for own in families),
    )
    found = jax.device_get(_count(*given, turns, jnp.int32(repetitions), by))
    at = np.ix_(family.players, order)
    for total, part in zip((counts.given, counts.taken, counts.both), found, strict=True):
        total[at] = part.reshape(blocks * rows, -1)[:size]


Counts = tuple[Int32[Array, "..."], Int32[Array, "..."], Int32[Array, "..."]]


@eqx.filter_jit
def _count(
    rows: Strategy,
    own: Key,
    columns: tuple[Strategy, ...],
    others: tuple[Key, ...],
    turns: int,
    repetitions: Int32[Array, ""],
    by: Odds,
) -> Counts:
    """Acts of all pairs, [blocks, rows, columns] each: given, taken, both. Parameters and keys of rows are [blocks, rows]."""

    def block(at: tuple[Strategy, Key]) -> Counts:
        strategy, keys = jax.tree.map(lambda leaf: leaf[:, None], at)
        pairs = [_pairs(keys, jax.tree.map(lambda word: word[None], other)) for other in others]

        def once(repetition: Int32[Array, ""], sums: Any) -> Any:
            own = [pair.child(repetition) for pair in pairs]
            return jax.tree.map(jnp.add, sums, _count_match(strategy, columns, own, turns, by))

        none = tuple((jnp.zeros(pair.first.shape, jnp.int32),) * 3 for pair in pairs)
        sums = jax.lax.fori_loop(0, repetitions, once, none)
        given, taken, both = (jnp.concatenate([part[what] for part in sums], 1) for what in range(3))
        return given, taken, both

    return jax.lax.map(block, (rows, own))


def _count_match(rows: Strategy, columns: tuple[Strategy, ...], keys: list[Key], turns: int, by: Odds) -> tuple[Counts, ...]:
    """Acts of one match of a block of rows, parameters [r, 1], with each family of columns."""
    sides = tuple(jax.tree.map(lambda leaf: leaf[None], column) for column in columns)

    def turn(at: tuple[Any, ...], number: UInt32[Array, ""]) -> tuple[tuple[Any, ...], None]:
        after: list[tuple[Memory, Memory, Counts]] = []
        for (one, other, (given, taken, both)), column, key in zip(at, sides, keys, strict=True):
            odds = trembled(rows.odds(one), by), trembled(column.odds(other), by)
            mine, theirs = acts(word_of(key, number), *odds)
            counts = given + mine, taken + theirs, both + (mine & theirs)
            after.append((rows.after(one, mine, theirs), column.after(other, theirs, mine), counts))
        return tuple(after), None

    first = tuple(
        (rows.start(key.first.shape), column.start(key.first.shape), (jnp.zeros(key.first.shape, jnp.int32),) * 3)
        for column, key in zip(sides, keys, strict=True)
    )
    unrolled = UNROLLED if len(columns) == 1 else 1
    last = jax.lax.scan(turn, first, jnp.arange(turns, dtype=jnp.uint32), unroll=unrolled)[0]
    return tuple(counts for _, _, counts in last)


def _play_programs(
    programs: list[tuple[Program, int]], families: list[_Family], keys: Key, plan: tuple[int, int, Odds], counts: _Counts
) -> None:
    """One repetition of all matches with a program on either side."""

    def key_of(players: NDArray[np.int64]) -> Key:
        return jax.tree.map(lambda word: word[players], keys)

    def met(first: Side, second: Side, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> None:
        turns, repetition, by = plan
        found = play(first, second, _pairs(key_of(rows), key_of(columns)).child(repetition), turns, by)
        counts.given[rows, columns] += found.first.sum(0)
        counts.taken[rows, columns] += found.second.sum(0)
        counts.both[rows, columns] += (found.first & found.second).sum(0)

    others, places = tuple(program for program, _ in programs), np.asarray([place for _, place in programs])
    for program, place in programs:
        for family in families:
            size = len(family.players)
            met((program,) * size, family.strategy, np.full(size, place), family.players)
            met(family.strategy, (program,) * size, family.players, np.full(size, place))
        met((program,) * len(others), others, np.full(len(others), place), places)
