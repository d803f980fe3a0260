"""The share of a group by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run
from commonweal.institutions.membership import Membership
from commonweal.metrics.group_share import GroupShare
from commonweal.minds.scripted import Scripted
from commonweal.testing import check_metric
from commonweal.worlds.public_goods import PublicGoods


@pytest.mark.slow
def test_laws() -> None:
    check_metric(GroupShare())


@pytest.mark.slow
def test_a_society_that_moves_once() -> None:
    """Three of eight are in the second group at the first tick, all from the second on; there is no fourth group."""
    groups = jnp.asarray(np.arange(8) < 3)[:, None] == jnp.asarray([False, True])
    society = Society(
        PublicGoods(),
        Named.of(("second", Scripted(ballot=2.0))),
        Seating(8, groups=groups),
        Named.of(("membership", Membership())),
    )
    metrics = Named.of(("first", GroupShare(0)), ("second", GroupShare(1)), ("none", GroupShare(3)))
    values = run(society, 1, 5, metrics).values
    assert values["second"] == pytest.approx((3 / 8 + 4) / 5)
    assert values["first"] == pytest.approx(1 / 8)
    assert values["none"] == 0
    with pytest.raises(StudyError, match="group -1"):
        GroupShare(-1)
