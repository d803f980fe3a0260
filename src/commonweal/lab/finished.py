"""Finished trials, read back from a run's logs: what a fork starts from, and what a record of decisions is taken from.

Source: design/002-files-of-a-run.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from commonweal.core.errors import LogError
from commonweal.core.events import Event
from commonweal.engine.log import TrialLog
from commonweal.statistics.norm_index import pseudo_values_by

TrialKey = tuple[str, int, int]
"""A trial's name: part, cell, seed."""


@dataclass(frozen=True)
class Finished:
    """A trial as its log tells of it."""

    log: TrialLog
    """Everything but traces of one answer a contact, which logs do not hold."""
    digest: str
    """The log's digest when it was written."""
    traced: tuple[str, ...]
    """Names of what was traced per agent, as in `act.harvest`, in the order in which it was."""


def trial_name(trial: TrialKey) -> str:
    """A trial as it is typed, `PART/CELL/SEED`."""
    return "/".join(map(str, trial))


def list_finished(directory: Path, part: str) -> tuple[TrialKey, ...]:
    """The trials of a part whose logs are on disk, in (cell, seed) order.

    Raises:
        LogError: the logs cannot be read.
    """
    rows = _query(
        directory, "SELECT DISTINCT part, cell, seed FROM logs WHERE kind = 'header' AND part = ? ORDER BY ALL", [part]
    )
    return tuple((str(own), int(cell), int(seed)) for own, cell, seed in rows)


def read_outcomes(directory: Path, part: str, metric: str, across: tuple[str, ...] = ()) -> list[tuple[int, int, float, float]]:
    """(cell, seed, value, seconds) of the finished trials of a part, in (cell, seed) order; NaN where a trial has no value.

    Args:
        directory: the run's folder.
        part: whose trials.
        metric: whose values.
        across: metrics that it is reckoned from over the trials of a cell; none: values are the trials' own.

    Raises:
        LogError: the logs cannot be read.
    """
    names = across or (metric,)
    rows = _query(
        directory,
        "SELECT cell, seed, any_value(\"values\"[1]) FILTER (WHERE kind = 'cost' AND name = 'wall_ms')"
        + ", any_value(value) FILTER (WHERE kind = 'value' AND name = ?)" * len(names)
        + " FROM logs WHERE part = ? AND kind IN ('value', 'cost', 'header') GROUP BY cell, seed ORDER BY cell, seed",
        [*names, part],
    )
    numbers = np.asarray([row[2:] for row in rows], np.float64).reshape(len(rows), 1 + len(names))
    values = numbers[:, 1]
    if across:
        values = pseudo_values_by([row[0] for row in rows], values, numbers[:, 2:])
    return [
        (int(row[0]), int(row[1]), float(value), float(wall) / 1000)
        for row, value, wall in zip(rows, values, numbers[:, 0], strict=True)
    ]


def read_finished(directory: Path, trial: TrialKey) -> Finished:
    """One trial of a run's folder.

    Args:
        directory: the run's folder.
        trial: part, cell and seed.

    Raises:
        LogError: the logs cannot be read, or hold no such trial.
    """
    rows = _query(
        directory,
        'SELECT kind, name, tick, agent, "values", value, text FROM (SELECT *, min(filename) OVER () AS home FROM logs '
        "WHERE part = ? AND cell = ? AND seed = ?) WHERE filename = home",
        list(trial),
    )
    if not rows:
        raise LogError(
            f"{directory} holds no log of trial {trial_name(trial)}; expected PART/CELL/SEED of a trial that is finished: "
            "run the study, or name another"
        )
    return _finished(directory, trial, rows)


def _query(directory: Path, query: str, given: list[Any]) -> list[tuple[Any, ...]]:
    paths = sorted(str(path) for path in (directory / "logs").glob("*.parquet"))
    if not paths:
        raise LogError(f"{directory / 'logs'} holds no *.parquet; expected the logs of a run: run the study first")
    try:
        with duckdb.connect() as connection:
            connection.execute("SET threads = 1")
            relation = connection.read_parquet(paths, filename=True)
            connection.register("logs", relation)
            return connection.execute(query, given).fetchall()
    except duckdb.Error as error:
        problem = str(error).splitlines()[0]
        raise LogError(f"{directory / 'logs'} cannot be read: {problem}; expected the logs of a run of this version") from error


def _finished(directory: Path, trial: TrialKey, rows: list[tuple[Any, ...]]) -> Finished:
    def of(kind: str) -> list[tuple[Any, ...]]:
        return [row[1:] for row in rows if row[0] == kind]

    try:
        header = json.loads(of("header")[0][5])
        traced = tuple(name for name in str(header["record"]).split(",") if name)
        traces: dict[str, dict[int, Any]] = {}
        for name, _, agent, values, _, _ in of("trace"):
            traces.setdefault(name, {})[int(agent)] = values
        handles = {int(values[0]): str(text) for _, _, _, values, _, text in of("text")}
        log = TrialLog(
            society_digest=str(header["society_digest"]),
            seed=int(header["seed"]),
            ticks=int(header["ticks"]),
            readings={name: np.asarray(values, np.int64) for name, _, _, values, _, _ in of("reading")},
            values={name: float("nan") if value is None else float(value) for name, _, _, _, value, _ in of("value")},
            events=tuple(
                Event(int(tick), name, agent, tuple(values), str(text)) for name, tick, agent, values, _, text in of("event")
            ),
            texts=tuple(handles[handle] for handle in range(len(handles))),
            traces={
                name: np.asarray([traces[name][agent] for agent in range(len(traces[name]))], np.int64).T
                for name in traced
                if name in traces
            },
            costs={name: int(values[0]) for name, _, _, values, _, _ in of("cost")},
        )
        return Finished(log, str(header["log_digest"]), traced)
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise LogError(
            f"the log of trial {trial_name(trial)} in {directory} is damaged ({type(error).__name__}: {error}); move its file "
            "away and run the study again: only its trials are repeated"
        ) from error
