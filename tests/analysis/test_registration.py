"""A lock is compared with its run: what was changed is said, and only what was declared and kept is confirmatory."""

import datetime
import hashlib
import json
import shutil

import pytest

from commonweal.analysis.plans import read_plan
from commonweal.analysis.registration import NOT_LOCKED, find_registration
from commonweal.analysis.trials import read_trials
from commonweal.core.errors import LogError

PART = ("name", "role", "engine", "ticks", "seeds", "society_digest", "design", "constrained", "specification", "factors")


def sha(value):
    return "sha256:" + hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def close(lock):
    return lock | {"digest": sha(lock)}


def lock_of(plan, **changes):
    """A lock as design/002 has it, written here without commonweal."""
    parts = []
    for part in plan["parts"]:
        rows = [
            {name: cell.get(name) for name in ("cell", "levels", "society_digest", "seeds", "theory")} for cell in part["cells"]
        ]
        parts.append({name: part.get(name) for name in PART} | {"cells": len(rows), "cells_digest": sha(rows)})
    names = ("name", "question", "hypotheses", "primary", "family", "exclusions", "stopping", "mechanism", "scope", "code")
    lock = {
        "schema": "commonweal.lock/1",
        "study": {name: plan["study"].get(name) for name in names},
        "metrics": plan["metrics"], "parts": parts, "model": plan["model"], "judges": None, "theory": plan["theory"],
        "analysis": {"unit": "the trial"}, "version": plan["versions"]["commonweal"],
        "written": "2020-01-01T00:00:00+00:00", "commit": {"commit": "ab" * 20, "clean": True},
    }  # fmt: skip
    return close(lock | changes)


@pytest.fixture
def locked(finished, tmp_path):
    """A copy of a finished run, with family and a lock that fits."""
    directory = tmp_path / "run"
    shutil.copytree(finished, directory)
    plan = json.loads((directory / "plan.json").read_text())
    plan["study"]["family"] = ["efficiency"]
    (directory / "plan.json").write_text(json.dumps(plan))
    (directory / "lock.json").write_text(json.dumps(lock_of(plan)))
    return directory


def look(directory):
    return find_registration(directory, read_plan(directory), read_trials(directory))


def change_plan(directory, change):
    plan = json.loads((directory / "plan.json").read_text())
    change(plan)
    (directory / "plan.json").write_text(json.dumps(plan))


def test_without_a_lock_all_is_exploratory(finished):
    found = look(finished)
    assert found == NOT_LOCKED
    assert found.mark("scripted", "survived") == "exploratory"


def test_a_kept_lock_makes_the_declared_figures_confirmatory(locked):
    found = look(locked)
    assert (found.locked, found.sound, found.deviations) == (True, True, ())
    assert found.mark("scripted", "survived") == "confirmatory"
    assert found.mark("scripted", "efficiency") == "confirmatory"
    assert found.mark("scripted", "equality") == "exploratory"
    assert found.mark("language", "survived") == "exploratory"
    assert "confirmatory: survived, efficiency" in found.words


def test_earlier_locks_are_told_and_move_nothing(locked):
    assert look(locked).history == ""
    earlier = [
        {"digest": "sha256:1", "written": "2019-01-01T00:00:00+00:00"},
        {"digest": "sha256:2", "written": "2019-06-01T00:00:00+00:00"},
    ]
    relock(locked, supersedes=earlier)
    found = look(locked)
    assert (found.sound, found.deviations) == (True, ())
    assert found.mark("scripted", "survived") == "confirmatory"
    assert found.earlier == tuple((one["written"], one["digest"]) for one in earlier)
    assert "after 2 earlier locks of this study (2019-01-01T00:00:00+00:00, 2019-06-01" in found.words
    relock(locked, supersedes=earlier[:1])
    assert look(locked).history == ", after 1 earlier lock of this study (2019-01-01T00:00:00+00:00)"


def test_a_lock_that_was_changed_counts_for_nothing(locked):
    lock = json.loads((locked / "lock.json").read_text())
    lock["study"]["hypotheses"] = ["Survival falls."]
    (locked / "lock.json").write_text(json.dumps(lock))
    found = look(locked)
    assert not found.sound
    assert found.mark("scripted", "survived") == "exploratory"
    assert "changed after it was closed" in found.words


@pytest.mark.parametrize(
    ("change", "field", "survived", "efficiency"),
    [
        (lambda plan: plan["study"].update(hypotheses=["It falls."]), "hypotheses", False, False),
        (lambda plan: plan["study"]["primary"].update(treatment=0.25), "primary.treatment", False, False),
        (lambda plan: plan["study"].update(exclusions=["the worst trials"]), "exclusions", False, False),
        (lambda plan: plan["study"].update(code="0" * 64), "code", False, False),
        (lambda plan: plan["parts"][0].update(ticks=12), "parts.scripted.ticks", False, False),
        (lambda plan: plan["parts"][1].update(ticks=3), "parts.language.ticks", True, True),
        (lambda plan: plan["metrics"]["efficiency"].update(doc="another"), "metrics.efficiency.doc", True, False),
        (lambda plan: plan["model"].update(digest="sha256:0"), "model.digest", True, True),
        (lambda plan: plan["parts"][0]["cells"][3].update(theory=0.3), "parts.scripted.cells", False, False),
        (lambda plan: plan.update(theory="another"), "theory", False, False),
        (lambda plan: plan["parts"].append(plan["parts"][1] | {"name": "x", "role": "audit", "cells": []}), None, True, True),
        (lambda plan: plan["parts"][0]["cells"][3]["levels"].update(population=6), "parts.scripted.cells", False, False),
    ],
    ids=[
        "hypotheses", "arm", "exclusion", "code", "ticks", "other part", "family metric", "model", "theory of a cell", "theory",
        "audit", "cell",
    ],
)  # fmt: skip
def test_a_deviation_touches_what_it_bears_on(locked, change, field, survived, efficiency):
    change_plan(locked, change)
    found = look(locked)
    assert [one.field for one in found.deviations] == ([] if field is None else [field])
    assert (found.mark("scripted", "survived") == "confirmatory") is survived
    assert (found.mark("scripted", "efficiency") == "confirmatory") is efficiency


def relock(directory, **changes):
    lock = json.loads((directory / "lock.json").read_text())
    rest = {name: value for name, value in lock.items() if name != "digest"}
    (directory / "lock.json").write_text(json.dumps(close(rest | changes)))


def test_missing_trials_are_a_deviation_and_an_early_stop_by_the_locked_rule_is_none(locked):
    trials = read_trials(locked)
    stopped = trials.where((trials.part != "scripted") | (trials.seed < 6))
    gone = trials.where((trials.part != "scripted") | (trials.seed != 3))

    def fields(chosen):
        return [one.field for one in find_registration(locked, read_plan(locked), chosen).deviations]

    assert fields(stopped) == fields(gone) == ["parts.scripted.trials"]
    rule = {"half_width": 0.1}
    change_plan(locked, lambda plan: plan["study"].update(stopping=rule))
    study = json.loads((locked / "lock.json").read_text())["study"] | {"stopping": rule}
    relock(locked, study=study)
    # The rule may stop a run, and a run that somebody ended by hand is not one that it stopped.
    assert fields(stopped) == fields(gone) == ["parts.scripted.trials"]
    (locked / "stopped.json").write_text(json.dumps({"n": 6, "seeds": 20, "why": "x", "estimate": 0, "low": -0.1, "high": 0.1}))
    assert fields(stopped) == []
    assert fields(gone) == ["parts.scripted.trials"]
    assert fields(trials.where((trials.part != "scripted") | (trials.seed < 5))) == ["parts.scripted.trials"]


def test_a_lock_that_is_younger_than_the_first_trial_was_none(locked):
    tomorrow = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    relock(locked, written=tomorrow.isoformat(timespec="seconds"))
    found = look(locked)
    assert [one.field for one in found.deviations] == ["written"]
    assert found.mark("scripted", "survived") == "exploratory"


def test_a_rule_in_the_place_of_a_model_lets_any_model_play(locked):
    relock(locked, model={"rule": "the first eligible model"})
    change_plan(locked, lambda plan: plan["model"].update(name="newer", digest="sha256:1"))
    found = look(locked)
    assert found.deviations == ()
    assert found.model == "the first eligible model"


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": "commonweal.lock-draft/1"}', '{"schema": "commonweal.lock/1"}'])
def test_a_damaged_lock_is_said(locked, text):
    (locked / "lock.json").write_text(text)
    with pytest.raises(LogError, match="commonweal lock"):
        look(locked)
