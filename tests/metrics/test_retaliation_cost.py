"""The cost of retaliation: hand-made readings, and hawks whose every fight but the first answers something."""

import numpy as np
import pytest

from commonweal.core.named import Named
from commonweal.core.networks import Ring
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run
from commonweal.metrics.retaliation_cost import RetaliationCost
from commonweal.minds.retributive import Retributive
from commonweal.testing import check_metric
from commonweal.worlds.conflict import Conflict


@pytest.mark.slow
def test_laws() -> None:
    check_metric(RetaliationCost(), Conflict(arms=1))


def test_lost_over_what_peace_would_pay() -> None:
    assert RetaliationCost().value({"lost": np.asarray([3, 0]), "peace": np.asarray([2, 2])}) == 0.75
    assert RetaliationCost().value({"lost": np.zeros(1, np.int64), "peace": np.zeros(1, np.int64)}) == 0


@pytest.mark.slow
def test_hawks_waste_what_they_fight_over() -> None:
    """Each attack after the first round answers one: 9 of 10 rounds at (K + C/2) / (V/2)."""
    V, C, K = (int(x) for x in np.random.default_rng(452).integers(1, 9, 3))
    society = Society(Conflict(V, C, K), Named.of(("hawk", Retributive.hawk())), Seating(6, network=Ring(2)))
    found = run(society, 0, 10, Named.of(("cost", RetaliationCost()))).values["cost"]
    assert found == pytest.approx(0.9 * (2 * K + C) / V)
