"""The discovery log is written, read, and a proposal promoted once, to a draft that is no lock."""

import json
import shutil

import pytest

from commonweal.analysis.discoveries import promote, read_discoveries, write_discoveries
from commonweal.core.errors import LogError, StudyError
from commonweal.lab.lock import copy_lock


def test_the_log_is_read_as_it_was_written_and_the_same_each_time(odd_run):
    found = write_discoveries(odd_run)
    text = (odd_run / "discoveries.jsonl").read_bytes()
    assert read_discoveries(odd_run) == (found, {})
    assert ("scripted", 4, 2) in found[0].trials
    write_discoveries(odd_run)
    assert (odd_run / "discoveries.jsonl").read_bytes() == text
    head = json.loads(text.splitlines()[0])
    assert (head["schema"], head["scanned"]) == ("commonweal.discoveries/1", 240)


def test_a_promoted_proposal_is_a_draft_that_says_which_seeds_are_used_up(odd_run):
    write_discoveries(odd_run)
    path = promote(odd_run, "D1")
    draft = json.loads(path.read_text())
    assert draft["schema"] == "commonweal.lock-draft/1"
    assert draft["seeds"]["used_up"]["4"] == [0, 30]
    assert draft["study"]["name"] == "audit-d1"
    assert draft["estimand"]["unit"] == "trial"
    # To see an event of share 1/240 once with 95 % chance: log(0.05) / log(1 - 1/240).
    assert draft["design"]["trials_to_see_one_again"] == 718
    with pytest.raises(StudyError, match="is a draft"):
        copy_lock(path, odd_run, "audit")
    assert read_discoveries(odd_run)[1] == {"D1": "D1.lock-draft.json"}
    write_discoveries(odd_run)
    assert read_discoveries(odd_run)[1] == {"D1": "D1.lock-draft.json"}
    with pytest.raises(StudyError, match="promoted before"):
        promote(odd_run, "D1")


def test_what_is_not_there_cannot_be_promoted(odd_run):
    with pytest.raises(LogError, match="was not scanned"):
        promote(odd_run, "D1")
    write_discoveries(odd_run)
    with pytest.raises(StudyError, match=r"no discovery '\.\./\.\./x'"):
        promote(odd_run, "../../x")


def test_a_run_that_was_not_scanned_has_no_log(finished):
    assert read_discoveries(finished) is None


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": "x"}', '{"schema": "commonweal.discoveries/1"}\n{"id": "D1"}'])
def test_a_damaged_log_is_said(finished, tmp_path, text):
    directory = tmp_path / "run"
    shutil.copytree(finished, directory)
    (directory / "discoveries.jsonl").write_text(text)
    with pytest.raises(LogError, match="commonweal discover"):
        read_discoveries(directory)
