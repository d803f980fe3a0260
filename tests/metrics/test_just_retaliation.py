"""Just retaliation: hand-made readings, and two who answer each other's answers through the engine."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.named import Named
from commonweal.core.networks import Ring
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run
from commonweal.metrics.just_retaliation import JustRetaliation
from commonweal.minds.retributive import Retributive
from commonweal.testing import check_metric
from commonweal.worlds.conflict import Conflict


@pytest.mark.slow
def test_laws() -> None:
    check_metric(JustRetaliation(), Conflict())


def test_on_strikers_over_all_that_answers() -> None:
    found = {"strikers": np.asarray([2, 1]), "answerers": np.asarray([0, 2]), "others": np.asarray([0, 1])}
    assert JustRetaliation().value(found) == 0.5
    assert JustRetaliation().value({name: np.zeros(2, np.int64) for name in found}) == 1


@pytest.mark.slow
@pytest.mark.parametrize(("grudge", "expected"), [(1, None), (0, 1.0)])
def test_one_hawk_among_the_vengeful(grudge: int, expected: float | None) -> None:
    """The hawk strikes its 2 contacts first, once; from then on each answers the other's answer.

    Round 2: 2 answers on a striker, and the hawk's next 2 attacks answer nothing, as it was not attacked in round 1: so they
    count as first strikes. Round 3: the hawk answers answerers, twice, and its contacts a striker, twice; from round 4 on all
    4 answer answerers. Doves (a grudge of 0) answer nothing.
    """
    minds = Named.of(("other", Retributive.vengeful(grudge)), ("hawk", Retributive.hawk()))
    society = Society(Conflict(), minds, Seating(5, Named.of(("hawk", jnp.float32(0.2))), network=Ring(2)))
    value = run(society, 0, 10, Named.of(("just", JustRetaliation()))).values["just"]
    assert value == pytest.approx(expected if expected is not None else (2 + 2) / (2 + 4 + 4 * 7))
