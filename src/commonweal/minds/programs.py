"""Programs: strategies written as ordinary Python, with a state and a history of their own, as in Axelrod's tournaments.

A program is a recipe; `begin` makes a live player for one relation, which is then asked for its move turn after turn, with all
acts of both sides as they came out (1: cooperated). It plays in `engine/tournament.py` beside compiled strategies, and, by
`ProgramMind`, in a society.

Source: R. Axelrod, The Evolution of Cooperation (1984); the shape of a player as in the Axelrod library (V. Knight and others,
J. Open Research Software 4, 2016).
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from typing import ClassVar

import equinox as eqx
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.parts import HostedMind
from commonweal.core.questions import PACKED_CONTACTS
from commonweal.core.streams import Key
from commonweal.core.views import HostedDecision, Words

Player = Callable[[Sequence[int], Sequence[int]], int]
"""A live player: from own and the other's acts so far, oldest first, 1 cooperated and 0 defected, its move. It is asked every
turn once, in order, and must not change what it is given."""
_OUTCOMES = "PTSR"
"""The letter of a round by 2 mine + theirs: punishment, temptation, sucker's payoff, reward."""
LONGEST_RELATION = 3900
"""Rounds of one relation that a text of the trial's text table can hold."""


class Program(eqx.Module):
    """A strategy as a Python program. Fields are its parameters, plain values that print and compare."""

    @property
    def digest(self) -> str:
        """Identity of what moves its answers beside its fields: the version of a library; empty: nothing."""
        return ""

    @abc.abstractmethod
    def begin(self, seed: int) -> Player:
        """A live player before its first move.

        Args:
            seed: 0 to 2^32 - 1; the same seed and histories must give the same moves.
        """


class ProgramMind(HostedMind):
    """Plays a program against each contact on its own; questions that are not asked for each contact get their default.

    Answer 1 is cooperation, as in `NetworkGame`. A relation begins anew, with a new live player, where a new mind was seated
    and where another seat became the contact; a seat is not told that somebody new sits in a contact's seat.

    What a seat remembers of a relation is a text, `contact seed outcomes`, one letter a round: R both cooperated, S only it,
    T only the other, P neither. So saving, forking and inheriting need nothing else; a live player is made again from the
    text at every round, so that a trial's work grows with the square of its rounds, of which it can have 3,900.
    """

    slots: ClassVar[int] = PACKED_CONTACTS

    program: Program
    """What is played."""
    tremble: float = eqx.field(static=True, default=0.0)
    """Probability that a move comes out as the opposite, 0 to 0.5."""

    def __check_init__(self) -> None:
        """Refuse a number out of range."""
        if not 0.0 <= self.tremble <= 0.5:
            raise StudyError(f"a tremble of {self.tremble:g}; expected a probability from 0 to 0.5")

    @property
    def digest(self) -> str:
        """The program's."""
        return self.program.digest

    async def act(self, words: Words, key: int) -> HostedDecision:
        """One move for each contact.

        Raises:
            StudyError: a relation is longer than a text can be.
        """
        drawn = np.asarray(Key.root(key).child("program").bits((2, PACKED_CONTACTS)))
        acts: dict[str, int | float | str] = {}
        remember: list[str] = []
        asked = {ask.name.rsplit("/", 1)[1]: ask.name for ask in words.asks if ask.kind == "choice" and "/" in ask.name}
        for slot, contact in enumerate(words.contacts):
            relation = _continued(words, slot) or f"{contact} {int(drawn[0, slot])} "
            remember.append(relation)
            name = asked.get(str(slot))
            if contact >= 0 and name is not None:
                move = _next_move(self.program, relation)
                acts[name] = 1 - move if int(drawn[1, slot]) < self.tremble * 2.0**32 else move
        return HostedDecision(acts, tuple(remember))


def _continued(words: Words, slot: int) -> str | None:
    """The relation in a slot with its last round added; None where it begins anew."""
    if words.born or slot >= len(words.memory):
        return None
    relation = words.memory[slot]
    if relation.split(" ", 1)[0] != str(words.contacts[slot]):
        return None
    if not words.mine:
        return relation
    return relation + _OUTCOMES[2 * words.mine[slot] + words.theirs[slot]]


def _next_move(program: Program, relation: str) -> int:
    _, seed, outcomes = relation.split(" ")
    if len(outcomes) > LONGEST_RELATION:
        raise StudyError(
            f"a program has played {len(outcomes)} rounds with one contact; expected at most {LONGEST_RELATION}: run fewer "
            "ticks, or write it as a Strategy, which has no such limit"
        )
    rounds = [_OUTCOMES.index(letter) for letter in outcomes]
    player = program.begin(int(seed))
    mine: list[int] = []
    theirs: list[int] = []
    move = legal_move(player(mine, theirs))
    for outcome in rounds:
        mine.append(outcome >> 1)
        theirs.append(outcome & 1)
        move = legal_move(player(mine, theirs))
    return move


def legal_move(move: object) -> int:
    """A program's move.

    Raises:
        StudyError: it is not 0 or 1.
    """
    if isinstance(move, (bool, int, np.integer, np.bool_)) and move in (0, 1):
        return int(move)
    raise StudyError(f"a program moved {move!r}; expected 0 (defect) or 1 (cooperate): mend the program")
