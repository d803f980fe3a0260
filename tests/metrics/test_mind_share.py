"""The share of a mind: hand-made readings, and seats counted through the engine."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run
from commonweal.metrics.mind_share import MindShare
from commonweal.minds.scripted import Scripted
from commonweal.testing import check_metric
from commonweal.worlds.commons import Commons


@pytest.mark.slow
def test_laws() -> None:
    check_metric(MindShare())


def test_the_mean_over_ticks_and_what_is_left_out() -> None:
    found = {"held": np.asarray([0, 2, 6, 8]), "seats": np.full(4, 8)}
    assert MindShare().value(found) == 0.5
    assert MindShare(skip=0.5).value(found) == 14 / 16


@pytest.mark.slow
def test_seats_of_a_mind_by_name() -> None:
    minds = Named.of(("one", Scripted()), ("other", Scripted()))
    society = Society(Commons(), minds, Seating(10, Named.of(("other", jnp.float32(0.3)))))
    assert run(society, 0, 3, Named.of(("share", MindShare.of(society, "other")))).values["share"] == pytest.approx(0.3)
    with pytest.raises(StudyError, match="nobody"):
        MindShare.of(society, "nobody")
    with pytest.raises(StudyError, match="place in the society"):
        MindShare(skip=1.0)
