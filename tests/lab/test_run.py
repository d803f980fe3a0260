"""A run is repeatable at any number of jobs and after a kill, and loses nothing finished."""

import json
import subprocess
import sys

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.engine.compiled import run
from commonweal.lab.batches import trial_seed
from commonweal.lab.finished import list_finished, read_finished, read_outcomes
from commonweal.lab.order import Order
from commonweal.lab.run import is_finished, plan_run, run_study
from conftest import CACHE
from inline import COMMONS, run_inline, run_killed

COMMAND = [sys.executable, "-m", "commonweal.app.main"]
SAMPLED = f"""{COMMONS}
study = Study(
    name="sampled",
    question="What does an audit change where half of the space may not be run?",
    metrics=Named.of(("survived", Survival()), ("cooperation", Cooperation())),
    parts=(
        Part(
            "space",
            society,
            (Factor("share", share, low=0.0, high=1.0), Factor("detection", detect, (0.0, 0.5))),
            ticks=6,
            seeds=1,
            design=Sobol(8, replicates=2),
            allowed=lambda levels: levels["share"] < 0.5,
        ),
    ),
    primary=Primary("survived", "space", "detection", 0.0, 0.5, "An audit"),
)
"""


@pytest.fixture(scope="module", autouse=True)
def environment():
    """Programs are compiled once for all processes, which take them from the cache that all tests share."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAX_COMPILATION_CACHE_DIR", str(CACHE))
        patch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        yield


def go(directory, *extra, study="tithe"):
    done = subprocess.run(
        [*COMMAND, "run", study, "--out", str(directory), *extra], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads((directory / "estimates.json").read_text())["log_digest"]


def test_jobs_do_not_move_the_digest_and_a_finished_run_does_no_work(tmp_path):
    digests = {go(tmp_path / str(jobs), "--jobs", str(jobs)) for jobs in (1, 2)}
    assert len(digests) == 1
    assert is_finished(tmp_path / "1")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "1").rglob("*.parquet")}
    done = subprocess.run([*COMMAND, "run", "tithe", "--out", str(tmp_path / "1")], capture_output=True, text=True, check=True)
    assert "nothing to do" in done.stdout
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "1").rglob("*.parquet")}


STUDY = """
import dataclasses
import commonweal_plugin.study as plugin
_part = plugin.study.parts[0]
study = dataclasses.replace(plugin.study, parts=tuple(
    dataclasses.replace(_part, name=name, ticks=ticks, seeds=40)
    for name, ticks in (("scripted", 3), ("second", 4), ("third", 5))
))
"""


def test_kill_nine_and_resume_gives_the_undisturbed_log(tmp_path):
    path = tmp_path / "slow.py"
    path.write_text(STUDY)
    order = Order(str(path))
    directory = tmp_path / "killed"
    run_killed(order, directory, "logs/*.parquet")
    kept = {own: own.stat().st_mtime_ns for own in directory.glob("logs/*.parquet")}
    assert kept
    assert not is_finished(directory)
    plan_run(order, directory)
    assert run_study(order, directory, 2, lambda progress: None).open == 0
    run_inline(order, tmp_path / "whole")
    for part in ("scripted", "second", "third"):
        trials = list_finished(tmp_path / "whole", part)
        assert len(trials) == 80
        assert list_finished(directory, part) == trials
        for trial in (trials[0], trials[-1]):
            assert read_finished(directory, trial).digest == read_finished(tmp_path / "whole", trial).digest
        assert read_outcomes(directory, part, "welfare") == [
            (*row[:3], pytest.approx(row[3], abs=60)) for row in read_outcomes(tmp_path / "whole", part, "welfare")
        ]
    assert all(own.stat().st_mtime_ns == when for own, when in kept.items())


def test_the_cells_of_a_sampled_part_are_run_as_their_own_societies(tmp_path):
    path = tmp_path / "sampled.py"
    path.write_text(SAMPLED)
    order = Order(str(path))
    assert run_inline(order, tmp_path / "run").done == 16
    study = order.study()
    part = study.part("space")
    assert [part.seeds_of(cell) for cell in range(8)] == [range(2 * cell, 2 * cell + 2) for cell in range(8)]
    trials = list_finished(tmp_path / "run", "space")
    assert trials == tuple(("space", cell, seed) for cell in range(8) for seed in part.seeds_of(cell))
    for _, cell, seed in (trials[0], trials[7], trials[15]):
        levels = part.cells()[cell]
        assert 0 <= levels["share"] < 0.5
        finished = read_finished(tmp_path / "run", ("space", cell, seed))
        alone = run(part.society_of(levels), trial_seed(study, part, cell, seed), 6, study.metrics)
        # Sampled cells are traced in their first trials, which is no part of what happened.
        assert alone.readings.keys() == finished.log.readings.keys()
        assert all(np.array_equal(alone.readings[name], finished.log.readings[name]) for name in alone.readings)
        assert (alone.values, alone.society_digest) == (finished.log.values, finished.log.society_digest)


def test_one_run_a_folder(tmp_path):
    import fcntl

    order = Order("tithe")
    plan_run(order, tmp_path)
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StudyError, match="by another process"):
            run_study(order, tmp_path, 1, lambda progress: None)
    with pytest.raises(StudyError, match="at least 1"):
        run_study(order, tmp_path, 0, lambda progress: None)
