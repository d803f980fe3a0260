import dataclasses

import duckdb
import pytest

from commonweal.analysis.logs import count_events, list_recorded, name_column, name_file, open_logs, quote, read_trial
from commonweal.core.errors import LogError


def test_a_trial_reads_back_row_for_row(synthetic, finished):
    rows = read_trial(finished, ("language", 1, 0))
    assert len(rows) == len(synthetic.language_rows(("language", 1, 0)))
    stock = next(r for r in rows if r.name == "world.stock")
    assert stock.values == tuple(100 - 3 * t for t in range(12))
    assert {r.kind for r in rows} == {"header", "reading", "value", "event", "trace", "text", "cost"}


def test_some_ticks_of_the_traces_of_a_trial(finished):
    key = ("language", 1, 0)
    whole = read_trial(finished, key)
    for ticks in (range(0), range(3), range(0, 12, 5), range(50)):
        rows = read_trial(finished, key, ticks)
        at = [tick for tick in ticks if tick < 12]
        assert rows == tuple(
            dataclasses.replace(row, values=tuple(row.values[tick] for tick in at)) if row.kind == "trace" else row
            for row in whole
        )


def test_recorded_trials_and_events(finished):
    assert list_recorded(finished) == {"language": (("language", 0, 0), ("language", 1, 0))}
    assert count_events(finished, "repair") == {("language", 0, 0): 1, ("language", 1, 0): 1}
    assert count_events(finished, "say")["language", 0, 0] == 60


def test_a_chunk_that_ran_twice_counts_once(synthetic, tmp_path):
    rows = synthetic.language_rows(("language", 0, 0))
    synthetic.write_logs(tmp_path, rows, "a")
    synthetic.write_logs(tmp_path, rows, "b")
    assert len(read_trial(tmp_path, ("language", 0, 0))) == len(rows)
    assert count_events(tmp_path, "default") == {("language", 0, 0): 1}


def test_two_logs_of_one_trial_that_differ_are_refused(synthetic, tmp_path):
    synthetic.write_logs(tmp_path, [synthetic.header(("p", 0, 0))], "a")
    other = synthetic.header(("p", 0, 0)) | {"text": '{"log_digest": "sha256:other"}'}
    synthetic.write_logs(tmp_path, [other], "b")
    with pytest.raises(LogError, match=r"a\.parquet and .*b\.parquet: found two different logs of trial p/0/0"):
        open_logs(tmp_path)


def test_no_logs(tmp_path):
    with pytest.raises(LogError, match="Run the study first"):
        open_logs(tmp_path)


def test_a_damaged_file_is_named(synthetic, tmp_path):
    synthetic.write_logs(tmp_path, synthetic.language_rows(("language", 0, 0)), "good")
    (tmp_path / "logs" / "torn.parquet").write_bytes(b"PAR1 and then the power went")
    with pytest.raises(LogError, match=r"torn\.parquet: found a file that is not readable Parquet.*run the study again"):
        open_logs(tmp_path)


def test_a_file_damaged_in_the_middle_is_named(synthetic, tmp_path):
    synthetic.write_logs(tmp_path, synthetic.language_rows(("language", 0, 0)), "good")
    path = synthetic.write_logs(tmp_path, synthetic.language_rows(("language", 1, 0)), "rotten")
    whole = bytearray(path.read_bytes())
    whole[4 : len(whole) // 2] = b"\xff" * (len(whole) // 2 - 4)
    path.write_bytes(bytes(whole))
    with pytest.raises(LogError, match=r"rotten\.parquet: found a file that is not readable"):
        open_logs(tmp_path)


def test_another_version_is_named_with_its_columns(tmp_path):
    (tmp_path / "logs").mkdir()
    path = tmp_path / "logs" / "old.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 'p' AS part, 'x' AS cell) TO '{path}' (FORMAT parquet)")
    with pytest.raises(LogError, match=r"old\.parquet: found columns cell VARCHAR, seed missing.*another version"):
        open_logs(tmp_path)


def test_an_unknown_trial_is_answered_with_known_ones(finished):
    with pytest.raises(LogError, match="no trial scripted/0/99 in the logs; there are language/0/0"):
        read_trial(finished, ("scripted", 0, 99))


def test_awkward_folders_and_names(synthetic, tmp_path):
    directory = tmp_path / "it's [1] *"
    directory.mkdir()
    plain = synthetic.write_logs(tmp_path, [synthetic.header(("p", 0, 0)), synthetic.row(("p", 0, 0), "event", "x'y", tick=1)])
    (directory / "logs").mkdir()
    plain.rename(directory / "logs" / "a.parquet")
    assert count_events(directory, "x'y") == {("p", 0, 0): 1}
    assert name_file(directory).endswith("it''s [[]1] [*]'")
    assert (quote("a'b"), name_column('a"b')) == ("'a''b'", '"a""b"')
