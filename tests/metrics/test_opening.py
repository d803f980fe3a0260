"""The opening against cooperation, and against a society that changes its ways."""

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.engine.compiled import run
from commonweal.metrics.cooperation import Cooperation
from commonweal.metrics.opening import Opening
from commonweal.testing import check_metric, society_for
from commonweal.worlds.network_game import NetworkGame


@pytest.mark.slow
def test_the_opening_is_the_cooperation_of_the_first_ticks():
    society, metrics = (
        society_for(NetworkGame()),
        Named.of(("all", Cooperation()), ("first", Opening(2)), ("whole", Opening(9))),
    )
    log = run(society, 3, 4, metrics)
    level, asked = log.readings["all.level"], log.readings["all.asked"]
    assert log.values["first"] == level[:2].sum() / (65_536 * asked[:2].sum())
    assert log.values["whole"] == log.values["all"] != log.values["first"]


@pytest.mark.slow
def test_laws_and_errors():
    check_metric(Opening(2))
    assert Opening().value({"level": np.zeros(3, np.int64), "asked": np.zeros(3, np.int64)}) == 1.0
    with pytest.raises(StudyError, match="an opening of 0 ticks"):
        Opening(0)
