"""The verb locks a study of the catalogue or of a file, and says where the lock lies."""

import json

from commonweal.app.main import main


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
