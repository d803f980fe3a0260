"""Trials on disk: one Parquet file a chunk, written whole or not at all. `design/002-files-of-a-run.md` has the columns."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np

from commonweal import __version__
from commonweal.core.errors import LogError
from commonweal.engine.log import TrialLog

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
Row = dict[str, object]


def chunk_path(directory: Path, part: str, chunk: int) -> Path:
    """Where the log of a chunk lies."""
    return directory / "logs" / f"{part}-{chunk:06d}.parquet"


def write_logs(path: Path, part: str, trials: list[tuple[int, int, TrialLog]]) -> None:
    """Write the logs of a chunk's trials, (cell, seed, log) each, to one Parquet file.

    Raises:
        LogError: it cannot be written; nothing of it is left behind.
    """
    draft = path.with_name(f".{path.name}.tmp")
    schema = ", ".join(f"'{name}': '{kind}'" for name, kind in _COLUMNS.items())
    try:
        with tempfile.NamedTemporaryFile("w", suffix=".ndjson", dir=path.parent, encoding="utf-8") as lines:
            for cell, seed, log in trials:
                for row in rows(log):
                    lines.write(json.dumps({"part": part, "cell": cell, "seed": seed, **row}))
                    lines.write("\n")
            lines.flush()
            with duckdb.connect() as connection:
                connection.execute("SET threads = 1")
                connection.execute(
                    f"COPY (SELECT * FROM read_json('{_quoted(Path(lines.name))}', format='newline_delimited', "
                    f"maximum_object_size=536870912, columns={{{schema}}})) TO '{_quoted(draft)}' "
                    "(FORMAT parquet, COMPRESSION zstd)"
                )
        draft.replace(path)
    except (OSError, duckdb.Error) as error:
        draft.unlink(missing_ok=True)
        raise LogError(f"{path} cannot be written: {str(error).splitlines()[0]}; free space or use another folder") from error


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def rows(log: TrialLog) -> Iterator[Row]:
    """The rows of a trial's log, without part, cell and seed."""
    header = {**log.header, "log_digest": log.digest, "versions": {"commonweal": __version__}}
    yield {"kind": "header", "name": "trial", "text": json.dumps(header, sort_keys=True)}
    for name in sorted(log.readings):
        yield {"kind": "reading", "name": name, "values": log.readings[name].tolist()}
    for name in sorted(log.values):
        value = log.values[name]
        yield {"kind": "value", "name": name, "value": value if np.isfinite(value) else None}
    for event in log.events:
        yield {
            "kind": "event",
            "name": event.kind,
            "tick": event.tick,
            "agent": event.agent,
            "values": list(event.values),
            "text": event.words,
        }
    for handle, text in enumerate(log.texts):
        yield {"kind": "text", "name": "text", "values": [handle], "text": text}
    for name in sorted(log.traces):
        series = log.traces[name]
        if series.ndim == 2:
            for agent in range(series.shape[1]):
                yield {"kind": "trace", "name": name, "agent": agent, "values": series[:, agent].tolist()}
    for name in sorted(log.costs):
        yield {"kind": "cost", "name": name, "values": [log.costs[name]]}
