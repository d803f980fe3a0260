"""A trial is saved and resumed."""

import jax.numpy as jnp
import pytest

from commonweal.core.errors import LogError
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import advance, run
from commonweal.engine.saved import load, save
from commonweal.engine.trial import begin
from commonweal.institutions.moran import Moran
from commonweal.minds.scripted import Scripted
from commonweal.testing import society_for
from commonweal.worlds.network_game import NetworkGame

RECORD = ("acts", "payoff", "purse")


def test_saved_and_resumed_is_uninterrupted(tmp_path):
    society = society_for(mind=Scripted(tremble=0.2))
    half = advance(begin(society, 3, record=RECORD), 4)
    save(half, tmp_path / "trial.npz")
    resumed = advance(load(tmp_path / "trial.npz", society), 4)
    assert resumed.log().digest == run(society, 3, 8, record=RECORD).digest


def test_a_damaged_or_foreign_file_is_refused(tmp_path):
    path = tmp_path / "trial.npz"
    save(begin(society_for(), 3), path)
    with pytest.raises(LogError, match="load it with the society"):
        load(path, society_for(mind=Scripted(level=0.1)))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(LogError, match="not a saved trial"):
        load(path, society_for())


def drift(n=6, mutants=0.5, **seating):
    """Two minds and no selection, one birth and one death a tick."""
    minds = Named.of(("resident", Scripted(level=0.0)), ("mutant", Scripted(level=1.0)))
    share = Named.of(("mutant", jnp.float32(mutants)))
    return Society(NetworkGame(), minds, Seating(n, share, **seating), Named.of(("drift", Moran(selection=0.0))))


def told(log):
    return [(event.tick, event.kind, event.words) for event in log.events]


def test_a_saved_trial_keeps_its_events(tmp_path):
    half = advance(begin(drift(), 1), 70)
    save(half, tmp_path / "trial.npz")
    whole = run(drift(), 1, 150)
    assert advance(load(tmp_path / "trial.npz", drift()), 80).log().digest == whole.digest
    assert len(told(whole)) == 2
