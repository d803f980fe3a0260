"""A worker's trials are those of the engine, and what it traces is what the part asks."""

import numpy as np

from commonweal.engine.compiled import run
from commonweal.lab.batches import trial_seed
from commonweal.lab.order import Order, prepare
from commonweal.lab.worker import TRACED, run_trials, traces_of


def test_a_chunks_trials_are_the_engines():
    prepared = prepare(Order("tithe"))
    part = prepared.study.parts[0]
    trials = ((0, 0), (1, 0), (1, 2))
    logs = run_trials(prepared, part, trials)
    for (cell, seed), log in zip(trials, logs, strict=True):
        society = part.society_of(part.cells()[cell])
        record = traces_of(part, 5, trials)
        alone = run(society, trial_seed(prepared.study, part, cell, seed), part.ticks, prepared.study.metrics, record)
        assert alone.digest == log.digest
    assert [log.values["welfare"] for log in logs] == [30.0, 15.0, 15.0]
    assert np.all(logs[0].readings["ledger.burnt"] == 0)


def test_first_seeds_of_small_societies_are_traced():
    part = prepare(Order("tithe")).study.parts[0]
    assert traces_of(part, 5, ((0, 0), (1, 0))) == TRACED
    assert traces_of(part, 5, ((0, 0), (0, 1))) == ()
    assert traces_of(part, 1000, ((0, 0),)) == ()
