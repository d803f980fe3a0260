"""Trials on disk: one Parquet file a chunk, written whole or not at all. `design/002-files-of-a-run.md` has the columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from commonweal import __version__
from commonweal.core.errors import LogError
from commonweal.engine.log import Series, TrialLog

_COLUMNS = {
    "part": "VARCHAR",
    "cell": "INTEGER",
    "seed": "INTEGER",
    "kind": "VARCHAR",
    "name": "VARCHAR",
    "tick": "INTEGER",
    "agent": "INTEGER",
    "values": "BIGINT[]",
    "value": "DOUBLE",
    "text": "VARCHAR",
}


class Row(NamedTuple):
    """One row of a trial's log, without part, cell and seed; None: null."""

    kind: str
    name: str
    tick: int | None = None
    agent: int | None = None
    values: Series | None = None
    value: float | None = None
    text: str | None = None


def chunk_path(directory: Path, part: str, chunk: int) -> Path:
    """Where the log of a chunk lies."""
    return directory / "logs" / f"{part}-{chunk:06d}.parquet"


def write_logs(path: Path, part: str, trials: Iterable[tuple[int, int, TrialLog]]) -> None:
    """Write the logs of a chunk's trials, (cell, seed, log) each, to one Parquet file.

    Raises:
        LogError: it cannot be written; nothing of it is left behind.
    """
    draft = path.with_name(f".{path.name}.tmp")
    columns = _columns(trials)
    selected = ", ".join(f'"{name}"::{kind} AS "{name}"' for name, kind in _COLUMNS.items() if name != "part")
    try:
        with duckdb.connect() as connection:
            connection.execute("SET threads = 1")
            connection.register("columns", columns)
            connection.execute(
                f"COPY (SELECT {_quoted(part)} AS part, {selected} FROM columns) TO {_quoted(str(draft))} "
                "(FORMAT parquet, COMPRESSION zstd)"
            )
        draft.replace(path)
    except (OSError, duckdb.Error) as error:
        draft.unlink(missing_ok=True)
        raise LogError(f"{path} cannot be written: {str(error).splitlines()[0]}; free space or use another folder") from error


def _columns(trials: Iterable[tuple[int, int, TrialLog]]) -> dict[str, NDArray[np.generic]]:
    """The columns of all rows but `part`, which duckdb reads where they lie."""
    found: list[Row] = []
    places: list[tuple[int, int, int]] = []
    for cell, seed, log in trials:
        before = len(found)
        found.extend(rows(log))
        places.append((cell, seed, len(found) - before))
    cells, seeds, counts = np.asarray(places, np.int32).reshape(-1, 3).T
    columns: dict[str, NDArray[np.generic]] = {"cell": np.repeat(cells, counts), "seed": np.repeat(seeds, counts)}
    for place, name in enumerate(Row._fields):
        # Filled one by one: numpy would make a table of rows of one length.
        column = np.empty(len(found), object)
        for at, row in enumerate(found):
            column[at] = row[place]
        columns[name] = column
    return columns


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def rows(log: TrialLog) -> Iterator[Row]:
    """The rows of a trial's log, without part, cell and seed."""
    header = {**log.header, "log_digest": log.digest, "versions": {"commonweal": __version__}}
    yield Row("header", "trial", text=json.dumps(header, sort_keys=True))
    for name in sorted(log.readings):
        yield Row("reading", name, values=log.readings[name])
    for name in sorted(log.values):
        value = log.values[name]
        yield Row("value", name, value=value if np.isfinite(value) else None)
    for event in log.events:
        yield Row("event", event.kind, event.tick, event.agent, np.asarray(event.values, np.int64), text=event.words)
    for handle, text in enumerate(log.texts):
        yield Row("text", "text", values=np.asarray([handle]), text=text)
    for name in sorted(log.traces):
        series = log.traces[name]
        if series.ndim == 2:
            for agent, own in enumerate(np.ascontiguousarray(series.T)):
                yield Row("trace", name, agent=agent, values=own)
    for name in sorted(log.costs):
        yield Row("cost", name, values=np.asarray([log.costs[name]]))
