"""Approval voting: as many alternatives as one likes, and the most approved wins.

A ballot is a set of alternatives, none left out but the empty one: first the sets of one, in the order of the alternatives,
then those of two, and so on, each size in the order of its members.

Source: S. Brams and P. Fishburn, "Approval voting", American Political Science Review 72 (1978).
"""

from __future__ import annotations

import functools
from itertools import combinations
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from commonweal.core.ballots.election import Count, Election, VotingRule, most_of, votes_for


@functools.cache
def subsets(alternatives: int) -> tuple[tuple[int, ...], ...]:
    """Every set of alternatives but the empty one, in the order of the ballots."""
    found: list[tuple[int, ...]] = []
    for size in range(1, alternatives + 1):
        found += combinations(range(alternatives), size)
    return tuple(found)


class Approval(VotingRule):
    """A ballot approves of a set of alternatives; the score is the number of approvals.

    Source: Brams and Fishburn, American Political Science Review 72 (1978).
    """

    most: ClassVar[int] = 6

    def ballots(self, alternatives: int) -> int:
        """One a set: 2^k - 1."""
        return 2**alternatives - 1

    def words(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Every set in words; a set of one by the name of its member."""
        return tuple(" and ".join(f"({names[j]})" if len(own) > 1 else names[j] for j in own) for own in subsets(len(names)))

    def count(self, election: Election) -> Count:
        """Approvals of each alternative."""
        self.check(election.alternatives)
        table = np.asarray([[j in own for j in range(election.alternatives)] for own in subsets(election.alternatives)])
        score = votes_for(jnp.asarray(table)[election.ballot], election.weight)
        return Count(score, most_of(score, election.stands), jnp.zeros_like(election.purse))

    def sincere(self, worth: NDArray[np.float64]) -> NDArray[np.int64]:
        """Approval of all that are better than their mean, which is best where nothing is known of the others."""
        above = worth > worth.mean(axis=1, keepdims=True) + 1e-9
        above[~above.any(axis=1)] = True
        number = {own: ballot for ballot, own in enumerate(subsets(worth.shape[1]))}
        return np.asarray([number[tuple(np.flatnonzero(row).tolist())] for row in above], np.int64)

    def describe(self) -> str:
        """The most approved wins."""
        return "you may approve of several answers, and the one with most approvals wins"
