"""A written prediction is set beside what came, hit or missed, and reckoned anew."""

import json

import pytest

from commonweal.analysis.ladder import find_ladder
from commonweal.analysis.plans import read_plan
from commonweal.analysis.trials import read_trials, write_table
from commonweal.core.errors import LogError


def find(directory):
    plan = read_plan(directory)
    return find_ladder(plan, read_trials(directory), plan.part("scripted"))


def test_a_prediction_that_holds_is_a_hit(write_ladder):
    ladder = find(write_ladder())
    assert [held.hit for held in ladder.held] == [True, True]
    assert all(held.reproduced for held in ladder.held)
    assert ladder.hits == (2, 2)
    assert ladder.words.startswith("2 of 2 held-out means (population 128), predicted before they were run")
    held = ladder.held[0]
    assert (held.size, held.written, held.measured.n) == (128.0, "2026-01-01T00:00:00+00:00", 20)
    assert held.laws[0][2] >= held.laws[-1][2]
    rail = ladder.rails[0]
    assert [size for size, _ in rail.rungs] == [8.0, 16.0, 32.0, 64.0]
    assert [one.size for one in rail.rehearsed] == [64.0]
    assert rail.path[0][0] == pytest.approx(8)
    assert rail.path[-1][0] == pytest.approx(128)


def test_a_miss_is_said_too(write_ladder):
    ladder = find(write_ladder(jump=0.4))
    assert [held.hit for held in ladder.held] == [False, False]
    assert ladder.words.startswith("0 of 2")


def test_a_prediction_that_the_trials_do_not_give_is_said(write_ladder):
    directory = write_ladder()
    path = directory / "stages" / "0001.json"
    stage = json.loads(path.read_text())
    stage["prediction"]["cells"][0]["low"] -= 0.2
    path.write_text(json.dumps(stage))
    ladder = find(directory)
    assert [held.reproduced for held in ladder.held] == [False, True]
    assert "not what the trials give" in ladder.words


def test_before_the_stage_is_written_nothing_is_held_out(write_ladder):
    directory = write_ladder(staged=False)
    ladder = find(directory)
    assert ladder.held == ()
    assert ladder.words == "No held-out population has been predicted and measured."


def test_before_the_held_out_size_is_run_the_prediction_stands_alone(write_ladder):
    directory = write_ladder(run=False)
    write_table(directory)
    ladder = find(directory)
    assert [held.hit for held in ladder.held] == [None, None]
    assert all(held.low is not None for held in ladder.held)


def test_another_design_is_no_ladder(finished):
    plan = read_plan(finished)
    assert find_ladder(plan, read_trials(finished), plan.parts[0]) is None


def test_a_damaged_prediction_is_said(write_ladder):
    directory = write_ladder()
    path = directory / "stages" / "0001.json"
    stage = json.loads(path.read_text())
    stage["prediction"]["cells"] = "none"
    path.write_text(json.dumps(stage))
    with pytest.raises(LogError, match="cells"):
        find(directory)
