"""The same log alone, in a batch, in any chunking; sweeps compile once."""

import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.engine import compiled
from commonweal.engine.compiled import run, run_batch
from commonweal.minds.scripted import Scripted
from commonweal.testing import Wild, society_for
from commonweal.worlds.commons import Commons

RECORD = ("acts", "purse")


def test_a_trial_in_a_batch_is_the_trial_alone():
    base = society_for(mind=Scripted(tremble=0.3, condition=0.5))
    random = np.random.default_rng(0)
    levels, shares = random.random(6), random.random(6)
    vary = ((lens.mind("tried", Scripted, lambda m: m.level), levels), (lens.share("other"), shares))
    logs = run_batch(base, vary, tuple(range(6)), 5, record=RECORD)
    for row in range(6):
        own = base
        for place, values in vary:
            own = place.set(own, values[row])
        assert run(own, row, 5, record=RECORD).digest == logs[row].digest


@pytest.mark.parametrize("cells", [1, 24, 1 << 16])
def test_chunking_does_not_move_a_bit(cells, monkeypatch):
    monkeypatch.setattr(compiled, "LANE_CELLS", cells)
    logs = run_batch(society_for(mind=Wild()), (), tuple(range(7)), 5, record=RECORD)
    assert [log.digest for log in logs] == [run(society_for(mind=Wild()), seed, 5, record=RECORD).digest for seed in range(7)]


def test_seeds_differ():
    logs = run_batch(society_for(mind=Wild()), (), tuple(range(20)), 3)
    assert len({log.digest for log in logs}) == 20


def test_what_shapes_the_program_is_refused_in_a_batch():
    with pytest.raises(StudyError, match="shapes the program"):
        run_batch(society_for(), ((lens.size(), np.asarray([5, 6])),), (0, 1), 3)
    with pytest.raises(StudyError, match="one a trial"):
        run_batch(society_for(), ((lens.world(Commons, lambda w: w.growth), np.asarray([2.0])),), (0, 1), 3)
