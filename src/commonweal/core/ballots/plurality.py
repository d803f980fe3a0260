"""Plurality: one vote for one alternative, and most votes win."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from commonweal.core.ballots.election import Count, Election, VotingRule, most_of, votes_for


class Plurality(VotingRule):
    """Ballot j is a vote for alternative j; the score is the number of votes.

    Source: the rule of most elections; K. Arrow, Social Choice and Individual Values (1951).
    """

    def ballots(self, alternatives: int) -> int:
        """One an alternative."""
        return alternatives

    def words(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The alternatives themselves."""
        return names

    def count(self, election: Election) -> Count:
        """Votes for each alternative."""
        wants = election.ballot[:, None] == jnp.arange(election.alternatives)
        score = votes_for(wants, election.weight)
        return Count(score, most_of(score, election.stands), jnp.zeros_like(election.purse))

    def sincere(self, worth: NDArray[np.float64]) -> NDArray[np.int64]:
        """A vote for the best."""
        return worth.argmax(axis=1)

    def describe(self) -> str:
        """Most votes win."""
        return "most votes win"
