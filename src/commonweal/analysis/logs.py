"""The logs of a run, `logs/*.parquet`: checked once, then read through duckdb.

Source: design/002-files-of-a-run.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from commonweal.core.errors import LogError

if TYPE_CHECKING:
    import duckdb

TrialKey: TypeAlias = tuple[str, int, int]
"""A trial's name: part, cell, seed."""

_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UINTEGER")
_COLUMNS = {
    "part": ("VARCHAR",),
    "cell": _WHOLE,
    "seed": _WHOLE,
    "kind": ("VARCHAR",),
    "name": ("VARCHAR",),
    "tick": _WHOLE,
    "agent": _WHOLE,
    "values": ("BIGINT[]", "INTEGER[]"),
    "value": ("DOUBLE", "FLOAT"),
    "text": ("VARCHAR",),
}


@dataclass(frozen=True)
class LogRow:
    """One row of a log: one stream, event or text of a trial."""

    kind: str
    """`header`, `reading`, `value`, `event`, `trace`, `text` or `cost`."""
    name: str
    """Of the stream: `world.stock`, `survived`, `default`."""
    tick: int | None
    """Of an event, from 0."""
    agent: int | None
    """Of an event or a trace, from 0."""
    values: tuple[int, ...]
    """One integer a tick of a reading or trace; the integers of an event, text or cost."""
    value: float | None
    """A metric's value."""
    text: str | None
    """Header, words of an event, or one entry of the text table."""


def quote(text: str) -> str:
    """A string as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def name_column(label: str) -> str:
    """A label as an SQL identifier."""
    return '"' + label.replace('"', '""') + '"'


def name_file(path: Path) -> str:
    """A path as an SQL literal that matches this one file, whatever characters it holds."""
    return quote("".join(f"[{c}]" if c in "*?[" else c for c in str(path)))


def connect() -> duckdb.DuckDBPyConnection:
    """A duckdb in memory that never loads anything from outside the machine."""
    import duckdb

    return duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})


def scan(paths: list[Path], filename: bool = False) -> str:
    """The SQL that reads these Parquet files."""
    return f"read_parquet([{', '.join(name_file(path) for path in paths)}], filename={'true' if filename else 'false'})"


def open_logs(directory: Path) -> duckdb.DuckDBPyConnection:
    """A connection whose view `logs` holds every row of the run, each trial once.

    A chunk of trials that was run twice (its lease ran out, both finished) is read from one file; the two must agree.

    Raises:
        LogError: there are no logs, or a file is damaged, of another version, or contradicts another.
    """
    paths = sorted((Path(directory) / "logs").glob("*.parquet"))
    if not paths:
        raise LogError(f"{Path(directory) / 'logs'}: found no *.parquet, expected at least one. Run the study first.")
    connection = connect()
    try:
        _check_columns(connection, paths)
        connection.execute(f"CREATE VIEW files AS SELECT * FROM {scan(paths, filename=True)}")
        connection.execute(
            "CREATE TABLE homes AS SELECT part, cell, seed, min(filename) AS home, max(filename) AS other, "
            "count(DISTINCT json_extract_string(text, '$.log_digest')) AS digests "
            "FROM files WHERE kind = 'header' GROUP BY part, cell, seed"
        )
    except LogError:
        raise
    except Exception as error:
        raise _blame(connection, paths, error) from error
    clash = connection.execute("SELECT part, cell, seed, home, other FROM homes WHERE digests > 1 LIMIT 1").fetchone()
    if clash:
        part, cell, seed, home, other = clash
        raise LogError(
            f"{home} and {other}: found two different logs of trial {part}/{cell}/{seed}, expected the same. "
            "The same seed must give the same log: move one file away, run again, and report which part differs."
        )
    connection.execute(
        "CREATE VIEW logs AS SELECT files.* EXCLUDE (filename) FROM files JOIN homes "
        "ON files.part = homes.part AND files.cell = homes.cell AND files.seed = homes.seed AND filename = home"
    )
    return connection


def _check_columns(connection: duckdb.DuckDBPyConnection, paths: list[Path]) -> None:
    for path in paths:
        try:
            rows = connection.execute(f"DESCRIBE SELECT * FROM {scan([path])}").fetchall()
        except Exception as error:
            raise _damaged(path, error) from error
        found = {str(row[0]): str(row[1]) for row in rows}
        wrong = [f"{name} {found.get(name, 'missing')}" for name, kinds in _COLUMNS.items() if found.get(name) not in kinds]
        if wrong:
            raise LogError(
                f"{path}: found columns {', '.join(wrong)}; expected those of design/002. "
                "The log is of another version: read it with the version of commonweal that wrote it."
            )


def _blame(connection: duckdb.DuckDBPyConnection, paths: list[Path], error: Exception) -> LogError:
    for path in paths:
        try:
            connection.execute(f'SELECT count(*), max(text), max("values"[1]), max(value) FROM {scan([path])}').fetchall()
        except Exception as own:
            return _damaged(path, own)
    return LogError(f"{paths[0].parent}: the logs cannot be read together ({error}). Run the study again.")


def _damaged(path: Path, error: Exception) -> LogError:
    first = str(error).splitlines()[0]
    return LogError(
        f"{path}: found a file that is not readable Parquet ({first}), expected a finished log. "
        "Move the file away and run the study again: only its trials are repeated."
    )


def read_trial(directory: Path, key: TrialKey, ticks: range | None = None) -> tuple[LogRow, ...]:
    """Every row of one trial, in the order of the file.

    Args:
        directory: folder of the run.
        key: the trial.
        ticks: which ticks of its traces are read, since those of a long trial are millions of numbers: a trace then has a value
            for each of these ticks that the trial has; None: all. What is no trace is read whole.

    Raises:
        LogError: as `open_logs`, or the trial is not in the logs.
    """
    values = '"values"'
    if ticks is not None:
        # SQL counts from 1, and its last place is within.
        chosen = f'"values"[{ticks.start + 1} : {ticks.stop} : {ticks.step}]' if ticks else "[]"
        values = f"CASE WHEN kind = 'trace' THEN {chosen} ELSE \"values\" END"
    with open_logs(directory) as connection:
        rows = connection.execute(
            f"SELECT kind, name, tick, agent, {values}, value, text FROM logs WHERE part = ? AND cell = ? AND seed = ?",
            list(key),
        ).fetchall()
        if not rows:
            found = connection.execute("SELECT part, cell, seed FROM homes ORDER BY ALL LIMIT 3").fetchall()
            known = ", ".join(f"{part}/{cell}/{seed}" for part, cell, seed in found)
            asked = "/".join(str(item) for item in key)
            raise LogError(f"{directory}: no trial {asked} in the logs; there are {known}, ... Ask for one of those.")
    return tuple(LogRow(r[0], r[1], r[2], r[3], tuple(r[4] or ()), r[5], r[6]) for r in rows)


def list_recorded(directory: Path) -> dict[str, tuple[TrialKey, ...]]:
    """The trials that kept per-agent traces or words, by part, in (cell, seed) order."""
    with open_logs(directory) as connection:
        rows = connection.execute(
            "SELECT DISTINCT part, cell, seed FROM logs WHERE kind IN ('trace', 'text') ORDER BY ALL"
        ).fetchall()
    recorded: dict[str, tuple[TrialKey, ...]] = {}
    for part, cell, seed in rows:
        recorded[part] = (*recorded.get(part, ()), (part, cell, seed))
    return recorded


def count_events(directory: Path, name: str) -> dict[TrialKey, int]:
    """How often an event of that name happened in each trial that has any."""
    with open_logs(directory) as connection:
        rows = connection.execute(
            "SELECT part, cell, seed, count(*) FROM logs WHERE kind = 'event' AND name = ? GROUP BY part, cell, seed",
            [name],
        ).fetchall()
    return {(part, cell, seed): int(n) for part, cell, seed, n in rows}
