"""Schulze's method: ranked ballots, and who beats every rival along the strongest path of majorities wins.

With d[i, j] the votes that rank i over j, a majority of i over j has the strength of its winning votes, d[i, j] where
d[i, j] > d[j, i] and else 0. The strength of a path is that of its weakest majority, p[i, j] that of the strongest path
from i to j, and i wins if p[i, j] >= p[j, i] for every j.

A ballot is an order of the alternatives: ballot j, for j below their number, puts j first and the others in the order of
their numbers; the other orders follow, in the order of dictionaries.

Source: M. Schulze, "A new monotonic, clone-independent, reversal symmetric, and Condorcet-consistent single-winner election
method", Social Choice and Welfare 36 (2011).
"""

from __future__ import annotations

import functools
from itertools import permutations
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int64
from numpy.typing import NDArray

from commonweal.core.ballots.election import Count, Election, VotingRule

Order = tuple[int, ...]
"""The alternatives, best first."""


@functools.cache
def orders(alternatives: int) -> tuple[Order, ...]:
    """Every order of the alternatives, in the order of the ballots."""
    plain = [(j, *(i for i in range(alternatives) if i != j)) for j in range(alternatives)]
    return (*plain, *(order for order in permutations(range(alternatives)) if order not in plain))


@functools.cache
def _ranks(alternatives: int) -> NDArray[np.int8]:
    """[ballots, k]: the rank of each alternative on each ballot, 0 the best."""
    return np.argsort(np.asarray(orders(alternatives)), axis=1).astype(np.int8)


def strongest_paths(votes: Int64[Array, "k k"], stands: Bool[Array, "k"]) -> Int64[Array, "k k"]:
    """Strength of the strongest path from each alternative to each other one, in votes; 0 on the diagonal.

    Args:
        votes: how many rank the one of the row over the one of the column.
        stands: which alternatives may win; nothing leads to the others, from them or through them.
    """
    k = stands.shape[0]
    with jax.enable_x64(True):
        both = stands[:, None] & stands[None, :]
        path = jnp.where(both & (votes > votes.T), votes, 0)
        for via in range(k):
            path = jnp.maximum(path, jnp.minimum(path[:, via : via + 1], path[via : via + 1, :]))
        return jnp.where(jnp.eye(k, dtype=bool), 0, path)


def unbeaten(path: Int64[Array, "k k"], election: Election) -> Count:
    """Those that no rival beats along the strongest paths; the score is the number of rivals beaten.

    Args:
        path: strengths of the strongest paths.
        election: whose ballots made them.
    """
    with jax.enable_x64(True):
        cast = jnp.sum(election.weight, dtype=jnp.int64) > 0
        score = jnp.sum(path > path.T, axis=1, dtype=jnp.int64)
        winners = election.stands & (path >= path.T).all(1) & cast
    return Count(score, winners, jnp.zeros_like(election.purse))


class Schulze(VotingRule):
    """Ranked ballots counted by strongest paths; the score is the number of rivals that an alternative beats.

    Source: Schulze, Social Choice and Welfare 36 (2011).
    """

    most: ClassVar[int] = 5

    def ballots(self, alternatives: int) -> int:
        """One an order: k!."""
        return len(orders(alternatives))

    def words(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Every order in words."""
        return tuple(", then ".join(f"({names[j]})" for j in order) for order in orders(len(names)))

    def strengths(self, election: Election) -> Int64[Array, "k k"]:
        """Strength of the strongest path from each alternative to each other one, in votes; 0 on the diagonal.

        Alternatives that do not stand are left out: nothing leads to them, from them or through them.
        """
        k = election.alternatives
        self.check(k)
        ranks = jnp.asarray(_ranks(k))[election.ballot]
        with jax.enable_x64(True):
            zero = jnp.zeros((), jnp.int64)
            over = [
                [
                    zero if i == j else jnp.sum(jnp.where(ranks[:, i] < ranks[:, j], election.weight, 0), dtype=jnp.int64)
                    for j in range(k)
                ]
                for i in range(k)
            ]
            votes = jnp.stack([jnp.stack(row) for row in over])
        return strongest_paths(votes, election.stands)

    def count(self, election: Election) -> Count:
        """Those that no rival beats."""
        return unbeaten(self.strengths(election), election)

    def sincere(self, worth: NDArray[np.float64]) -> NDArray[np.int64]:
        """The true order."""
        number = {order: ballot for ballot, order in enumerate(orders(worth.shape[1]))}
        true = np.argsort(-worth, axis=1, kind="stable")
        return np.asarray([number[tuple(row.tolist())] for row in true], np.int64)

    def describe(self) -> str:
        """The winner of every pair, or of the strongest paths."""
        return (
            "you rank the answers, and the one that wins against every other, if need be along the strongest majorities, wins"
        )
