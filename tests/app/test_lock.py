"""The verb locks a study of the catalogue or of a file, and says where the lock lies."""

import json

from commonweal_plugin.study import study as tithe

from commonweal.analysis.plans import read_plan
from commonweal.analysis.registration import find_registration
from commonweal.analysis.trials import read_trials
from commonweal.app.main import main
from commonweal.lab.lock import copy_lock


def test_a_study_of_the_catalogue_is_locked_in_the_working_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["lock", "tithe", "--seeds", "5"]) == 0
    said = capsys.readouterr().out
    lock = json.loads((tmp_path / "tithe.lock.json").read_text())
    assert lock["digest"] in said
    assert lock["parts"][0]["seeds"] == 5
    assert lock["model"] is None
    assert main(["lock", "tithe"]) == 2
    assert "never overwritten" in capsys.readouterr().err
    assert main(["lock", "tithe", "--out", "tithe.lock.json"]) == 0
    assert f"It supersedes a lock of {lock['written']}" in capsys.readouterr().out
    assert json.loads((tmp_path / "tithe.lock.1.json").read_text()) == lock


def test_a_rule_may_stand_in_the_place_of_a_model(tmp_path, capsys):
    for words, rule in (([], "first eligible model"), (["any model of the year 2031"], "any model of the year 2031")):
        out = tmp_path / f"{len(words)}.json"
        assert main(["lock", "tithe", "--out", str(out), "--eligible", *words]) == 0
        assert rule in json.loads(out.read_text())["model"]["rule"]
    capsys.readouterr()


def test_mistakes_are_said(tmp_path, capsys):
    assert main(["lock", "no-such-study"]) == 2
    assert main(["lock", "tithe", "--seeds", "0", "--out", str(tmp_path / "a.json")]) == 2
    assert "expected at least 1" in capsys.readouterr().err
    assert not (tmp_path / "a.json").exists()


def test_a_locked_run_is_confirmatory_from_end_to_end(tmp_path, capsys):
    lock, directory = tmp_path / "tithe.lock.json", tmp_path / "run"
    assert main(["lock", "tithe", "--out", str(lock)]) == 0
    copy_lock(lock, directory, "tithe")
    assert main(["run", "tithe", "--out", str(directory), "--jobs", "1"]) == 0
    found = find_registration(directory, read_plan(directory), read_trials(directory))
    assert found.sound
    assert found.deviations == ()
    assert found.mark(tithe.primary.part, tithe.primary.metric) == "confirmatory"
    # Six trials are too few to call one odd.
    assert main(["discover", str(directory)]) == 0
    assert "Nothing is odd." in capsys.readouterr().out
    assert "proposed nothing" in (directory / "discoveries.html").read_text()
