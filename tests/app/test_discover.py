"""The verb promotes a proposal of a scanned run; a real run is scanned in test_lock.py."""

import json

import duckdb
import pytest
from commonweal_plugin.study import study as tithe

from commonweal.app.main import main
from commonweal.lab.plan import make_plan, write_plan


@pytest.fixture
def scanned(tmp_path):
    """A planned run with a discovery log, as the scan writes it."""
    plan = make_plan(tithe, None, None)
    write_plan(plan, tmp_path)
    row = {
        "id": "D1", "kind": "trials", "part": plan["parts"][0]["name"], "cells": [0], "trials": [], "reading": "ledger.made",
        "feature": "level", "words": "One trial: odd.", "score": 1.5, "threshold": 8.0, "share": 0.1,
    }  # fmt: skip
    head = {"schema": "commonweal.discoveries/1", "log_digest": "sha256:0", "level": 0.05, "scanned": 6}
    (tmp_path / "discoveries.jsonl").write_text(json.dumps(head) + "\n" + json.dumps(row) + "\n")
    columns = (
        f"'{row['part']}' AS part, 0 AS cell, 0 AS seed, 'header' AS kind, 'trial' AS name, NULL::INTEGER AS tick, "
        "NULL::INTEGER AS agent, NULL::BIGINT[] AS \"values\", NULL::DOUBLE AS value, '{}' AS text"
    )
    duckdb.sql(f"COPY (SELECT {columns}) TO '{tmp_path / 'logs' / 'a.parquet'}' (FORMAT parquet)")
    return tmp_path


def test_a_proposal_is_promoted_once(scanned, capsys):
    assert main(["discover", str(scanned), "--promote", "D1"]) == 0
    draft = json.loads((scanned / "D1.lock-draft.json").read_text())
    assert draft["seeds"]["used_up"] == {"0": [0, 3], "1": [0, 3]}
    assert "commonweal lock" in capsys.readouterr().out
    assert main(["discover", str(scanned), "--promote", "D1"]) == 2
    assert "promoted before" in capsys.readouterr().err
    assert main(["discover", str(scanned), "--promote", "D2"]) == 2
    assert "there are D1" in capsys.readouterr().err


def test_what_is_no_run_is_refused(tmp_path, capsys):
    assert main(["discover", str(tmp_path)]) == 1
    assert "no plan.json" in capsys.readouterr().err
