"""A study stops where its rule says so, at the same seed however it is run, and not before."""

import dataclasses
import itertools
import json
import math
from pathlib import Path

import pytest

from commonweal.core.errors import LogError, StudyError
from commonweal.lab.finished import list_finished, read_outcomes
from commonweal.lab.growth import Growth
from commonweal.lab.ledger import Ledger
from commonweal.lab.order import Order
from commonweal.lab.run import plan_run, run_study
from commonweal.lab.stopping import FILE, arms_of, differences_by_seed, full_rule, stop_early, stopped_part
from commonweal.statistics.inference import Bounds
from commonweal.statistics.sequential import Stopping, decide
from inline import COMMONS, run_inline

STUDY = f"""{COMMONS}
study = Study(
    name="stopped",
    question="Do ruthless agents end the commons?",
    metrics=Named.of(("survived", Survival()), ("cooperation", Cooperation())),
    parts=(
        Part("main", society, (Factor("share", share, (0.0, SHARE)), Factor("detection", detect, (0.0, 0.1))), 6, seeds=SEEDS),
        Part("aside", society, (Factor("share", share, (0.0, 1.0)),), 6, seeds=2, role="control"),
    ),
    primary=Primary("survived", "main", "share", 0.0, SHARE, "A crowd of ruthless agents"),
    stopping=Stopping(excludes_zero=True, first=10, every=10),
)
"""
CELLS = 4


def write_study(path: Path, share: float, seeds: int) -> Order:
    path.write_text(STUDY.replace("SHARE", str(share)).replace("SEEDS", str(seeds)))
    return Order(str(path))


def test_a_strong_effect_stops_early_and_is_finished(tmp_path: Path):
    order = write_study(tmp_path / "strong.py", 1.0, 60)
    study, part = order.study(), order.study().parts[0]
    directory = tmp_path / "run"
    progress = run_inline(order, directory)
    # Where all agents are ruthless no commons lives, and where none is every one does: the difference is -1 in each seed.
    rule = full_rule(study)
    assert rule == Stopping(excludes_zero=True, first=10, every=10, most=60, bounds=Bounds(-1.0, 1.0))
    due = decide([-1.0] * 60, rule).n
    assert due < 60
    stopped = json.loads((directory / FILE).read_text())
    rows = read_outcomes(directory, "main", "survived")
    prefix = differences_by_seed(part, study.primary, rows)
    assert {name: stopped[name] for name in ("part", "stop", "n", "estimate", "seeds")} == {
        "part": "main",
        "stop": True,
        "n": due,
        "estimate": -1.0,
        "seeds": 60,
    }
    assert stopped == {"part": "main", "seeds": 60, **dataclasses.asdict(decide(prefix, rule))}
    assert decide(prefix[:due], rule) == decide(prefix, rule) == decide([-1.0] * 60, rule)
    # What nobody had begun is dropped, up to the seeds of one chunk; the other part is run whole.
    assert due <= len(prefix) <= due + 10
    assert len(list_finished(directory, "aside")) == 4
    assert (progress.open, progress.done) == (0, len(rows) + 4)
    assert progress.trials == progress.done < 60 * CELLS
    # Gone on with, it is finished: nothing is planned, dropped or run again.
    before = (directory / FILE).read_bytes()
    assert run_inline(order, directory) == Ledger(directory / "ledger.sqlite").progress()
    plan_run(order, directory)
    progress = run_study(order, directory, 2, lambda progress: None)
    assert (progress.open, progress.done) == (0, len(rows) + 4)
    assert read_outcomes(directory, "main", "survived") == rows
    assert (directory / FILE).read_bytes() == before
    assert stopped_part(directory) == "main"
    assert Growth(order, directory, Ledger(directory / "ledger.sqlite")).watched is None


def test_no_effect_runs_to_the_end(tmp_path: Path):
    order = write_study(tmp_path / "none.py", 0.0001, 30)
    directory = tmp_path / "run"
    progress = run_inline(order, directory)
    assert (progress.open, progress.done) == (0, 30 * CELLS + 4)
    assert stopped_part(directory) is None
    decision = stop_early(order.study(), directory)
    assert (decision.n, decision.estimate, decision.stop) == (30, 0.0, True)
    assert not (directory / FILE).exists()


@pytest.mark.parametrize("seeds", [5, 10])
def test_a_part_that_ends_by_its_first_look_is_run_whole(seeds: int, tmp_path: Path):
    order = write_study(tmp_path / "short.py", 1.0, seeds)
    directory = tmp_path / "run"
    assert run_inline(order, directory).done == seeds * CELLS + 4
    assert not (directory / FILE).exists()


def test_the_first_open_seed_ends_what_a_rule_is_told(tmp_path: Path):
    study = write_study(tmp_path / "study.py", 1.0, 6).study()
    part = study.parts[0]
    assert arms_of(part, study.primary) == [(2, 0), (3, 1)]
    rows = [(cell, seed, float(cell >= 2) * (seed + 1) + 0.25 * cell, 0.1) for cell in range(4) for seed in range(6)]
    # Both blocks differ by seed + 1 and twice a quarter.
    assert differences_by_seed(part, study.primary, rows) == [seed + 1.5 for seed in range(6)]
    for missing in itertools.product(range(4), range(6)):
        left = [row for row in rows if row[:2] != missing]
        assert differences_by_seed(part, study.primary, left) == [seed + 1.5 for seed in range(missing[1])]
    # A trial without a value counts for the looks and not for the mean.
    told = [(cell, seed, math.nan if (cell, seed) == (0, 1) else value, took) for cell, seed, value, took in rows]
    values = differences_by_seed(part, study.primary, told)
    assert math.isnan(values[1])
    assert len(values) == 6
    assert differences_by_seed(part, study.primary, []) == []


def test_a_rule_takes_its_range_from_the_metric_and_its_end_from_the_part(tmp_path: Path):
    study = write_study(tmp_path / "study.py", 1.0, 25).study()
    assert full_rule(study).most == 25
    assert full_rule(dataclasses.replace(study, stopping=None)) is None
    assert stop_early(dataclasses.replace(study, stopping=None), tmp_path) is None
    own = Stopping(half_width=0.1, first=5, most=25, bounds=Bounds(-2.0, 2.0))
    assert full_rule(dataclasses.replace(study, stopping=own)) == own
    with pytest.raises(StudyError, match="25 seeds, and its stopping rule ends it at 12"):
        dataclasses.replace(study, stopping=dataclasses.replace(own, most=12))
    with pytest.raises(LogError, match="run the study first"):
        stop_early(study, tmp_path)
    (tmp_path / FILE).write_text("[]")
    with pytest.raises(LogError, match="is damaged"):
        stopped_part(tmp_path)
