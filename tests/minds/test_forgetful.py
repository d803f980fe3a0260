"""Minds that forget: with certainty, never, and now and then."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Ring
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run
from commonweal.minds.forgetful import Forgetful
from commonweal.minds.memory_one import MemoryOne
from commonweal.worlds.network_game import NetworkGame


def cooperation(mind) -> np.ndarray:
    """Share of cooperative acts by tick among such minds and a tenth of defectors: it falls where minds retaliate."""
    minds = Named.of(("own", mind), ("defector", MemoryOne.always_defect()))
    seating = Seating(60, Named.of(("defector", jnp.float32(0.1))), network=Ring(4))
    return run(Society(NetworkGame(per_contact=True), minds, seating), 2, 6, record=("acts", "mind")).traces["act.act"]


def test_without_memory_tit_for_tat_always_opens():
    """Tit for tat cooperates first; with nothing to look back on, it does so for ever."""
    acts = cooperation(Forgetful(MemoryOne.tit_for_tat(), 1.0))
    givers = acts[0] != 0
    assert (acts[:, givers] == 0x0F).all()


def test_with_all_of_its_memory_it_is_the_mind_inside():
    kept, bare = cooperation(Forgetful(MemoryOne.tit_for_tat(), 0.0)), cooperation(MemoryOne.tit_for_tat())
    assert np.array_equal(kept, bare)
    assert (kept[2] != kept[0]).any()


def test_the_rate_is_how_often_it_opens_anew():
    """Against defectors alone, tit for tat cooperates only where it has forgotten: 12 % of ticks, to 5 standard errors."""
    minds = Named.of(("own", Forgetful(MemoryOne.tit_for_tat(), 0.12)), ("defector", MemoryOne.always_defect()))
    seating = Seating(400, Named.of(("defector", jnp.float32(0.5))), network=None)
    log = run(Society(NetworkGame(temptation=5), minds, seating), 2, 30, record=("acts", "mind"))
    own = log.traces["mind"][-1] == 0
    later = log.traces["act.act"][2:, own]
    # All as one opponent: half of the society defects and the other half mostly does, so what is told is below one half.
    assert abs(later.mean() - 0.12) < 5 * np.sqrt(0.12 * 0.88 / later.size)


def test_a_rate_out_of_range_is_refused():
    with pytest.raises(StudyError, match="from 0 to 1"):
        Forgetful(rate=1.01)
