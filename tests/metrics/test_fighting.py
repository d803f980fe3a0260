"""Fighting: hand-made readings, and unconditional attackers through the engine."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.named import Named
from commonweal.core.networks import Complete
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run
from commonweal.metrics.fighting import Fighting
from commonweal.minds.retributive import Retributive
from commonweal.testing import check_metric
from commonweal.worlds.conflict import Conflict


@pytest.mark.slow
def test_laws() -> None:
    check_metric(Fighting(), Conflict())


def test_mutual_attacks_over_acts() -> None:
    assert Fighting().value({"mutual": np.asarray([4, 2]), "acts": np.asarray([12, 12])}) == 0.25
    assert Fighting().value({"mutual": np.zeros(1, np.int64), "acts": np.zeros(1, np.int64)}) == 0


@pytest.mark.slow
def test_three_hawks_among_six_fight_each_other_alone() -> None:
    """Of 30 acts of 6 seats that all meet, the 6 among the three hawks are mutual attacks: the null is p^2 of pairs."""
    minds = Named.of(("dove", Retributive.dove()), ("hawk", Retributive.hawk()))
    society = Society(Conflict(), minds, Seating(6, Named.of(("hawk", jnp.float32(0.5))), network=Complete()))
    assert run(society, 0, 5, Named.of(("fighting", Fighting()))).values["fighting"] == pytest.approx(6 / 30)
