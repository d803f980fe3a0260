"""Peer reward by hand, and its books."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.peers import Circle
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import advance
from commonweal.engine.trial import begin
from commonweal.institutions.peer_reward import PeerReward
from commonweal.testing import Wild, check_institution
from commonweal.worlds.public_goods import PublicGoods


@pytest.mark.slow
def test_laws() -> None:
    check_institution(PeerReward(circle=Circle("group")), PeerReward(budget=0))


@pytest.mark.slow
@pytest.mark.parametrize(("cost", "gain"), [(1, 1), (2, 5), (3, 1)])
def test_what_is_spent_and_given(cost: int, gain: int) -> None:
    """By a loop over who rewarded whom: slot s of seat i is seat i + s + 1. At 1 to 1 nothing enters or leaves."""
    society = Society(
        PublicGoods(),
        Named.of(("wild", Wild())),
        Seating(6),
        Named.of(("reward", PeerReward(cost, gain, most=3))),
    )
    trial = advance(begin(society, 5, record=("acts", "payoff")), 4)
    for t in range(4):
        points, c = trial.traces["act.reward"][t], trial.traces["act.contribute"][t]
        got = np.zeros(6, int)
        for i in range(6):
            for slot in range(5):
                got[(i + slot + 1) % 6] += points[i, slot]
        made = (20 - c) * 12_600 + 8 * 12_600 * c.sum() // 30
        assert trial.traces["payoff"][t].tolist() == (made - cost * points.sum(1) + gain * got).tolist()
        assert trial.readings["ledger.burnt"][t] == (cost - gain) * points.sum()
    told = jax.device_get(trial.state.public["reward"])
    assert told.rewarded.tolist() == (gain * got).tolist()
    assert not told.amount.any()
    seat = int(np.argmax(got))
    assert trial.society.rules["reward"].tell(told, seat) == f"Others rewarded you with {gain * got[seat]} units."


def test_refused_and_in_words() -> None:
    for wrong in ({"cost": -1}, {"gain": 10**7}, {"most": 1001}, {"budget": -1}):
        with pytest.raises(StudyError, match=next(iter(wrong))):
            PeerReward(**wrong)
    assert "gives 4 to the other" in PeerReward(gain=4).describe(None)  # pyright: ignore[reportArgumentType]
    assert dataclasses.replace(PeerReward(), budget=jnp.int32(0)).describe(None) == ""  # pyright: ignore[reportArgumentType]
