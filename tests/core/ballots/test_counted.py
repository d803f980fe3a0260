"""A rule around a rule asks what the rule asks, and means by a ballot what it means."""

import numpy as np
import pytest

from commonweal.core.ballots import Approval, Plurality, Schulze
from commonweal.core.ballots.counted import Counted
from commonweal.core.ballots.heads import Heads
from commonweal.core.ballots.jury import Jury
from commonweal.core.ballots.stake import Stake

NAMES = ("north", "east", "south")


@pytest.mark.parametrize("around", [Heads, Jury, Stake], ids=["heads", "jury", "stake"])
@pytest.mark.parametrize("rule", [Plurality(), Approval(), Schulze()], ids=["plurality", "approval", "schulze"])
def test_ballots_words_and_sincerity_are_those_of_the_rule_that_counts(around: type[Counted], rule):
    wrapped = around(of=rule)
    worth = np.random.default_rng().uniform(size=(20, 3))

    assert wrapped.ballots(3) == rule.ballots(3)
    assert wrapped.words(NAMES) == rule.words(NAMES)
    assert wrapped.ask(np.ones(4, bool), NAMES).options == rule.ask(np.ones(4, bool), NAMES).options
    assert (wrapped.sincere(worth) == rule.sincere(worth)).all()
    assert all(int(wrapped.read(ballot)) == int(rule.read(ballot)) for ballot in range(rule.ballots(3)))
