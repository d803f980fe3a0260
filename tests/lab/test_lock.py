"""A lock holds what could be bent afterwards, is closed with a digest, and is never overwritten."""

import dataclasses
import hashlib
import json
import subprocess

import pytest
from commonweal_plugin.study import study as tithe

from commonweal.core.errors import StudyError
from commonweal.lab.lock import (
    FIRST_ELIGIBLE,
    check_lock,
    close_lock,
    copy_lock,
    find_commit,
    find_earlier,
    make_lock,
    place_lock,
    save_lock,
)
from commonweal.lab.plan import make_plan
from commonweal.lab.study import source_file
from commonweal.studies.lone_cooperator import study as lone


@pytest.fixture(scope="module")
def plan():
    return make_plan(tithe, None, None)


def test_the_lock_is_the_plans_words_with_a_digest_over_them(plan):
    lock = make_lock(tithe, plan)
    rest = {name: value for name, value in lock.items() if name != "digest"}
    # FIPS 180-4 by the standard library, over canonical JSON as design/002 has it.
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    assert lock["digest"] == "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    assert lock["study"]["primary"] == plan["study"]["primary"]
    assert lock["study"]["hypotheses"] == plan["study"]["hypotheses"]
    assert {"exclusions", "stopping", "family", "code"} <= set(lock["study"])
    assert lock["parts"][0]["factors"] == plan["parts"][0]["factors"]
    assert lock["analysis"]["unit"].startswith("the trial")
    assert lock["written"].endswith("+00:00")
    assert json.loads(json.dumps(lock)) == lock


def test_a_rule_stands_in_the_place_of_a_model(plan):
    assert make_lock(tithe, plan, FIRST_ELIGIBLE)["model"] == {"rule": FIRST_ELIGIBLE}
    assert make_lock(tithe, plan)["model"] is None


def test_a_plan_of_another_study_is_refused(plan):
    with pytest.raises(StudyError, match="not of 'lone-cooperator'"):
        make_lock(lone, plan)


def test_it_lies_next_to_the_study_and_is_never_overwritten(plan, tmp_path):
    reference = str(tmp_path / "mine.py")
    (tmp_path / "mine.py").write_text("# a study\n")
    assert place_lock(reference) == tmp_path / "mine.lock.json"
    assert str(place_lock("tithe")) == "tithe.lock.json"
    path = save_lock(tithe, plan, reference)
    before = path.read_bytes()
    with pytest.raises(StudyError, match="never overwritten"):
        save_lock(tithe, plan, reference)
    assert path.read_bytes() == before
    check_lock(path, tithe.name)


def test_a_lock_after_others_names_them_and_keeps_them(plan, tmp_path):
    reference, elsewhere = str(tmp_path / "mine.py"), tmp_path / "new.json"
    (tmp_path / "mine.py").write_text("# a study\n")
    path = save_lock(tithe, plan, reference)
    first = json.loads(path.read_text())
    assert "supersedes" not in first
    # Locked again in its place: the old file lies beside it as it was, and the new digest is over the history too.
    old = path.read_bytes()
    assert save_lock(tithe, plan | {"theory": "another"}, reference, path) == path
    assert (tmp_path / "mine.lock.1.json").read_bytes() == old
    second = json.loads(path.read_text())
    assert second["supersedes"] == [{name: first[name] for name in ("digest", "written")}]
    check_lock(path, tithe.name)
    assert check_lock(tmp_path / "mine.lock.1.json", tithe.name) is None
    # Locked in another place: the lock that lies with the study, and what it names, are named.
    third = json.loads(save_lock(tithe, plan, reference, elsewhere).read_text())
    assert {one["digest"] for one in third["supersedes"]} == {first["digest"], second["digest"]}
    assert [one["written"] for one in third["supersedes"]] == [first["written"], second["written"]]
    fourth = json.loads(save_lock(tithe, plan, reference, path).read_text())
    assert [one["digest"] for one in fourth["supersedes"]] == [first["digest"], second["digest"]]
    assert {file.name for file in tmp_path.glob("*.json")} == {
        "mine.lock.json", "mine.lock.1.json", "mine.lock.2.json", "new.json",
    }  # fmt: skip
    # Nobody can take the history out again.
    path.write_text(json.dumps({name: value for name, value in fourth.items() if name != "supersedes"}))
    with pytest.raises(StudyError, match="changed after it was locked"):
        check_lock(path, tithe.name)


def test_what_is_no_lock_of_the_study_is_not_superseded(plan, tmp_path):
    path = tmp_path / "notes.json"
    path.write_text('{"schema": "something else"}')
    with pytest.raises(StudyError, match=r"expected 'commonweal\.lock/1'"):
        save_lock(tithe, plan, "tithe", path)
    path.unlink()
    save_lock(tithe, plan, "tithe", path)
    other = dataclasses.replace(tithe, name="other")
    with pytest.raises(StudyError, match="locks the study 'tithe', not 'other'"):
        save_lock(other, make_plan(other, None, None), "tithe", path)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.json"]


def test_the_lock_that_ships_with_a_study_counts_as_an_earlier_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shipped = json.loads(source_file("commons-audit").with_suffix(".lock.json").read_text())
    assert find_earlier("commons-audit", tmp_path / "x.json", "commons-audit") == [
        {name: shipped[name] for name in ("digest", "written")}
    ]
    assert find_earlier("tithe", tmp_path / "x.json", "tithe") == []


def test_the_commit_is_named_and_whether_the_file_is_as_committed(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("one\n")
    assert find_commit(file) is None
    git = ["git", "-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "mine.py"], ["commit", "-q", "-m", "m", "--no-verify"]):
        subprocess.run([*git, *words], cwd=tmp_path, check=True, capture_output=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip()
    assert find_commit(file) == {"commit": head, "clean": True}
    file.write_text("two\n")
    assert find_commit(file) == {"commit": head, "clean": False}
    assert find_commit(None) is None


def test_a_lock_is_copied_before_anything_is_run(plan, tmp_path):
    path = save_lock(tithe, plan, "tithe", tmp_path / "a.json")
    directory = tmp_path / "run"
    copy = copy_lock(path, directory, tithe.name)
    assert copy.read_bytes() == path.read_bytes()
    assert copy_lock(path, directory, tithe.name) == copy
    other = tmp_path / "b.json"
    other.write_text(json.dumps(close_lock(json.loads(path.read_text()) | {"theory": "another"})))
    with pytest.raises(StudyError, match="begun under another lock"):
        copy_lock(other, directory, tithe.name)
    late = tmp_path / "late"
    (late / "logs").mkdir(parents=True)
    (late / "logs" / "a.parquet").write_bytes(b"")
    with pytest.raises(StudyError, match="has trials already"):
        copy_lock(path, late, tithe.name)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lock: lock | {"schema": "commonweal.lock-draft/1"}, "is a draft"),
        (lambda lock: lock | {"schema": "x"}, "expected 'commonweal.lock/1'"),
        (lambda lock: lock | {"study": lock["study"] | {"name": "other"}}, "locks the study 'other'"),
        (lambda lock: lock | {"theory": "none known, since today"}, "changed after it was locked"),
        (lambda lock: [lock], "is no lock"),
    ],
    ids=["draft", "schema", "study", "tampered", "list"],
)
def test_what_is_no_whole_lock_is_refused(plan, tmp_path, change, words):
    path = save_lock(tithe, plan, "tithe", tmp_path / "a.json")
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(StudyError, match=words):
        copy_lock(path, tmp_path / "run", tithe.name)
    assert not (tmp_path / "run").exists()
