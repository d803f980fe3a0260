"""Points spent on peers, against the traced acts."""

import pytest

from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run
from commonweal.institutions.peer_reward import PeerReward
from commonweal.metrics.points import Points
from commonweal.testing import Wild, check_metric
from commonweal.worlds.public_goods import PublicGoods


@pytest.mark.slow
def test_laws() -> None:
    check_metric(Points())


@pytest.mark.slow
def test_points_of_those_who_were_asked() -> None:
    society = Society(PublicGoods(), Named.of(("wild", Wild())), Seating(5), Named.of(("reward", PeerReward())))
    log = run(society, 2, 3, Named.of(("reward", Points("reward")), ("punish", Points())), record=("acts",))
    points = log.traces["act.reward"]
    assert log.values["reward"] == pytest.approx(points.sum() / 15)
    assert 0 < log.values["reward"] <= 20
    assert log.values["punish"] == 0
