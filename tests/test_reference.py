"""The reference society of the benchmarks: one log, however it is run, and what theory says of its simplest limits."""

import importlib.util
from pathlib import Path
from types import ModuleType

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.engine.compiled import advance, run, run_batch
from commonweal.engine.hosted import run_hosted, run_sync
from commonweal.engine.trial import begin
from commonweal.institutions.fermi import Fermi
from commonweal.institutions.sanction import Sanction
from commonweal.metrics.cooperation import Cooperation

METRICS = Named.of(("cooperation", Cooperation()))


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    path = Path(__file__).parent.parent / "benchmarks" / "reference.py"
    spec = importlib.util.spec_from_file_location("benchmarks_reference", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_one_log_alone_in_slices_in_sweeps_and_in_the_hosted_engine(reference: ModuleType) -> None:
    society, ticks = reference.society(100), 24
    seeds = tuple(range(5))
    alone = [run(society, seed, ticks, METRICS).digest for seed in seeds]
    assert len(set(alone)) == len(seeds)
    sliced = begin(society, 3, METRICS)
    for piece in (1, 7, 16):
        sliced = advance(sliced, piece)
    assert sliced.log().digest == alone[3]
    assert [log.digest for log in run_batch(society, (), seeds, ticks, METRICS)] == alone
    assert [log.digest for log in run_batch(society, (), (4, 2), ticks, METRICS)] == [alone[4], alone[2]]
    assert run_sync(run_hosted(society, 2, ticks, METRICS)).digest == alone[2]


def test_a_cell_of_a_sweep_over_its_parameters_is_that_society_alone(reference: ModuleType) -> None:
    society = reference.society(100)
    beta = lens.rule("evolution", Fermi, lambda rule: rule.beta)
    fine = lens.rule("sanction", Sanction, lambda rule: rule.fine)
    betas, fines = np.asarray([0.0, 0.05, 0.4], np.float32), np.asarray([0, 9, 30], np.int32)
    logs = run_batch(society, ((beta, betas), (fine, fines)), (7, 7, 8), 20, METRICS)
    for log, own_beta, own_fine, seed in zip(logs, betas, fines, (7, 7, 8), strict=True):
        assert log.digest == run(fine.set(beta.set(society, own_beta), own_fine), seed, 20, METRICS).digest


def test_newcomers_alone_keep_the_strategies_apart(reference: ModuleType) -> None:
    """Without imitation, seats that are given to uniform newcomers keep 1/16 each: checked to 5 sigma at 4,000 seats."""
    society = lens.rule("evolution", Fermi, lambda rule: rule.rate).set(reference.society(4000), jnp.float32(0.0))
    trial = advance(begin(society, 1), 300)
    counts = np.bincount(np.asarray(trial.state.seats.mind), minlength=16)
    assert np.abs(counts - 250).max() < 5 * np.sqrt(4000 / 16 * 15 / 16)


def test_sixteen_minds_are_one_family(reference: ModuleType) -> None:
    assert len(begin(reference.society(50), 0).state.minds) == 1
