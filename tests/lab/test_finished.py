"""A finished trial is read back from its log as it was written."""

import dataclasses
import math

import numpy as np
import pytest

from commonweal.core.errors import LogError
from commonweal.lab.finished import list_finished, read_finished, read_outcomes, trial_name
from commonweal.lab.logs import write_logs
from commonweal.lab.order import Order, prepare
from commonweal.lab.worker import TRACED, run_trials


@pytest.fixture(scope="module")
def logs():
    prepared = prepare(Order("tithe"))
    return run_trials(prepared, prepared.study.parts[0], ((0, 0), (1, 0), (1, 2)), TRACED)


def test_a_log_comes_back_to_the_bit(tmp_path, logs):
    # The digest is that of the log that was written: nothing of it is lost on disk.
    (tmp_path / "logs").mkdir()
    write_logs(tmp_path / "logs" / "scripted-000001.parquet", "scripted", [(0, 0, logs[0]), (1, 0, logs[1])])
    write_logs(tmp_path / "logs" / "scripted-000002.parquet", "scripted", [(1, 0, logs[1]), (1, 2, logs[2])])
    assert list_finished(tmp_path, "scripted") == (("scripted", 0, 0), ("scripted", 1, 0), ("scripted", 1, 2))
    assert list_finished(tmp_path, "other") == ()
    for trial, log in zip(list_finished(tmp_path, "scripted"), logs, strict=True):
        finished = read_finished(tmp_path, trial)
        assert finished.digest == finished.log.digest == log.digest
        assert finished.log.header == log.header
        assert finished.traced == tuple(log.traces)
        assert finished.log.values == log.values
        assert all(np.array_equal(finished.log.traces[name], log.traces[name]) for name in log.traces)


def test_outcomes_are_read_of_one_metric_with_their_cost(tmp_path, logs):
    (tmp_path / "logs").mkdir()
    costs = [dataclasses.replace(log, costs=dict(log.costs) | {"wall_ms": 250 * at}) for at, log in enumerate(logs)]
    costs[2] = dataclasses.replace(costs[2], values={}, costs={})
    trials = [(0, 0, costs[0]), (1, 0, costs[1]), (1, 2, costs[2])]
    write_logs(tmp_path / "logs" / "scripted-000001.parquet", "scripted", trials[::-1])
    write_logs(tmp_path / "logs" / "scripted-000002.parquet", "scripted", trials[1:2])
    write_logs(tmp_path / "logs" / "other-000003.parquet", "other", trials[:1])
    rows = read_outcomes(tmp_path, "scripted", "welfare")
    # In the order of cells and seeds, once each, though a chunk that was thought lost was run again.
    assert [row[:2] for row in rows] == [(0, 0), (1, 0), (1, 2)]
    assert [row[2:] for row in rows[:2]] == [(30.0, 0.0), (15.0, 0.25)]
    assert all(math.isnan(number) for number in rows[2][2:])
    assert all(math.isnan(row[2]) for row in read_outcomes(tmp_path, "scripted", "no such metric"))
    assert read_outcomes(tmp_path, "third", "welfare") == []
    with pytest.raises(LogError, match=r"no \*.parquet"):
        read_outcomes(tmp_path / "logs", "scripted", "welfare")


def test_what_is_not_there_is_said(tmp_path, logs):
    with pytest.raises(LogError, match=r"no \*.parquet"):
        read_finished(tmp_path, ("scripted", 0, 0))
    (tmp_path / "logs").mkdir()
    path = tmp_path / "logs" / "scripted-000001.parquet"
    write_logs(path, "scripted", [(0, 0, logs[0])])
    with pytest.raises(LogError, match="no log of trial scripted/0/1"):
        read_finished(tmp_path, ("scripted", 0, 1))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(LogError, match="cannot be read"):
        read_finished(tmp_path, ("scripted", 0, 0))
    assert trial_name(("a", 1, 2)) == "a/1/2"
