"""Schulze's method with scores: every alternative gets points, and who gives more of them to one ranks it higher.

A ranking of k alternatives is one of k! orders, too many to be listed beyond five. Here it is asked for alternative by
alternative, with 0 to k - 1 points each; equal points rank alike, so that there may be ties, and all alike (the default) says
nothing. Ballots are counted as in Schulze's method: only who stands above whom matters, not by how much.

Ballot b, for b below k, gives 1 point to alternative b and none to the others; ballot k + sum_j s_j k^j gives s_j to j.

Source: M. Schulze, Social Choice and Welfare 36 (2011), section 2.1, for ballots with ties.
"""

from __future__ import annotations

from itertools import product
from typing import ClassVar, cast

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int32, Int64
from numpy.typing import NDArray

from commonweal.core.arrays import Flags, Index
from commonweal.core.ballots.election import Count, Election, VotingRule
from commonweal.core.ballots.schulze import strongest_paths, unbeaten
from commonweal.core.errors import StudyError
from commonweal.core.questions import Act, Amount, Question, Record

_LISTED = 3
"""Most alternatives of which all ballots can be listed in words: 30 of them."""


class SchulzeByScore(VotingRule):
    """Rankings asked for by points, counted by strongest paths; the score is the number of rivals that one beats.

    Source: Schulze, Social Choice and Welfare 36 (2011).
    """

    most: ClassVar[int] = 9

    def ballots(self, alternatives: int) -> int:
        """One for each alternative, and one for each set of points: k + k^k."""
        return alternatives + alternatives**alternatives

    def words(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """All ballots in words.

        Raises:
            StudyError: there are too many to be listed.
        """
        k = len(names)
        if k > _LISTED:
            raise StudyError(
                f"scores of {k} alternatives were to be one choice between {self.ballots(k)} ballots; expected at most "
                f"{_LISTED}: ask them by `VotingRule.ask`, as votes and offices do, or count by Schulze's method itself"
            )
        plain = [", ".join(f"{name}: {int(i == j)}" for i, name in enumerate(names)) for j in range(k)]
        scored = [
            ", ".join(f"{name}: {points[-1 - j]}" for j, name in enumerate(names)) for points in product(range(k), repeat=k)
        ]
        return (*plain, *scored)

    def ask(self, asked: Flags, names: tuple[str, ...]) -> Question:
        """Points for each alternative: a record with an amount for each."""
        self.check(len(names))
        none = jnp.zeros(asked.shape, jnp.int32)
        points = Amount(asked, none, none + len(names) - 1, unit="points")
        fields = tuple(name.replace("/", " of ") for name in names)
        # A record's answers are a tuple: the one question of a menu whose answers are no single array.
        return cast("Question", Record(asked, fields, (points,) * len(names)))

    def read(self, answer: Act) -> Index:
        """The numbers of the ballots behind points, [a] for each alternative."""
        k = len(answer)
        code = jnp.full(answer[0].shape, k, jnp.int32)
        for j, points in enumerate(answer):
            code = code + points * k**j
        return code

    def points(self, ballot: Index, alternatives: int) -> Int32[Array, "a k"]:
        """Points of each ballot for each alternative, 0 to k - 1.

        Args:
            ballot: [a] ballots.
            alternatives: how many there are, k.
        """
        k, own = alternatives, jnp.arange(alternatives)
        code = jnp.maximum(ballot - k, 0)[:, None]
        scored = code // jnp.asarray([k**j for j in range(k)], jnp.int32) % k
        return jnp.where((ballot < k)[:, None], (ballot[:, None] == own).astype(jnp.int32), scored)

    def strengths(self, election: Election) -> Int64[Array, "k k"]:
        """Strength of the strongest path from each alternative to each other one, in votes; 0 on the diagonal."""
        self.check(election.alternatives)
        points = self.points(election.ballot, election.alternatives)
        above = points[:, :, None] > points[:, None, :]
        with jax.enable_x64(True):
            votes = jnp.sum(jnp.where(above, election.weight[:, None, None], 0), axis=0, dtype=jnp.int64)
        return strongest_paths(votes, election.stands)

    def count(self, election: Election) -> Count:
        """Those that no rival beats."""
        return unbeaten(self.strengths(election), election)

    def sincere(self, worth: NDArray[np.float64]) -> NDArray[np.int64]:
        """A point for every alternative that is worse."""
        k = worth.shape[1]
        points = (worth[:, :, None] > worth[:, None, :] + 1e-9).sum(axis=2)
        return k + (points * k ** np.arange(k)).sum(axis=1)

    def describe(self) -> str:
        """The winner of every pair, or of the strongest paths."""
        return (
            "you give points to each answer, which rank them, and the one that wins against every other, if need be along the "
            "strongest majorities, wins"
        )
