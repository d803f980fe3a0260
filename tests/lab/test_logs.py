"""A chunk's log on disk holds what the trial left, and is written whole or not at all."""

import json

import duckdb
import numpy as np
import pytest

from commonweal.core.errors import LogError
from commonweal.core.events import Event
from commonweal.engine.log import TrialLog
from commonweal.lab.logs import chunk_path, rows, write_logs

LOG = TrialLog(
    society_digest="sha256:0",
    seed=9,
    ticks=2,
    readings={"ledger.made": np.asarray([2**40, -3])},
    values={"welfare": 1.5, "undefined": float("nan")},
    events=(Event(1, "say", 0, (0,), 'it\'s "so" <b>\x1b[31m</b> ☃'),),
    texts=("O'Hara said: nothing\nat all",),
    traces={"payoff": np.asarray([[1, 2], [3, 4]])},
    costs={"calls": 3},
)


def test_rows_come_back_as_they_were(tmp_path):
    (tmp_path / "logs").mkdir()
    path = chunk_path(tmp_path, "o'part", 3)
    write_logs(path, "o'part", [(0, 0, LOG), (1, 0, LOG)])
    assert [own.name for own in path.parent.iterdir()] == [path.name]
    with duckdb.connect() as connection:
        table = connection.execute("SELECT * FROM read_parquet(?) WHERE cell = 0", [str(path)])
        names = [column[0] for column in table.description]
        found = [dict(zip(names, row, strict=True)) for row in table.fetchall()]
    assert names == ["part", "cell", "seed", "kind", "name", "tick", "agent", "values", "value", "text"]
    assert len(found) == len(list(rows(LOG))) == 9
    of = {(row["kind"], row["name"], row["agent"]): row for row in found}
    assert of["reading", "ledger.made", None]["values"] == [2**40, -3]
    assert of["value", "welfare", None]["value"] == 1.5
    assert of["value", "undefined", None]["value"] is None
    assert of["event", "say", 0]["text"] == LOG.events[0].words
    assert of["trace", "payoff", 1]["values"] == [2, 4]
    assert of["text", "text", None]["text"] == LOG.texts[0]
    header = json.loads(of["header", "trial", None]["text"])
    assert header["log_digest"] == LOG.digest
    assert header["society_digest"] == "sha256:0"


def test_a_folder_that_cannot_be_written_leaves_nothing(tmp_path):
    with pytest.raises(LogError, match="cannot be written"):
        write_logs(tmp_path / "gone" / "x.parquet", "main", [(0, 0, LOG)])
    assert not list(tmp_path.iterdir())
