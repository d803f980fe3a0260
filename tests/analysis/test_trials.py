import hashlib
import json
import time

import duckdb
import numpy as np
import pytest

from commonweal.analysis.estimates import write_estimates
from commonweal.analysis.report import write_report
from commonweal.analysis.trials import TRIALS_SCHEMA, hash_trials, read_trials, write_table
from commonweal.core.errors import LogError
from commonweal.statistics.norm_index import measure_agreement, pseudo_values


def test_one_row_a_trial_in_order(finished):
    trials = read_trials(finished)
    assert len(trials) == 662
    keys = list(zip(trials.part.tolist(), trials.cell.tolist(), trials.seed.tolist(), strict=True))
    assert keys == sorted(keys)
    assert keys[0] == ("language", 0, 0)


def test_columns_hold_what_the_logs_hold(synthetic, finished):
    trials = read_trials(finished)
    i = trials.part.tolist().index("scripted") + 10 * 33 + 4  # cell 33, seed 4
    levels = {"ruthless share": synthetic.SHARES[5], "detection probability": 0.25, "population": 50}
    rows = synthetic.scripted_rows(("scripted", 33, 4), levels)
    assert {name: column[i] for name, column in trials.factors.items() if name != "audit"} == levels
    assert trials.factors["audit"][[0, 1, i]].tolist() == ["off", "on", ""]
    for r in rows:
        if r["kind"] == "value":
            assert trials.metrics[r["name"]][i] == r["value"]
    assert trials.costs["wall_ms"][i] == 3
    assert trials.costs["calls"][:2].tolist() == [121, 121]
    assert np.isnan(trials.factors["population"][0])


def test_any_reader_of_parquet_finds_types_and_units(finished):
    path = finished / "trials.parquet"
    with duckdb.connect() as connection:
        types = {r[0]: r[1] for r in connection.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()}
        pairs = dict(connection.execute(f"SELECT key, value FROM parquet_kv_metadata('{path}')").fetchall())
    assert types["survived"] == types["ruthless share"] == "DOUBLE"
    assert types["audit"] == types["log_digest"] == types["engine"] == "VARCHAR"
    units = json.loads(pairs[b"commonweal.units"])
    assert (units["welfare"], units["wall_ms"], units["survived"]) == ("tokens", "ms", "1")
    assert pairs[b"commonweal.schema"].decode() == TRIALS_SCHEMA


def test_the_study_digest_is_the_hash_of_lines(synthetic, finished):
    digests = ["sha256:aa", "sha256:bb"]
    assert hash_trials(digests) == "sha256:" + hashlib.sha256(b"sha256:aa\nsha256:bb\n").hexdigest()
    trials = read_trials(finished)
    assert trials.log_digest[0] == json.loads(synthetic.header(("language", 0, 0))["text"])["log_digest"]


def test_the_table_does_not_depend_on_the_files(synthetic, tmp_path):
    plan = synthetic.write_plan(tmp_path, seeds=1)
    cells = plan["parts"][0]["cells"][:6]
    trials = [synthetic.scripted_rows(("scripted", cell["cell"], 0), cell["levels"]) for cell in cells]
    synthetic.write_logs(tmp_path, [r for t in trials for r in t])
    first = read_trials(write_table(tmp_path).parent)
    (tmp_path / "logs" / "scripted-0.parquet").unlink()
    for i, rows in enumerate(trials):
        synthetic.write_logs(tmp_path, rows[::-1], f"z{9 - i}")
    second = read_trials(write_table(tmp_path).parent)
    assert first.log_digest.tolist() == second.log_digest.tolist()
    assert first.metrics["welfare"].tolist() == second.metrics["welfare"].tolist()


def test_a_missing_value_is_nan(synthetic, tmp_path):
    synthetic.write_plan(tmp_path)
    synthetic.write_logs(
        tmp_path, [synthetic.header(("scripted", 0, 0)), synthetic.row(("scripted", 0, 0), "value", "survived", value=1.0)]
    )
    trials = read_trials(write_table(tmp_path).parent)
    assert trials.metrics["survived"].tolist() == [1.0]
    assert np.isnan(trials.metrics["welfare"][0])
    assert trials.costs["calls"].tolist() == [0.0]


def test_logs_of_another_plan_are_refused(synthetic, tmp_path):
    synthetic.write_plan(tmp_path)
    synthetic.write_logs(tmp_path, [synthetic.header(("scripted", 999, 0))])
    with pytest.raises(LogError, match=r"cell scripted/999, which plan\.json does not have"):
        write_table(tmp_path)
    key = ("scripted", 0, 0)
    synthetic.write_logs(tmp_path, [synthetic.header(key), synthetic.row(key, "value", "luck", value=1.0)])
    with pytest.raises(LogError, match="metric 'luck'"):
        write_table(tmp_path)


def test_a_factor_that_is_named_like_a_metric_is_refused(synthetic, tmp_path):
    plan = synthetic.write_plan(tmp_path)
    plan["parts"][1]["factors"][0]["label"] = "survived"
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    synthetic.write_logs(tmp_path, [synthetic.header(("scripted", 0, 0))])
    with pytest.raises(LogError, match="found 'survived' twice"):
        write_table(tmp_path)


def test_tables_that_cannot_be_read(synthetic, tmp_path):
    synthetic.write_plan(tmp_path)
    with pytest.raises(LogError, match="Write the table first"):
        read_trials(tmp_path)
    (tmp_path / "trials.parquet").write_bytes(b"nonsense")
    with pytest.raises(LogError, match=r"trials\.parquet: not readable Parquet"):
        read_trials(tmp_path)
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 1 AS x) TO '{tmp_path}/trials.parquet' (FORMAT parquet)")
    with pytest.raises(LogError, match=r"found schema 'none', expected 'commonweal.trials/1'"):
        read_trials(tmp_path)


def test_ten_thousand_trials_are_quick_and_the_page_stays_small(synthetic, tmp_path):
    synthetic.write_run(tmp_path, seeds=152)
    start = time.perf_counter()
    write_table(tmp_path)
    write_estimates(tmp_path)
    middle = time.perf_counter()
    path = write_report(tmp_path)
    assert len(read_trials(tmp_path)) == 10_034
    assert middle - start < 20
    assert time.perf_counter() - middle < 10
    assert path.stat().st_size < 10_000_000


def test_a_metric_across_trials_is_filled_cell_by_cell(synthetic, tmp_path):
    plan = synthetic.write_plan(tmp_path)
    columns = ("survived", "efficiency", "equality")
    plan["metrics"]["index"] = plan["metrics"]["survived"] | {"across": list(columns)}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    rng = np.random.default_rng(1)
    counts, rows = rng.integers(1, 9, (2, 4, 2)), []
    for cell, seed in np.ndindex(2, 4):
        key, own = ("scripted", cell, seed), counts[cell, seed]
        numbers = dict(zip(columns, (measure_agreement(own), *(own / own.sum())), strict=True))
        if (cell, seed) == (1, 2):
            numbers.pop("equality")
        rows += [synthetic.header(key), *(synthetic.row(key, "value", name, value=float(x)) for name, x in numbers.items())]
    synthetic.write_logs(tmp_path, rows)
    index = read_trials(write_table(tmp_path).parent).metrics["index"].reshape(2, 4)
    known = [0, 1, 3]
    for found, own in ((index[0], counts[0]), (index[1, known], counts[1, known])):
        assert found == pytest.approx(pseudo_values(measure_agreement(own), own / own.sum(1, keepdims=True)))
    assert np.isnan(index[1, 2])
    # Of one trial there is none.
    (tmp_path / "logs" / "scripted-0.parquet").unlink()
    synthetic.write_logs(tmp_path, rows[:4])
    assert np.isnan(read_trials(write_table(tmp_path).parent).metrics["index"]).all()
