"""A record of decisions: how often each answer was given in each state, and where that is known from.

A state is what a scripted mind sees as well, in the order in which the record declares it:

    own    own last answer; none yet
    told   the mean norm level of the others' last acts as one was told, in bins; not told
    tick   the tick, in bins

Answers are norm levels, so that a record of one game can be seated in any world that has a norm scale. A state outside the
record is answered by the nearest coarser state: the last variable is left out, then the one before it, down to all decisions.

Source: own definition; the conditional frequencies of repeated public-goods games as in C. Keser and F. van Winden,
Scandinavian J. of Economics 102 (2000).
"""

from __future__ import annotations

import csv
import hashlib
import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import equinox as eqx
import numpy as np
from jaxtyping import Array, Int, Int32
from numpy.typing import ArrayLike, NDArray

from commonweal.core.arrays import whole
from commonweal.core.errors import LogError, StudyError
from commonweal.core.numbers import ONE_LEVEL

STATE = ("own", "told", "tick")
"""What a record can be conditioned on."""
Levels = NDArray[np.float64]
"""Norm levels of the members of groups, tick by tick: [g, n, t]; NaN where there was no decision."""


class Record(eqx.Module):
    """Counts of answers by state.

    Raises:
        StudyError: it holds no decision, or its answers, bins and counts do not fit each other.
    """

    counts: Int32[Array, "*s k"] = eqx.field(converter=whole)
    """How often each answer was given in each state: an axis a variable of `state`, in its order, then one of answers. `own`
    has 1 + k places (0: none yet), `told` 2 + its edges (0: not told), `tick` 1 + its edges."""
    answers: tuple[float, ...] = eqx.field(static=True, default=(0.0, 1.0))
    """Norm level of each answer, 0 to 1, ascending; at least two."""
    state: tuple[str, ...] = eqx.field(static=True, default=("own", "told"))
    """What is conditioned on, some of `STATE`, what matters most first."""
    told_edges: tuple[float, ...] = eqx.field(static=True, default=(0.5,))
    """Levels at which a new bin of `told` begins, ascending."""
    tick_edges: tuple[int, ...] = eqx.field(static=True, default=())
    """Ticks at which a new bin of `tick` begins, ascending, from 1."""
    source: str = eqx.field(static=True, default="")
    """Where the decisions come from: a publication, a data set, a run."""
    subjects: int = eqx.field(static=True, default=0)
    """How many people or agents decided; 0: not known."""

    def __check_init__(self) -> None:
        """Refuse a record that cannot be asked."""
        if len(self.answers) < 2 or not _ascend(self.answers) or not 0 <= self.answers[0] <= self.answers[-1] <= 1:
            raise StudyError(f"a record with answers {self.answers}; expected at least two norm levels from 0 to 1, ascending")
        if len(set(self.state)) != len(self.state) or not set(self.state) <= set(STATE):
            raise StudyError(f"a record conditioned on {self.state}; expected some of {STATE}, each once")
        if not _ascend(self.told_edges) or not _ascend(self.tick_edges):
            raise StudyError(f"a record with edges {self.told_edges} and {self.tick_edges}; expected them to ascend")
        if self.counts.shape != (*self.bins, len(self.answers)):
            raise StudyError(
                f"a record of {self.state} with counts of shape {self.counts.shape}; expected {(*self.bins, len(self.answers))}"
            )

    @property
    def bins(self) -> tuple[int, ...]:
        """How many places each variable has."""
        sizes = {"own": 1 + len(self.answers), "told": 2 + len(self.told_edges), "tick": 1 + len(self.tick_edges)}
        return tuple(sizes[name] for name in self.state)

    @property
    def decisions(self) -> int:
        """How many decisions it holds."""
        return int(np.asarray(self.counts, np.int64).sum())

    @property
    def digest(self) -> str:
        """SHA-256 of counts and of what they are counts of; not of the source's words."""
        facts = [self.answers, self.state, self.told_edges, self.tick_edges, np.asarray(self.counts).tolist()]
        return f"sha256:{hashlib.sha256(json.dumps(facts).encode()).hexdigest()}"

    @classmethod
    def of_groups(
        cls,
        levels: ArrayLike,
        answers: tuple[float, ...] = (0.0, 1.0),
        state: tuple[str, ...] = ("own", "told"),
        told_edges: tuple[float, ...] = (0.5,),
        tick_edges: tuple[int, ...] = (),
        source: str = "",
    ) -> Record:
        """The record of groups whose members were told the mean of the others' last levels.

        Args:
            levels: [g, n, t] norm levels; NaN where somebody did not decide.
            answers: norm level of each answer; a level counts as the nearest.
            state: what to condition on.
            told_edges: bins of `told`.
            tick_edges: bins of `tick`.
            source: where the decisions come from.

        Raises:
            StudyError: there is no decision, or as the class.
        """
        groups = checked_groups(levels)
        answer = nearest(groups, answers)
        places = {
            "own": np.concatenate([np.zeros_like(answer[..., :1]), answer[..., :-1] + 1], -1),
            "told": told_bins(groups, told_edges),
            "tick": np.broadcast_to(np.searchsorted(tick_edges, np.arange(groups.shape[-1]), side="right"), groups.shape),
        }
        there = ~np.isnan(groups)
        empty = cls(
            np.zeros((*_sizes(answers, state, told_edges, tick_edges), len(answers)), np.int32),
            answers,
            state,
            told_edges,
            tick_edges,
        )
        at = (*(places[name][there] for name in state), answer[there])
        return _counted(empty, at, source, int(there.any(-1).sum()))

    @classmethod
    def read(
        cls,
        path: str | Path,
        answer: str = "answer",
        state: tuple[str, ...] = ("own", "told"),
        answers: tuple[float, ...] = (0.0, 1.0),
        told_edges: tuple[float, ...] = (0.5,),
        tick_edges: tuple[int, ...] = (),
        source: str = "",
    ) -> Record:
        """The record in a Parquet or CSV file with a row a decision.

        Args:
            path: ends in `.parquet` or `.csv`; a column for the answer and one for each variable of the state, named as it is;
                `subject` says who decided and `count` how many such decisions a row stands for, where they are there.
            answer: the column of the answer, a norm level.
            state: what to condition on: `own` and `told` are levels, empty where there are none; `tick` is a whole number.
            answers: norm level of each answer; a level counts as the nearest.
            told_edges: bins of `told`.
            tick_edges: bins of `tick`.
            source: where the decisions come from; empty: the file's name.

        Raises:
            LogError: there is no such file, it cannot be read, or lacks a column.
            StudyError: a level is not from 0 to 1, there is no decision, or as the class.
        """
        table = read_columns(Path(path), (answer, *state), ("subject", "count"))
        given = table[answer]
        if np.isnan(given).any():
            raise StudyError(f"{path}: {int(np.isnan(given).sum())} rows have no answer in column {answer!r}; leave them out")
        places = {
            "own": lambda own: np.where(np.isnan(own), 0, nearest(np.nan_to_num(own), answers) + 1),
            "told": lambda told: _binned(told, told_edges),
            "tick": lambda tick: np.searchsorted(tick_edges, tick, side="right"),
        }
        for name in (answer, *(name for name in state if name != "tick")):
            _check_levels(table[name], f"{path}: column {name!r}")
        empty = cls(
            np.zeros((*_sizes(answers, state, told_edges, tick_edges), len(answers)), np.int32),
            answers,
            state,
            told_edges,
            tick_edges,
        )
        at = (*(places[name](table[name]) for name in state), nearest(given, answers))
        subjects = len(np.unique(table["subject"])) if "subject" in table else 0
        return _counted(empty, at, source or Path(path).name, subjects, table.get("count"))


@dataclass(frozen=True)
class Statistic:
    """One collective statistic of held-out groups beside what recorded minds make of it."""

    name: str
    """What it is."""
    held: float
    """Its value in the held-out groups."""
    low: float
    """Lower end of the simulated range."""
    high: float
    """Upper end of the simulated range."""

    @property
    def passed(self) -> bool:
        """Whether the held-out value lies in the range."""
        return self.low <= self.held <= self.high


@dataclass(frozen=True)
class Validation:
    """The verdict on a record: whether societies of recorded minds match held-out groups in every collective statistic."""

    record: str
    """Digest of the record that was tried."""
    statistics: tuple[Statistic, ...]
    """What was compared; at least one."""
    groups: tuple[int, int]
    """Groups that the record was taken from, and groups held out."""
    replicates: int
    """Simulated sets of groups."""
    method: str
    """How the ranges were made."""

    @property
    def passed(self) -> bool:
        """Whether every statistic passed."""
        return bool(self.statistics) and all(own.passed for own in self.statistics)

    def write(self, path: Path) -> Path:
        """Write the table and the verdict as JSON.

        Raises:
            LogError: the file cannot be written.
        """
        rows = [asdict(own) | {"passed": own.passed} for own in self.statistics]
        facts = asdict(self) | {"schema": "commonweal.validation/1", "passed": self.passed, "statistics": rows}
        try:
            path.write_text(json.dumps(facts, indent=1, sort_keys=True, allow_nan=False))
        except OSError as error:
            raise LogError(f"{path} cannot be written: {error}; choose another place") from error
        return path

    @staticmethod
    def read(path: Path) -> Validation:
        """The validation in a file; verdicts are reckoned anew from its numbers.

        Raises:
            LogError: it is no such file, or says another verdict than its numbers.
        """
        try:
            facts = json.loads(path.read_text())
            if facts["schema"] != "commonweal.validation/1":
                raise ValueError(f"schema {facts['schema']!r}")
            rows = tuple(
                Statistic(str(own["name"]), float(own["held"]), float(own["low"]), float(own["high"]))
                for own in facts["statistics"]
            )
            groups = (int(facts["groups"][0]), int(facts["groups"][1]))
            found = Validation(str(facts["record"]), rows, groups, int(facts["replicates"]), str(facts["method"]))
            if facts["passed"] is not found.passed:
                raise ValueError("its verdict is not that of its numbers")
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            raise LogError(
                f"{path} is no validation ({error}); expected what `analysis.held_out` wrote: validate again"
            ) from error
        return found


def checked_groups(levels: ArrayLike) -> Levels:
    """Norm levels [g, n, t] as float64.

    Raises:
        StudyError: another shape, a level outside 0 to 1, or no decision.
    """
    groups = np.asarray(levels, np.float64)
    if groups.ndim != 3 or not groups.size or np.isnan(groups).all():
        raise StudyError(f"decisions of shape {groups.shape}; expected levels [groups, members, ticks] with some decision")
    _check_levels(groups, "the levels of the groups")
    return groups


def nearest(levels: NDArray[np.float64], answers: Sequence[float]) -> NDArray[np.int64]:
    """The place of the answer nearest to each level, the lower of two equally near; 0 for NaN."""
    middle = [(low + high) / 2 for low, high in itertools.pairwise(answers)]
    return np.where(np.isnan(levels), 0, np.searchsorted(middle, levels, side="left")).astype(np.int64)


def told_bins(groups: Levels, edges: Sequence[float]) -> NDArray[np.int64]:
    """The bin of what each member is told at each tick, [g, n, t]: 0 not told. Means are reckoned as the engine does."""
    there = ~np.isnan(groups)
    fixed = np.where(there, np.rint(np.nan_to_num(groups) * ONE_LEVEL), 0).astype(np.int64)
    heads = there.sum(1, keepdims=True) - there
    mean = (fixed.sum(1, keepdims=True) - fixed) / np.maximum(heads, 1) / ONE_LEVEL
    told = np.where(heads > 0, mean, np.nan).astype(np.float32)
    return np.concatenate([np.zeros_like(fixed[..., :1]), _binned(told[..., :-1], edges)], -1)


def read_columns(path: Path, needed: Sequence[str], wanted: Sequence[str] = ()) -> Mapping[str, NDArray[np.float64]]:
    """Columns of numbers in a Parquet or CSV file, empty fields as NaN; `subject` may be words, which become numbers.

    Args:
        path: ends in `.parquet` or `.csv`.
        needed: columns that must be there.
        wanted: columns that are read where they are there.

    Raises:
        LogError: there is no such file, it cannot be read, or lacks a column.
    """
    if not path.is_file():
        raise LogError(f"{path} cannot be read: there is no such file; expected a .parquet or .csv file with a row a decision")
    try:
        if path.suffix == ".parquet":
            columns = _parquet(path)
        else:
            with path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file, strict=True))
            columns = {name: [row[name] or None for row in rows] for name in (rows[0] if rows else ())}
    except (OSError, ValueError, csv.Error) as error:
        raise LogError(f"{path} cannot be read: {error}; expected a .parquet or .csv file with a row a decision") from error
    missing = [name for name in needed if name not in columns]
    if missing:
        raise LogError(f"{path} has columns {', '.join(columns) or 'none'}; expected {', '.join(missing)} too")
    return {name: _numbers(columns[name], name, path) for name in (*needed, *wanted) if name in columns}


def _parquet(path: Path) -> dict[str, list[object]]:
    """The columns of a Parquet file; ValueError where it is none."""
    import duckdb

    # The name of one file, whatever characters it holds, and nothing from outside this machine.
    pattern = "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path))
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    try:
        with duckdb.connect(":memory:", config=config) as connection:
            found = connection.read_parquet(pattern)
            return {
                name: list(column) for name, column in zip(found.columns, zip(*found.fetchall(), strict=True), strict=False)
            }
    except duckdb.Error as error:
        raise ValueError(str(error).splitlines()[0]) from error


def _numbers(column: Sequence[object], name: str, path: Path) -> NDArray[np.float64]:
    if name in ("subject", "group"):
        return np.unique([str(own) for own in column], return_inverse=True)[1].astype(np.float64)
    try:
        return np.asarray([math.nan if own is None else float(str(own)) for own in column], np.float64)
    except ValueError as error:
        raise LogError(f"{path}: column {name!r} holds {error}; expected numbers") from error


def _check_levels(levels: NDArray[np.float64], what: str) -> None:
    there = levels[~np.isnan(levels)]
    if there.size and not bool(((there >= 0) & (there <= 1)).all()):
        worst = there[np.argmax(np.abs(there - 0.5))]
        raise StudyError(f"{what} holds {worst:g}; expected norm levels from 0 to 1: divide by the largest contribution")


def _binned(told: NDArray[np.floating], edges: Sequence[float]) -> NDArray[np.int64]:
    found = 1 + np.searchsorted(np.asarray(edges, np.float32), told.astype(np.float32), side="right")
    return np.where(np.isnan(told), 0, found).astype(np.int64)


def _ascend(values: Sequence[float]) -> bool:
    return all(low < high for low, high in itertools.pairwise(values))


def _sizes(answers: Sequence[float], state: Sequence[str], told: Sequence[float], tick: Sequence[int]) -> tuple[int, ...]:
    sizes = {"own": 1 + len(answers), "told": 2 + len(told), "tick": 1 + len(tick)}
    return tuple(sizes.get(name, 1) for name in state)


def _counted(
    empty: Record, at: tuple[NDArray[np.int64], ...], source: str, subjects: int, weight: NDArray[np.float64] | None = None
) -> Record:
    counts = np.zeros((*empty.bins, len(empty.answers)), np.int64)
    np.add.at(counts, at, 1 if weight is None else weight.astype(np.int64))
    if not 0 < counts.sum() < 2**31 or (counts < 0).any():
        raise StudyError(f"a record of {counts.sum()} decisions; expected at least one, fewer than 2^31, and no negative count")
    return Record(counts, empty.answers, empty.state, empty.told_edges, empty.tick_edges, source, subjects)


def resolved(counts: Int[Array, "*s k"]) -> tuple[Int32[Array, "*s k"], Int32[Array, "*s"]]:
    """Counts in which every state has decisions, and which states had: what is missing comes from the nearest coarser state."""
    import jax.numpy as jnp

    known = counts.sum(-1) > 0
    full, depth = counts, counts.ndim - 1
    for left in range(1, depth + 1):
        coarser = counts.sum(tuple(range(depth - left, depth)), keepdims=True)
        full = jnp.where(full.sum(-1, keepdims=True) > 0, full, coarser)
    return full.astype(jnp.int32), known.astype(jnp.int32)
