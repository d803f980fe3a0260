"""An election: ballots in, the set of tied winners out; whoever holds it decides between them.

A ballot is a number. Most rules ask a choice question and count the number of the answer, so that scripted minds can cast it
and language minds read it in words; a rule with too many ballots for that has a ballot paper of its own. Under every rule
ballot j, for j below the number of alternatives, is the plainest ballot in favour of alternative j.
Votes are whole numbers summed in 64 bits: a count is the same whoever sits where, and on every machine.
"""

from __future__ import annotations

import abc
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int32, Int64
from numpy.typing import NDArray

from commonweal.core.arrays import Flags, Index, Units
from commonweal.core.errors import StudyError
from commonweal.core.menu import Menu
from commonweal.core.questions import Act, Choice, Question
from commonweal.core.streams import Key


class Election(eqx.Module):
    """What is counted: who cast which ballot, and what may win."""

    ballot: Index
    """The ballot of each seat."""
    weight: Int32[Array, "a"]
    """How many votes each ballot is, at least 0; 0: it was not cast."""
    purse: Units
    """What each seat could pay, ledger units."""
    stands: Bool[Array, "k"]
    """Which alternatives may win; a vote for another one is void."""
    place: Float[Array, "k"]
    """Where each alternative lies on a line; only a rule that needs an order of them reads it."""
    key: Key
    """For rules that draw lots."""

    @staticmethod
    def of(ballot: Index, cast: Flags, alternatives: int, key: Key, purse: Units | None = None) -> Election:
        """An election in which every seat has one vote and every alternative stands, in the order of their numbers.

        Args:
            ballot: [a] the ballots.
            cast: [a] whose ballots count.
            alternatives: how many there are, k.
            key: for lots.
            purse: [a] what each seat could pay; None: nothing.
        """
        return Election(
            ballot=ballot,
            weight=cast.astype(jnp.int32),
            purse=jnp.zeros_like(ballot) if purse is None else purse,
            stands=jnp.ones(alternatives, bool),
            place=jnp.arange(alternatives, dtype=jnp.float32),
            key=key,
        )

    @property
    def alternatives(self) -> int:
        """How many there are, k."""
        return self.stands.shape[0]


class Count(eqx.Module):
    """What came of an election."""

    score: Int64[Array, "k"]
    """What each alternative is judged by: votes, or rivals beaten."""
    winners: Bool[Array, "k"]
    """The alternatives that tie for the first place; none where no vote counts."""
    cost: Units
    """What each seat pays for its ballot, ledger units: below 0 where it gets back more than it paid; never in sum."""

    @property
    def shown(self) -> Int32[Array, "k"]:
        """The scores in 32 bits, which a memory holds: no more than 2^31 - 1."""
        with jax.enable_x64(True):
            return jnp.minimum(self.score, 2**31 - 1).astype(jnp.int32)


class VotingRule(eqx.Module):
    """A way to count ballots. Every parameter that a study varies is an array."""

    most: ClassVar[int] = 1 << 16
    """Most alternatives that it takes: ballots are options of a question."""

    @abc.abstractmethod
    def ballots(self, alternatives: int) -> int:
        """How many different ballots there are, among k alternatives."""

    @abc.abstractmethod
    def words(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Every ballot in words, [ballots], from the alternatives in words, [k]."""

    def ask(self, asked: Flags, names: tuple[str, ...]) -> Question:
        """The ballot paper: unless the rule has another, a choice between all ballots.

        Args:
            asked: [a] who has a ballot.
            names: [k] the alternatives in words, that which keeps things as they are first.
        """
        return Choice(asked, self.words(names))

    def read(self, answer: Act) -> Index:
        """The ballots, [a], from the answers to the ballot paper."""
        return answer

    @abc.abstractmethod
    def count(self, election: Election) -> Count:
        """Count the ballots."""

    @abc.abstractmethod
    def sincere(self, worth: NDArray[np.float64]) -> NDArray[np.int64]:
        """The sincere ballot of somebody to whom the alternatives are worth so much.

        Args:
            worth: [r, k] one voter a row, 0 to 1; of equals the lower number counts as the better.

        Returns:
            [r] ballots.
        """

    @abc.abstractmethod
    def describe(self) -> str:
        """How it is decided, in words: the end of a sentence."""

    def check(self, alternatives: int) -> None:
        """Refuse more alternatives than ballots can name.

        Raises:
            StudyError: there are none, or too many.
        """
        if not 1 <= alternatives <= self.most:
            raise StudyError(
                f"{type(self).__name__} was given {alternatives} alternatives; expected 1 to {self.most}: ask for fewer at a "
                "time, or count by plurality"
            )


def going_on(menu: Menu) -> Bool[Array, ""]:
    """Whether a menu asks anybody anything: rules hold no ballots once nothing is left to decide."""
    asks = jnp.zeros((), bool)
    for question in menu.values:
        asks = asks | question.asked.any()
    return asks


def votes_for(wants: Bool[Array, "a k"], weight: Int32[Array, "a"]) -> Int64[Array, "k"]:
    """Votes for each alternative, in 64 bits.

    Args:
        wants: who votes for it, alternative by alternative.
        weight: [a] votes of a ballot.
    """
    with jax.enable_x64(True):
        return jnp.sum(jnp.where(wants, weight[:, None], 0), axis=0, dtype=jnp.int64)


def most_of(score: Int64[Array, "k"], stands: Bool[Array, "k"]) -> Bool[Array, "k"]:
    """Those that stand and have the highest score, if that is above 0."""
    with jax.enable_x64(True):
        own = jnp.where(stands, score, 0)
        return stands & (own == own.max()) & (own > 0)


def first_of(winners: Bool[Array, "k"]) -> Int32[Array, ""]:
    """The winner with the lowest number; 0 where there is none."""
    return jnp.argmax(winners).astype(jnp.int32)


def lot_of(winners: Bool[Array, "k"], key: Key) -> Int32[Array, ""]:
    """A winner drawn by lot, each with the same probability; 0 where there is none."""
    pick = key.below(jnp.maximum(winners.sum(dtype=jnp.int32), 1), ())
    return jnp.argmax(jnp.cumsum(winners) > pick).astype(jnp.int32)
