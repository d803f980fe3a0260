"""The median: everybody names one point of a line, and the one in the middle is taken.

Of an even number of votes the lower of the two middle ones is taken. Where everybody prefers points the more the nearer they
lie to its own best one, nobody, and no coalition, gains by naming another point than that.

Source: D. Black, "On the rationale of group decision-making", Journal of Political Economy 56 (1948); H. Moulin, "On
strategy-proofness and single peakedness", Public Choice 35 (1980).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from commonweal.core.ballots.election import Count, Election, VotingRule, votes_for


class Median(VotingRule):
    """Ballot j names alternative j; the median of the votes along the line wins; the score is the number of votes.

    Source: Black, Journal of Political Economy 56 (1948); Moulin, Public Choice 35 (1980).
    """

    def ballots(self, alternatives: int) -> int:
        """One an alternative."""
        return alternatives

    def words(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The alternatives themselves."""
        return names

    def count(self, election: Election) -> Count:
        """The lowest alternative that, with those below it, has at least half of the votes."""
        score = votes_for(election.ballot[:, None] == jnp.arange(election.alternatives), election.weight)
        along = jnp.argsort(election.place, stable=True).astype(jnp.int32)
        with jax.enable_x64(True):
            below = jnp.cumsum(jnp.where(election.stands, score, 0)[along])
            half, some = 2 * below >= below[-1], below[-1] > 0
        middle = along[jnp.argmax(half)]
        winners = (jnp.arange(election.alternatives) == middle) & some
        return Count(score, winners, jnp.zeros_like(election.purse))

    def sincere(self, worth: NDArray[np.float64]) -> NDArray[np.int64]:
        """The best point."""
        return worth.argmax(axis=1)

    def describe(self) -> str:
        """The answer in the middle wins."""
        return "the answer in the middle wins: as many want less as want more"
