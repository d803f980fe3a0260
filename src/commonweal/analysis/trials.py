"""The table of trials: one row a trial, typed columns with units, in `trials.parquet`.

Source: design/002-files-of-a-run.md.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from commonweal.analysis.logs import connect, name_column, name_file, open_logs, quote, scan
from commonweal.analysis.plans import Plan, read_plan
from commonweal.core.errors import LogError
from commonweal.statistics.norm_index import pseudo_values_by

if TYPE_CHECKING:
    import duckdb

__all__ = ["COSTS", "TRIALS_SCHEMA", "Trials", "hash_trials", "read_plan", "read_trials", "write_table"]

TRIALS_SCHEMA = "commonweal.trials/1"
"""Version of `trials.parquet`, kept in its Parquet metadata."""

COSTS = {"calls": "1", "prompt_tokens": "tokens", "new_tokens": "tokens", "wall_ms": "ms", "cpu_ms": "ms"}
"""Columns of cost and their units."""

_FIXED = ("part", "cell", "seed", "engine", "ticks", "society_digest", "log_digest")


@dataclass(frozen=True)
class Trials:
    """The trials of a run as columns; `r` trials in (part, cell, seed) order."""

    part: NDArray[np.str_]
    """Part of each trial. [r]"""
    cell: NDArray[np.int64]
    """Cell of its part. [r]"""
    seed: NDArray[np.int64]
    """Seed of the cell. [r]"""
    ticks: NDArray[np.int64]
    """Ticks planned. [r]"""
    factors: Mapping[str, NDArray[Any]]
    """Level of each factor: float [r] with NaN, or str [r] with "", where the part lacks it."""
    metrics: Mapping[str, NDArray[np.float64]]
    """Value of each metric; NaN where a trial has none. [r]"""
    costs: Mapping[str, NDArray[np.float64]]
    """Cost columns, see `COSTS`. [r]"""
    log_digest: NDArray[np.str_]
    """Digest of each trial's log. [r]"""

    def __len__(self) -> int:
        """Number of trials."""
        return int(self.part.size)

    def where(self, mask: NDArray[np.bool_]) -> Trials:
        """The trials that `mask` [r] selects."""
        return Trials(
            self.part[mask],
            self.cell[mask],
            self.seed[mask],
            self.ticks[mask],
            {label: column[mask] for label, column in self.factors.items()},
            {name: column[mask] for name, column in self.metrics.items()},
            {name: column[mask] for name, column in self.costs.items()},
            self.log_digest[mask],
        )


def hash_trials(digests: Sequence[str]) -> str:
    r"""The study's log digest: SHA-256 over the trials' digests in (part, cell, seed) order, each ended by "\n"."""
    lines = "".join(f"{digest}\n" for digest in digests)
    return "sha256:" + hashlib.sha256(lines.encode()).hexdigest()


def write_table(directory: Path) -> Path:
    """Write `trials.parquet` from the logs and the plan; the file is replaced whole or not at all.

    Raises:
        LogError: the plan or a log is missing, damaged, of another version, or they do not fit each other.
    """
    directory = Path(directory)
    plan = read_plan(directory)
    path = directory / "trials.parquet"
    labels = _labels(plan)
    with open_logs(directory) as connection:
        _check_names(connection, plan, directory)
        _insert_cells(connection, plan, labels)
        factors = "".join(f", any_value(cells.{name_column(label)}) AS {name_column(label)}" for label in labels)
        metrics = "".join(
            f", max(value) FILTER (WHERE logs.kind = 'value' AND logs.name = {quote(name)}) AS {name_column(name)}"
            for name in plan.metrics
        )
        costs = "".join(
            f", coalesce(max(\"values\"[1]) FILTER (WHERE logs.kind = 'cost' AND logs.name = '{name}'), 0) AS {name}"
            for name in COSTS
        )
        digests = "".join(
            f", max(json_extract_string(text, '$.{name}')) FILTER (WHERE logs.kind = 'header') AS {name}"
            for name in ("society_digest", "log_digest")
        )
        units = json.dumps(_units(plan, labels), sort_keys=True)
        scratch = path.with_suffix(".parquet.part")
        try:
            connection.execute(
                "CREATE TABLE trials AS SELECT logs.part, logs.cell::INTEGER AS cell, logs.seed::INTEGER AS seed, "
                f"any_value(cells.engine) AS engine, any_value(cells.ticks) AS ticks{factors}{metrics}{digests}{costs} "
                "FROM logs JOIN cells ON logs.part = cells.part AND logs.cell = cells.cell "
                "WHERE logs.kind IN ('header', 'value', 'cost') GROUP BY logs.part, logs.cell, logs.seed"
            )
            for name, card in plan.metrics.items():
                if card.across:
                    _fill_across(connection, name, card.across)
            connection.execute(
                f"COPY (SELECT * FROM trials ORDER BY part, cell, seed) TO {quote(str(scratch))} (FORMAT parquet, "
                f"KV_METADATA {{'commonweal.units': {quote(units)}, 'commonweal.schema': {quote(TRIALS_SCHEMA)}}})"
            )
        except Exception as error:
            scratch.unlink(missing_ok=True)
            first = str(error).splitlines()[0]
            raise LogError(f"{path}: cannot be written ({first}). Make room or a writable folder, and repeat.") from error
    os.replace(scratch, path)
    return path


def _fill_across(connection: duckdb.DuckDBPyConnection, name: str, columns: tuple[str, ...]) -> None:
    """Give each trial its pseudo-value of a metric that is reckoned over the trials of a cell."""
    rows = connection.execute(
        f"SELECT part, cell, seed, {', '.join(map(name_column, columns))} FROM trials ORDER BY part, cell, seed"
    ).fetchall()
    numbers = np.asarray([row[3:] for row in rows], np.float64).reshape(len(rows), len(columns))
    found = pseudo_values_by([row[:2] for row in rows], numbers[:, 0], numbers[:, 1:])
    filled = [(*row[:3], value) for row, value in zip(rows, found.tolist(), strict=True) if np.isfinite(value)]
    connection.execute(
        "CREATE OR REPLACE TABLE filled AS SELECT unnest(?::VARCHAR[]) AS part, unnest(?::INTEGER[]) AS cell, "
        "unnest(?::INTEGER[]) AS seed, unnest(?::DOUBLE[]) AS value",
        [list(column) for column in zip(*filled, strict=True)] or [[], [], [], []],
    )
    connection.execute(
        f"UPDATE trials SET {name_column(name)} = filled.value FROM filled "
        "WHERE trials.part = filled.part AND trials.cell = filled.cell AND trials.seed = filled.seed"
    )


def _labels(plan: Plan) -> dict[str, bool]:
    """Every factor's label in order of appearance, and whether all of its levels are numbers."""
    labels: dict[str, bool] = {}
    for part in plan.parts:
        for factor in part.factors:
            numeric = all(not isinstance(level, str) for level in factor.levels)
            labels[factor.label] = labels.get(factor.label, True) and numeric
    columns = [*_FIXED, *COSTS, *plan.metrics, *labels]
    taken = sorted({name for name in columns if columns.count(name) > 1})
    if taken:
        raise LogError(
            f"plan.json: found {taken[0]!r} twice among the metrics, the factors and the table's own columns; expected "
            "a name of its own for each. Rename the factor or metric in the study and plan again into a new folder."
        )
    return labels


def _units(plan: Plan, labels: Mapping[str, bool]) -> dict[str, str]:
    metrics = {name: card.unit for name, card in plan.metrics.items()}
    return {"ticks": "ticks", **dict.fromkeys(labels, "1"), **metrics, **COSTS}


def _insert_cells(connection: duckdb.DuckDBPyConnection, plan: Plan, labels: Mapping[str, bool]) -> None:
    columns = "".join(f", {name_column(label)} {'DOUBLE' if number else 'VARCHAR'}" for label, number in labels.items())
    connection.execute(f"CREATE TABLE cells (part VARCHAR, cell INTEGER, engine VARCHAR, ticks INTEGER{columns})")
    rows: list[list[object]] = []
    for part in plan.parts:
        for cell in part.cells:
            levels: list[object] = []
            for label, number in labels.items():
                level = cell.levels.get(label)
                levels.append(level if number or level is None or isinstance(level, str) else f"{level:g}")
            rows.append([part.name, cell.cell, part.engine, part.ticks_of(cell), *levels])
    marks = ", ".join("?" for _ in range(4 + len(labels)))
    if rows:
        connection.executemany(f"INSERT INTO cells VALUES ({marks})", rows)


def _check_names(connection: duckdb.DuckDBPyConnection, plan: Plan, directory: Path) -> None:
    known = {(part.name, cell.cell) for part in plan.parts for cell in part.cells}
    for part, cell in connection.execute("SELECT DISTINCT part, cell FROM homes ORDER BY ALL").fetchall():
        if (part, cell) not in known:
            raise LogError(
                f"{directory / 'logs'}: found trials of cell {part}/{cell}, which plan.json does not have. "
                "The logs are of another plan: keep one plan and its logs to a folder."
            )
    for (name,) in connection.execute("SELECT DISTINCT name FROM logs WHERE kind = 'value' ORDER BY ALL").fetchall():
        if name not in plan.metrics:
            raise LogError(
                f"{directory / 'logs'}: found values of metric {name!r}, which plan.json does not have. "
                "The logs are of another plan: keep one plan and its logs to a folder."
            )


def read_trials(directory: Path) -> Trials:
    """The table of `directory`, as numpy columns.

    Raises:
        LogError: `trials.parquet` is missing, damaged, of another version, or lacks a column of the plan.
    """
    path = Path(directory) / "trials.parquet"
    plan = read_plan(directory)
    if not path.exists():
        raise LogError(f"{path}: not found. Write the table first: `commonweal table {path.parent}`.")
    with connect() as connection:
        try:
            pairs = connection.execute(f"SELECT key, value FROM parquet_kv_metadata({name_file(path)})").fetchall()
            columns = cast("dict[str, NDArray[Any]]", connection.execute(f"SELECT * FROM {scan([path])}").fetchnumpy())
        except Exception as error:
            first = str(error).splitlines()[0]
            raise LogError(f"{path}: not readable Parquet ({first}). Delete it and write the table again.") from error
    metadata = {bytes(key).decode() if isinstance(key, bytes) else str(key): bytes(value) for key, value in pairs}
    schema = metadata.get("commonweal.schema", b"none").decode()
    if schema != TRIALS_SCHEMA:
        raise LogError(f"{path}: found schema {schema!r}, expected {TRIALS_SCHEMA!r}. Delete it and write it again.")
    labels = _labels(plan)
    missing = sorted({*_FIXED, *COSTS, *labels, *plan.metrics} - set(columns))
    if missing:
        raise LogError(f"{path}: lacks column {missing[0]!r} of the plan. Delete it and write the table again.")
    return Trials(
        part=_words(columns["part"]),
        cell=columns["cell"].astype(np.int64),
        seed=columns["seed"].astype(np.int64),
        ticks=columns["ticks"].astype(np.int64),
        factors={label: _reals(columns[label]) if number else _words(columns[label]) for label, number in labels.items()},
        metrics={name: _reals(columns[name]) for name in plan.metrics},
        costs={name: _reals(columns[name]) for name in COSTS},
        log_digest=_words(columns["log_digest"]),
    )


def _reals(column: NDArray[Any]) -> NDArray[np.float64]:
    if isinstance(column, np.ma.MaskedArray):
        return np.asarray(np.ma.filled(column.astype(np.float64), np.nan), dtype=np.float64)
    return column.astype(np.float64)


def _words(column: NDArray[Any]) -> NDArray[np.str_]:
    filled = np.ma.filled(column, "") if isinstance(column, np.ma.MaskedArray) else column
    return np.array(["" if item is None else str(item) for item in filled], dtype=np.str_)
