"""Votes weighted by stake: a ballot is as many votes as its seat has units in its purse.

Source: shareholders' voting; for tokens, V. Buterin, "Governance, part 2: plutocracy is still bad" (2018).
"""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from commonweal.core.arrays import Flags, Index
from commonweal.core.ballots.election import Count, Election, VotingRule
from commonweal.core.ballots.plurality import Plurality
from commonweal.core.questions import Act, Question


class Stake(VotingRule):
    """Counts, by another rule, ballots that weigh as much as their seat owns; who owns nothing has no vote.

    Source: Buterin, "Governance, part 2" (2018).
    """

    of: VotingRule = Plurality()
    """How the ballots are counted."""

    def check(self, alternatives: int) -> None:
        """As the rule that counts."""
        self.of.check(alternatives)

    def ballots(self, alternatives: int) -> int:
        """Those of the rule that counts."""
        return self.of.ballots(alternatives)

    def words(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the rule that counts."""
        return self.of.words(names)

    def ask(self, asked: Flags, names: tuple[str, ...]) -> Question:
        """The ballot paper of the rule that counts."""
        return self.of.ask(asked, names)

    def read(self, answer: Act) -> Index:
        """As the rule that counts."""
        return self.of.read(answer)

    def count(self, election: Election) -> Count:
        """Weigh the ballots, and count them."""
        weight = jnp.where(election.weight > 0, jnp.maximum(election.purse, 0), 0)
        return self.of.count(eqx.tree_at(lambda e: e.weight, election, weight))

    def sincere(self, worth: NDArray[np.float64]) -> NDArray[np.int64]:
        """As under the rule that counts."""
        return self.of.sincere(worth)

    def describe(self) -> str:
        """How much a vote is."""
        return f"you have as many votes as you own units; {self.of.describe()}"
