"""Witnesses: what they tell is what was done, as often as said, and only where acts are meant for contacts."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Regular
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import advance
from commonweal.engine.phases import offer
from commonweal.engine.trial import begin
from commonweal.institutions.witness import Witness
from commonweal.minds.scripted import Scripted
from commonweal.testing import check_institution
from commonweal.worlds.conflict import Conflict

N = 2000


@pytest.mark.slow
def test_laws() -> None:
    check_institution(Witness(0.5), Witness(0.0), Conflict(misread=0.3))


@pytest.mark.slow
def test_where_acts_are_meant_for_nobody_it_tells_nothing() -> None:
    check_institution(Witness(0.5), Witness(1.0))


@pytest.mark.slow
def test_who_is_reached_is_told_the_truth_and_who_is_not_what_it_saw() -> None:
    """2,000 seats of 4 contacts, everything misread half of the time: within 4 standard errors of a random reach."""
    reach = float(np.random.default_rng(1990).uniform(0.2, 0.8))
    society = Society(
        Conflict(misread=0.5),
        Named.of(("some", Scripted(level=0.5))),
        Seating(N, network=Regular(4)),
        Named.of(("witness", Witness(reach))),
    )
    state = advance(begin(society, 3), 1).state
    view = offer(society, state)
    assert view.told is not None
    assert view.told.contacts is not None
    assert view.told.mine is not None
    told = view.public["witness"].known
    given, true, saw = (np.asarray(x) for x in (view.told.contacts, state.world.theirs, state.world.sighted))
    assert abs(np.asarray(told).mean() - reach) < 4 * np.sqrt(reach * (1 - reach) / N)
    assert np.array_equal(given, np.where(told, true, saw))
    assert np.array_equal(np.asarray(view.told.mine), np.asarray(state.world.mine))
    level = 1 - ((given[:, None] >> np.arange(4)) & 1).mean(1)
    assert np.asarray(view.told.level) == pytest.approx(level, abs=1e-6)
    assert bool(jnp.all(view.told.known))


def test_words_and_limits() -> None:
    assert Witness(0.0).describe(()) == ""
    assert "probability 0.3" in Witness(0.3).describe(())
    with pytest.raises(StudyError, match="reach"):
        Witness(1.2)
