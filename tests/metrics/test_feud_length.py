"""Feud length: hand-made readings, and hawks between truces through the engine."""

import numpy as np
import pytest

from commonweal.core.named import Named
from commonweal.core.networks import Ring
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run
from commonweal.institutions.truce import Truce
from commonweal.metrics.feud_length import FeudLength
from commonweal.minds.retributive import Retributive
from commonweal.testing import check_metric
from commonweal.worlds.conflict import Conflict


@pytest.mark.slow
def test_laws() -> None:
    check_metric(FeudLength(), Conflict())


def test_rounds_over_feuds() -> None:
    """Two feuds of 3 and 1 rounds, each counted from both sides; none at all is 0."""
    metric = FeudLength()
    assert metric.value({"mutual": np.asarray([4, 2, 2]), "begun": np.asarray([4, 0, 0])}) == 2
    assert metric.value({"mutual": np.zeros(3, np.int64), "begun": np.zeros(3, np.int64)}) == 0


@pytest.mark.slow
def test_hawks_between_truces_fight_for_the_rest_of_the_period() -> None:
    society = Society(
        Conflict(), Named.of(("hawk", Retributive.hawk())), Seating(6, network=Ring(2)), Named.of(("truce", Truce(2, 7)))
    )
    assert run(society, 0, 21, Named.of(("length", FeudLength()))).values == {"length": 5.0}
