"""What a sceptic asks is asked of each part that it fits, and the wording floor is the null model's widest limit."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

from audits import Made, pairs, replaced, run_of
from commonweal.analysis.plans import read_plan
from commonweal.analysis.science import find_science, floor_of
from commonweal.analysis.storing import encode
from commonweal.analysis.trials import read_trials


def found_in(directory):
    plan, trials = read_plan(directory), read_trials(directory)
    return plan, trials, find_science(directory, plan, trials, None)


def test_a_plain_run_has_lock_unit_verdicts_gap_and_coverage_and_no_more(finished):
    plan, _, science = found_in(finished)
    assert not science.registration.locked
    assert science.unit.part == "scripted"
    assert [(arm.planned, arm.finished, arm.known) for arm in science.unit.arms] == [(220, 220, 220)] * 2
    assert {test.metric for test in science.verdicts.tests} == set(plan.metrics)
    assert science.verdicts.equivalence is None
    assert [found.part for found in science.coverage] == ["scripted", "language"]
    assert (science.coverage[0].cells, science.coverage[0].planned) == (66, 66)
    assert (science.boundaries, science.ladders, science.sensitivities, science.screenings) == ((), (), (), ())
    assert (science.spillovers, science.robustness) == ((), None)
    assert science.gap.inside[1] == 66
    json.dumps(encode(science), allow_nan=False)


def test_a_zoom_has_a_boundary_of_its_own_part(zoomed):
    _, _, science = found_in(zoomed)
    (boundary,) = science.boundaries
    assert (boundary.part, boundary.metric) == ("map", "survived")
    assert [(found.part, found.design) for found in science.coverage] == [("scripted", "full"), ("map", "zoom")]
    assert [test.part for test in science.verdicts.tests if test.metric == "survived"] == ["scripted"]
    assert science.gap.words == "none known"


def test_a_ladder_has_a_prediction(write_ladder):
    _, _, science = found_in(write_ladder())
    (ladder,) = science.ladders
    assert ladder.hits[1] > 0


@pytest.fixture
def bare(tmp_path):
    """A folder whose study is no replication."""
    (tmp_path / "plan.json").write_text('{"study": {}}')
    return tmp_path


def test_parts_of_an_audit_are_looked_at_by_the_audit_alone(bare):
    rng = np.random.default_rng(1)
    made = [Made(None, *pairs(0.5, rng)), Made(("topology", "a ring"), *pairs(0.5, rng))]
    plan, trials = run_of(made)
    science = find_science(bare, plan, trials, None)
    assert [found.part for found in science.coverage] == ["main"]
    assert {test.part for test in science.verdicts.tests} == {"main"}
    assert (science.robustness.held, science.robustness.counted) == (1, 1)


def test_a_part_without_trials_is_not_asked(finished):
    plan, trials = read_plan(finished), read_trials(finished)
    science = find_science(finished, plan, trials.where(trials.part == "scripted"), None)
    assert [found.part for found in science.coverage] == ["scripted"]
    empty = find_science(finished, plan, trials.where(trials.seed < 0), None)
    assert (empty.coverage, empty.unit.arms[0].finished, empty.unit.likeness) == ((), 0, None)
    assert all(np.isnan(test.p) for test in empty.verdicts.tests)


def test_the_lock_of_the_folder_is_read(finished, tmp_path):
    directory = tmp_path / "run"
    shutil.copytree(finished, directory)
    (directory / "lock.json").write_text('{"schema": "commonweal.lock/1", "digest": "x"}')
    from commonweal.core.errors import LogError

    with pytest.raises(LogError, match="commonweal lock"):
        found_in(directory)


def controlled(seed, null_model=True, shift=0.0):
    """A scripted part, and the same contrast played by a model."""
    rng = np.random.default_rng(seed)
    plan, trials = run_of([Made(None, *pairs(0.5, rng)), Made(None, *pairs(shift, rng))])
    other = dataclasses.replace(plan.parts[1], role="control", null_model=null_model)
    return dataclasses.replace(plan, parts=(plan.parts[0], other)), trials


@pytest.mark.parametrize("shift", [0.0, 0.3, -0.3])
def test_the_floor_is_the_limit_of_the_null_model_that_is_further_from_0(shift, bare):
    from scipy.stats import ttest_rel

    plan, trials = controlled(2, shift=shift)
    part, floor = floor_of(plan, find_science(bare, plan, trials, None))
    own = trials.where(trials.part == part.name)
    arms = (own.metrics["good"][own.factors["law"] == level] for level in (1.0, 0.0))
    limits = ttest_rel(*arms).confidence_interval(0.95)
    assert part.name == "audit-1"
    assert floor == pytest.approx(max(abs(limits.low), abs(limits.high)))


def test_without_a_null_model_there_is_no_floor(bare, finished):
    plan, trials = controlled(3, null_model=False)
    assert floor_of(plan, find_science(bare, plan, trials, None)) is None
    plan, _, science = found_in(finished)  # its null model has no contrast of the primary factor
    assert floor_of(plan, science) is None
    plan, trials = controlled(4)
    audit = replaced(dataclasses.replace(plan.parts[1], role="audit"), ("x", "y"))
    audited = dataclasses.replace(plan, parts=(plan.parts[0], audit))
    assert floor_of(audited, find_science(bare, audited, trials, None)) is None
