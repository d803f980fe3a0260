"""The verb scans a run, says what is odd, and promotes a proposal."""

import json

from commonweal.app.main import main


def test_a_real_run_is_scanned_and_a_proposal_promoted(tmp_path, capsys):
    directory = tmp_path / "run"
    assert main(["run", "tithe", "--out", str(directory), "--jobs", "1"]) == 0
    capsys.readouterr()
    (directory / "trials.parquet").unlink()
    assert main(["discover", str(directory)]) == 0
    # Six trials are too few to call one odd.
    assert "Nothing is odd." in capsys.readouterr().out
    assert "proposed nothing" in (directory / "discoveries.html").read_text()
    assert main(["discover", str(directory), "--promote", "D1"]) == 2
    assert "none: the scan proposed nothing" in capsys.readouterr().err
    row = {
        "id": "D1", "kind": "trials", "part": "main", "cells": [0], "trials": [["main", 0, 1]], "reading": "ledger.made",
        "feature": "level", "words": "One trial: odd.", "score": 1.5, "threshold": 8.0, "share": 0.1,
    }  # fmt: skip
    plan = json.loads((directory / "plan.json").read_text())
    row |= {"part": plan["parts"][0]["name"]}
    with (directory / "discoveries.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    assert main(["discover", str(directory), "--promote", "D1"]) == 0
    assert (directory / "D1.lock-draft.json").exists()
    assert "commonweal lock" in capsys.readouterr().out


def test_what_is_no_run_is_refused(tmp_path, capsys):
    assert main(["discover", str(tmp_path)]) == 1
    assert "no plan.json" in capsys.readouterr().err
