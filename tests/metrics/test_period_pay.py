"""Pay a period in tokens: the SanctSim identity at fixed contributions."""

import dataclasses

import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run
from commonweal.metrics.period_pay import PeriodPay
from commonweal.minds.scripted import Scripted
from commonweal.testing import check_metric
from commonweal.worlds.public_goods import TOKEN, PublicGoods


@pytest.mark.slow
def test_laws() -> None:
    check_metric(PeriodPay())


@pytest.mark.slow
def test_the_identity_a_period() -> None:
    """Oracles C: 40 + .6 c for c contributed by everyone."""
    world = dataclasses.replace(PublicGoods.sanctsim(), per_group=False)
    for level in (0.0, 0.25, 1.0):
        society = Society(world, Named.of(("all", Scripted(level=level))), Seating(7))
        values = run(society, 1, 6, Named.of(("pay", PeriodPay(TOKEN, 3)))).values
        assert values["pay"] == pytest.approx(40 + 0.6 * 20 * level, abs=1e-12)
    with pytest.raises(StudyError, match="expected at least 1"):
        PeriodPay(0)
