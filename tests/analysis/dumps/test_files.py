"""Files of every form become Parquet with known columns; what is not there is named, with what is."""

import datetime

import pytest

from commonweal.analysis.dumps.columns import MOLTBOOK, TERRALINGUA, ColumnMap
from commonweal.analysis.dumps.files import Column, find_files, key_of, number_of, open_table, time_of, words_of
from commonweal.analysis.logs import connect
from commonweal.core.errors import LogError


@pytest.fixture
def connection():
    found = connect()
    found.execute("SET TimeZone = 'UTC'")
    yield found
    found.close()


def test_files_are_found_in_folders(tmp_path):
    for name in ("data/posts-0.parquet", "data/comments-0.parquet", "data/posts-0.parquet.vectors.parquet", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in find_files([tmp_path], MOLTBOOK)] == ["comments-0.parquet", "posts-0.parquet"]
    with pytest.raises(LogError, match="found no file like"):
        find_files([tmp_path], TERRALINGUA)
    (tmp_path / "run" / "agent_logs").mkdir(parents=True)
    (tmp_path / "run" / "agent_logs" / "being0.jsonl").touch()
    assert [path.name for path in find_files([tmp_path], TERRALINGUA)] == ["being0.jsonl"]
    with pytest.raises(LogError, match="there is no such file"):
        find_files([tmp_path / "gone.csv"], MOLTBOOK)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("2026-01-27T18:01:00+00:00", 1769536860.0),
        ("2026-01-27T19:01:00.5+01:00", 1769536860.5),
        ("2026-01-27 18:01:00", 1769536860.0),
        ("2026-01-27", 1769472000.0),
        ("1769536860", 1769536860.0),
        ("1769536860000", 1769536860.0),
        ("1769536860000000", 1769536860.0),
        ("1769536860000000000", 1769536860.0),
        ("12", 12.0),
        ("soon", None),
        ("", None),
    ],
)
def test_times_of_every_form(connection, said, seconds):
    column = Column("t", "t", "VARCHAR")
    assert connection.execute(f"SELECT {time_of(column)} FROM (SELECT ? AS t)", [said]).fetchone() == (seconds,)


def test_timestamps(connection):
    when = datetime.datetime(2026, 1, 27, 18, 1)
    found = connection.execute(f"SELECT {time_of(Column('t', 't', 'TIMESTAMP'))} FROM (SELECT ?::TIMESTAMP AS t)", [when])
    assert found.fetchone() == (1769536860.0,)


def test_keys_words_and_numbers(connection):
    def read(sql, said):
        return connection.execute(f"SELECT {sql} FROM (SELECT ? AS t)", [said]).fetchone()[0]

    column = Column("t", "t", "VARCHAR")
    assert [read(key_of(column), said) for said in ("12.0", "12", "a-1.0", " x ", "nan", "None", "")] == [
        *("12", "12", "a-1.0", "x", None, None, None)
    ]
    assert [read(words_of(column), said) for said in ("None", " ")] == ["None", None]
    assert [read(number_of(column), said) for said in ("-3", "1.5", "many")] == [-3.0, 1.5, None]
    assert connection.execute(f"SELECT {words_of(None)}, {number_of(None)}, {key_of(None)}").fetchone() == (None, None, None)


def test_a_name_may_reach_into_a_record(tmp_path, connection):
    path = tmp_path / "x.jsonl"
    path.write_text('{"author": {"name": "a"}, "created_at": 5, "submolt": {"name": "g"}, "embedding": [1, 2]}\n')
    table = open_table(connection, path, MOLTBOOK, tmp_path)
    names = {thing: column.name for thing, column in table.columns.items()}
    assert names == {"author": "author.name", "time": "created_at", "community": "submolt.name", "vector": "embedding"}
    row = connection.execute(f"SELECT author, time, vector FROM read_parquet('{table.parquet}')").fetchone()
    assert (row[0], row[1], list(row[2])) == ("a", 5, [1, 2])


def test_what_is_missing_is_named(tmp_path, connection):
    path = tmp_path / "x.csv"
    path.write_text("user,created_at\na,1\n")
    with pytest.raises(LogError, match=r"x.csv: found no column author_id or .* for the author .*it has user, created_at"):
        open_table(connection, path, MOLTBOOK, tmp_path)
    own = ColumnMap("own", ("user",), ("created_at",), "ours")
    assert set(open_table(connection, path, own, tmp_path).columns) == {"author", "time"}
    for name, words in (("x.txt", "ends in '.txt'"), ("y.parquet", "cannot be read"), ("z.json", "cannot be read")):
        (tmp_path / name).write_text("{no")
        with pytest.raises(LogError, match=words):
            open_table(connection, tmp_path / name, own, tmp_path)
