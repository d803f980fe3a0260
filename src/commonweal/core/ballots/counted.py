"""Rules that change whose ballots count, or how much, and leave the counting to another rule."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from commonweal.core.arrays import Flags, Index
from commonweal.core.ballots.election import VotingRule
from commonweal.core.ballots.plurality import Plurality
from commonweal.core.questions import Act, Question


class Counted(VotingRule):
    """A rule around a rule: the ballots, their words and which of them is sincere are those of the rule that counts."""

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

    def sincere(self, worth: NDArray[np.float64]) -> NDArray[np.int64]:
        """As under the rule that counts."""
        return self.of.sincere(worth)
