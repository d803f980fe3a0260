"""The same log alone, in a batch, in any chunking; sweeps compile once."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Regular, Ring, WattsStrogatz
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine import lanes
from commonweal.engine.compiled import run, run_batch, run_chunks
from commonweal.engine.lanes import Lanes
from commonweal.institutions.fermi import Fermi
from commonweal.institutions.presence import If
from commonweal.institutions.tax import Tax
from commonweal.minds.memory_one import MemoryOne
from commonweal.minds.scripted import Scripted
from commonweal.testing import Wild, society_for
from commonweal.worlds.commons import Commons
from commonweal.worlds.network_game import NetworkGame

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


@pytest.mark.parametrize(("cells", "count"), [(1, 1), (24, 2), (1 << 16, 7)])
def test_chunking_does_not_move_a_bit(cells, count, alone, monkeypatch):
    monkeypatch.setattr(lanes, "CORE_CELLS", cells)
    assert Lanes.of(7, 12, 1).count == count
    logs = run_batch(society_for(mind=Wild()), (), tuple(range(7)), 5, record=RECORD)
    assert [log.digest for log in logs] == alone


@pytest.fixture(scope="module")
def alone():
    return [run(society_for(mind=Wild()), seed, 5, record=RECORD).digest for seed in range(7)]


def test_a_log_that_fills_the_memory_runs_alone(alone, monkeypatch):
    monkeypatch.setattr(lanes, "LOG_BYTES", 1)
    monkeypatch.setattr(lanes, "SLICE_STEPS", 24)
    told = []
    logs = dict(run_chunks(society_for(mind=Wild()), (), (0, 1), 5, record=RECORD, report=told.append))
    assert [logs[row].digest for row in range(2)] == alone[:2]
    assert told == pytest.approx(np.arange(1, 11) / 10)


def test_logs_come_chunk_by_chunk_and_say_how_far(monkeypatch):
    monkeypatch.setattr(lanes, "CORE_CELLS", 24)
    told = []
    chunks = run_chunks(society_for(), (), tuple(range(5)), 3, report=told.append)
    assert next(chunks)[0] == 0
    assert told == []
    assert [row for row, _ in chunks] == [1, 2, 3, 4]
    assert told == pytest.approx([0.4, 0.8, 1.0])


def compilations(work):
    """How often the program of a batch is made while `work` runs."""
    made = []

    def listen(event, seconds, **facts):
        if event.endswith("jaxpr_to_mlir_module_duration") and "run_lanes" in str(facts.get("fun_name")):
            made.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        work()
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
    return len(made)


def test_all_that_is_data_compiles_once(monkeypatch):
    # Three factors (a parameter, a share, a rule in or out), graph seeds and 2 seeds: 32 trials in groups of 4.
    monkeypatch.setattr(lanes, "CORE_CELLS", 48)
    society = society_for(mind=Scripted(tremble=0.125, level=0.5), rules=(("tax", If(Tax(rate=0.5), on=True)),))
    places = (
        lens.mind("tried", Scripted, lambda m: m.tremble),
        lens.share("other"),
        lens.rule("tax", If, lambda rule: rule.on),
        lens.graph_seed(),
    )
    rows = list(itertools.product((0.0, 0.25), (0.25, 0.75), (False, True), (0, 5), (0, 1)))
    vary = tuple((place, [row[at] for row in rows]) for at, place in enumerate(places))
    logs = []
    assert compilations(lambda: logs.extend(run_batch(society, vary, [row[-1] for row in rows], 3, record=("purse",)))) == 1
    assert len({log.digest for log in logs}) == 32
    for at in (0, 13, 31):
        own = society
        for place, value in zip(places, rows[at], strict=False):
            own = place.set(own, value)
        assert run(own, rows[at][-1], 3, record=("purse",)).digest == logs[at].digest


def test_networks_of_one_shape_share_a_program_and_others_have_their_own():
    networks = [Regular(4, 0), Regular(4, 1), Ring(2), Ring(4), Regular(2, 1), Regular(4, 1)]
    logs = []
    assert compilations(lambda: logs.extend(run_batch(GAME, ((lens.graph(), networks),), (3,) * 6, 4, record=("purse",)))) == 2
    assert len({log.digest for log in logs}) == 5
    assert logs[1].digest == logs[5].digest
    for network, log in zip(networks[:2], logs, strict=False):
        assert run(lens.graph().set(GAME, network), 3, 4, record=("purse",)).digest == log.digest


GAME = Society(
    NetworkGame.dilemma(3, 0, 5, 1),
    Named.of(("tit-for-tat", MemoryOne(tremble=0.2)), ("defector", MemoryOne.always_defect())),
    Seating(12, Named.of(("defector", jnp.float32(0.5))), network=Regular(4)),
    Named.of(("imitation", Fermi(beta=0.1))),
)
SHARDED = """
import jax, sys
sys.path.insert(0, {folder!r})
from test_compiled import GAME, lens
from commonweal.engine import lanes
from commonweal.engine.compiled import run_batch
assert len(jax.devices()) == 4
assert lanes.Lanes.of(10, 12, 1).count == 12
vary = ((lens.share("defector"), [0.1 * i for i in range(10)]), (lens.graph_seed(), [i % 3 for i in range(10)]))
print(*(log.digest for log in run_batch(GAME, vary, range(10), 4)))
"""


def test_several_devices_give_the_digests_of_one():
    folder = str(Path(__file__).parent)
    flags = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=4"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SHARDED.format(folder=folder)],
        env={**os.environ, "XLA_FLAGS": flags, "JAX_COMPILATION_CACHE_DIR": str(jax.config.jax_compilation_cache_dir)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    share = (lens.share("defector"), [0.1 * i for i in range(10)])
    graphs = (lens.graph_seed(), [i % 3 for i in range(10)])
    assert [log.digest for log in run_batch(GAME, (share, graphs), range(10), 4)] == done.stdout.split()


def test_no_trials_are_no_logs():
    assert run_batch(society_for(), (), (), 3) == []


def test_seeds_differ():
    logs = run_batch(society_for(mind=Wild()), (), tuple(range(20)), 3)
    assert len({log.digest for log in logs}) == 20


def test_what_shapes_the_program_is_refused_in_a_batch():
    with pytest.raises(StudyError, match="shapes the program"):
        run_batch(society_for(), ((lens.size(), np.asarray([5, 6])),), (0, 1), 3)
    with pytest.raises(StudyError, match="one a trial"):
        run_batch(society_for(), ((lens.world(Commons, lambda w: w.growth), np.asarray([2.0])),), (0, 1), 3)


def test_a_trial_without_ticks_and_seeds_out_of_range_are_refused():
    for call in (lambda: run(society_for(), 1, 0), lambda: run_batch(society_for(), (), (1,), 0)):
        with pytest.raises(StudyError, match="a trial of 0 ticks"):
            call()
    for call in (lambda: run(society_for(), -1, 1), lambda: run_batch(society_for(), (), (1, 2**32), 1)):
        with pytest.raises(StudyError, match="expected a whole number from 0"):
            call()


def test_a_network_and_its_seed_are_varied_in_any_order():
    own = Society(NetworkGame(), Named.of(("one", Scripted(level=0.5))), Seating(40, network=WattsStrogatz(4, 0.5)))
    seeds = (lens.graph_seed(), (0, 1, 2))
    recipes = (lens.graph(), (WattsStrogatz(4, 0.5),) * 3)
    one, other = (run_batch(own, vary, (7, 7, 7), 5) for vary in ((seeds, recipes), (recipes, seeds)))
    assert [log.digest for log in one] == [log.digest for log in other]
    assert len({log.digest for log in one}) == 3
