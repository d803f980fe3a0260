"""Two players with tables over the last few rounds, exactly: what a game of so many rounds pays them.

A state is what the two did in the last d rounds. In a round that follows state s, with e the tremble,

    p_i(s) = (1 - 2 e) table_i(s) + e        chance that player i cooperates
    s      -> (4 s + 2 a + b) mod 4^d        a, b: 1 where the first, the second player cooperated

as the second player sees it, with a and b changed over in each round of the state. Rounds before the first one count as mutual
cooperation, and the first round has chances of its own. Beside a study of strategies with memory: what
`commonweal.minds.strategies.Lookback` does in expectation. With d = 1 they are memory-one strategies.

Source: C. Hilbe, L. Martinez-Vaquero, K. Chatterjee and M. Nowak, "Memory-n strategies of direct reciprocity", PNAS 114 (2017).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from commonweal.analysis.exact.markov_chain import Floats
from commonweal.analysis.exact.memory_one_games import Dilemma, add_tremble
from commonweal.core.errors import StudyError

_DEEPEST = 3


@dataclass(frozen=True)
class Table:
    """A strategy.

    Raises:
        StudyError: a probability is out of range, or the table does not fit 1 to 3 rounds.
    """

    after: Floats
    """Chance of cooperating by state: entry 2 m + o of the last round (1: cooperated), plus 4 times the one before. [4^d]"""
    first: float = 1.0
    """Chance of cooperating in the first round."""

    def __post_init__(self) -> None:
        """Refuse what is no strategy."""
        chances = np.append(self.after, self.first)
        if self.after.ndim != 1 or self.after.size not in (4, 16, 64) or not bool(((chances >= 0) & (chances <= 1)).all()):
            raise StudyError(
                f"a table of shape {self.after.shape} from {chances.min():g} to {chances.max():g}; expected 4^d chances of "
                f"cooperating, from 0 to 1, with d from 1 to {_DEEPEST} rounds"
            )


def read_table(after: ArrayLike, first: float = 1.0) -> Table:
    """A strategy from any row of numbers [4^d].

    Args:
        after: chance of cooperating by state.
        first: chance of cooperating in the first round.
    """
    return Table(np.asarray(after, np.float64), first)


def score_game(one: Table, other: Table, game: Dilemma, rounds: int, tremble: float = 0.0) -> Floats:
    """What each player is paid in a mean round, exactly. [2]

    Args:
        one: the first player.
        other: the second one, with a table as deep.
        game: payoffs of a round.
        rounds: of the game, at least 1, the first one included.
        tremble: the chance that an act comes out as the opposite, 0 to 1.

    Raises:
        StudyError: there is no round, or the tables are not equally deep.
    """
    size = one.after.size
    if rounds < 1 or other.after.size != size:
        raise StudyError(
            f"a game of {rounds} rounds with tables of {size} and {other.after.size} entries; expected at least one round, and "
            "tables over as many rounds: write the shorter one over more"
        )
    state = np.arange(size)
    seen = sum(((state >> shift & 1) << 1 | state >> shift + 1 & 1) << shift for shift in range(0, size.bit_length() - 1, 2))
    left, right = add_tremble(one.after, tremble), add_tremble(other.after, tremble)[seen]
    start = _outcomes(add_tremble(one.first, tremble), add_tremble(other.first, tremble))
    each = _outcomes(left, right)
    move = np.zeros((size, size))
    for outcome in range(4):
        np.add.at(move, (state, (4 * state + outcome) % size), each[:, outcome])
    shares = start / rounds
    # Before the first round: mutual cooperation throughout.
    now = np.zeros(size)
    now[(4 * (size - 1) + np.arange(4)) % size] = start
    for _ in range(rounds - 1):
        shares = shares + now @ each / rounds
        now = now @ move
    return np.array([shares @ game.own[::-1], shares @ game.other[::-1]])


def _outcomes(left: Floats, right: Floats) -> Floats:
    """Chances of a round that ends in DD, DC, CD, CC, the first player's act first, by 2 a + b. [... 4]"""
    a, b = np.asarray(left, np.float64), np.asarray(right, np.float64)
    return np.stack([(1 - a) * (1 - b), (1 - a) * b, a * (1 - b), a * b], axis=-1)
