"""Leavers: when they go and come back, the share of time out in closed form, and whom they let in."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.ballots import Plurality
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run, run_batch
from commonweal.institutions.boundary import Boundary
from commonweal.minds.leavers import Leaver
from commonweal.testing import check_mind
from commonweal.worlds.network_game import NetworkGame

PAID = 2 * 19
GAME = NetworkGame(2, 2, 2, 2)


@pytest.mark.slow
def test_laws() -> None:
    check_mind(Leaver(aspiration=5.0, back=0.5))


def test_share_of_time_out() -> None:
    """Paid below its aspiration: in for two ticks, out for 1 / back on average; at it, it stays. In 4.5 standard errors."""
    back, ticks, each = [0.2, 0.5, 1.0, 0.5], 400, 4
    aspiration = [PAID + 1.0] * 3 + [float(PAID)]
    minds = Named.of(("leaver", Leaver()))
    society = Society(GAME, minds, Seating(20), Named.of(("boundary", Boundary(outside=5))))
    vary = tuple(
        (lens.mind("leaver", Leaver, get), np.repeat(np.asarray(values, np.float32), each))
        for get, values in ((lambda mind: mind.back, back), (lambda mind: mind.aspiration, aspiration))
    )
    logs = run_batch(society, vary, range(4 * each), ticks, record=("payoff",))
    for at, chance in enumerate(back):
        out = np.asarray([(log.traces["payoff"][100:] == 5).mean(0) for log in logs[at * each : (at + 1) * each]]).ravel()
        expected = 1 / (1 + 2 * chance) if at < 3 else 0.0
        assert abs(out.mean() - expected) <= 4.5 * out.std() / np.sqrt(out.size) + 2 / 300 * (at < 3)


@pytest.mark.slow
def test_whom_members_let_in() -> None:
    """One at a time, where members want it: applicants ask at tick 0, are voted on at 1, and are in from 2 on."""
    seating = Seating(20, card=jnp.asarray([0] * 15 + [1] * 5))
    rule = Boundary(outside=5, applicants=1, count=Plurality())
    for admits in (0.0, 1.0):
        mind = Leaver(aspiration=-jnp.inf, back=1.0, admits=admits)
        log = run(Society(GAME, Named.of(("m", mind)), seating, Named.of(("boundary", rule))), 2, 14, record=("payoff",))
        out = (log.traces["payoff"] == 5).sum(1)
        assert out[0] == out[1] == 5
        assert out[-1] == (0 if admits else 5)
        assert (np.diff(out) >= -1).all()


def test_refused() -> None:
    for wrong in ({"level": 1.5}, {"back": -0.5}, {"admits": 2.0}):
        with pytest.raises(StudyError, match=next(iter(wrong))):
            Leaver(**wrong)
    assert eqx.is_array(Leaver(aspiration=[1.0, 2.0]).aspiration)  # pyright: ignore[reportArgumentType]
