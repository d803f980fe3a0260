"""Votes weighted by stake: a ballot is as many votes as its seat has units in its purse.

Source: shareholders' voting; for tokens, V. Buterin, "Governance, part 2: plutocracy is still bad" (2018).
"""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp

from commonweal.core.ballots.counted import Counted
from commonweal.core.ballots.election import Count, Election


class Stake(Counted):
    """Counts, by another rule, ballots that weigh as much as their seat owns; who owns nothing has no vote.

    Source: Buterin, "Governance, part 2" (2018).
    """

    def count(self, election: Election) -> Count:
        """Weigh the ballots, and count them."""
        weight = jnp.where(election.weight > 0, jnp.maximum(election.purse, 0), 0)
        return self.of.count(eqx.tree_at(lambda e: e.weight, election, weight))

    def describe(self) -> str:
        """How much a vote is."""
        return f"you have as many votes as you own units; {self.of.describe()}"
