"""An unsupervised scan of trajectories: which trials, and which cells, run unlike the others, and in what.

Every reading of every trial (of a running total: its increments) is summed up in seven robust features: level, trend,
spread, persistence, largest jump, time of change, end. Within its cell a feature is centred at the median and scaled by the
median absolute deviation, pulled towards that of all cells where a cell has few trials. An eighth column, the combination, is
the Mahalanobis length of the ranks' normal scores, for trials that are odd in no single feature.

- *Trials*: a value is odd if it lies further out than the largest of as many trials would where tails are exponential (of
  logarithms: somewhat thinner), with the scale taken from the inner 80 %. Tails may be lighter than that and the scan only
  finds less; where they are heavier, or a rare second outcome is part of the design, it proposes what is no surprise.
- *Cells*: the mean size of a feature's deviations in a cell, after main effects of the factors are taken off by median polish,
  against the same of trials dealt to cells at random; it must be 1.5 times as large or as small as that leads to expect.
  Where the shape of deviations changes over cells, as at a transition, that change is itself proposed.

The chance that a run without anomalies has any proposal is at most 5 in 100, for all parts, readings and features together.
A proposal is a hint and no finding: it was chosen because it stood out. To be one it needs a lock and fresh seeds.

Source: F. Hampel et al., Robust Statistics (1986) for the scales; J. Tukey, Exploratory Data Analysis (1977) for the polish.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

from commonweal.analysis.logs import TrialKey, open_logs
from commonweal.analysis.plans import Part, Plan

Matrix = NDArray[np.float64]

LEVEL = 0.05
"""Chance that a run without anomalies has a proposal, at most."""
LEAST_TRIALS, LEAST_TICKS = 40, 4
"""A part with fewer trials, or shorter ones, is not scanned."""
FEATURES = ("level", "trend", "spread", "persistence", "largest jump", "time of change", "end")
"""Of each reading."""
COMBINATION = "combination"
"""The length of all features of a reading together."""
_TAMED = ("spread", "persistence", COMBINATION)  # logarithms and the like, whose tails are thinner
_THIN = 4 / 3  # exponent of their tails: between the exponential's 1 and the normal's 2
_SIZED = ("level", "trend", "spread", "end")  # what cells are compared in
_MATERIAL = 1.5  # a cell is proposed if it varies so many times as much, or as little
_BORROWED = 10.0  # trials for which the spread of all cells counts beside a cell's own
_DEALS = 400


@dataclass(frozen=True)
class Discovery:
    """One proposal."""

    id: str
    """`D1`, counted from the most striking one."""
    kind: str
    """`trials` or `cell`."""
    part: str
    """The part."""
    cells: tuple[int, ...]
    """Cells concerned."""
    trials: tuple[TrialKey, ...]
    """Trials concerned: the odd ones, or all of an odd cell."""
    reading: str
    """The reading concerned; agents' own words never enter here."""
    feature: str
    """What of it is odd."""
    words: str
    """What is odd, in a sentence."""
    score: float
    """How far out the most striking one lies, in thresholds: above 1."""
    threshold: float
    """The limit in robust deviations (trials), or as a ratio of spreads (cells)."""
    share: float
    """Odd trials among the part's; 1 for a cell's."""


@dataclass(frozen=True)
class Trajectories:
    """One reading of all trials of a part."""

    name: str
    """Of the reading."""
    values: Matrix
    """One row a trial, one column a tick. [r, t]"""


@dataclass(frozen=True)
class _Table:
    """All features of a part's trials, scaled within cells."""

    keys: tuple[TrialKey, ...]
    cell: NDArray[np.int64]
    columns: tuple[tuple[str, str], ...]
    z: Matrix
    raw: Matrix


def read_trajectories(directory: Path, part: str) -> tuple[tuple[TrialKey, ...], tuple[Trajectories, ...]]:
    """The readings of a part that vary, each once, and the trials in (cell, seed) order.

    Args:
        directory: the run's folder.
        part: name of the part.

    Raises:
        LogError: the logs cannot be read.
    """
    with open_logs(directory) as connection:
        rows = connection.execute(
            "SELECT name, cell, seed, \"values\" FROM logs WHERE kind = 'reading' AND part = ? ORDER BY ALL", [part]
        ).fetchall()
    courses: dict[str, dict[TrialKey, list[int]]] = {}
    for name, cell, seed, values in rows:
        courses.setdefault(str(name), {})[part, int(cell), int(seed)] = list(values or ())
    keys = tuple(sorted({key for own in courses.values() for key in own}))
    found, seen = list[Trajectories](), set[bytes]()
    for name, own in courses.items():
        ticks = min((len(values) for values in own.values()), default=0)
        if len(own) < len(keys) or ticks < LEAST_TICKS:
            continue
        values = take_increments(np.array([own[key][:ticks] for key in keys], np.float64))
        print_ = hashlib.sha256(values.tobytes()).digest()
        if np.ptp(values) > 0 and print_ not in seen:  # two names of one series are one reading
            found.append(Trajectories(name, values))
            seen.add(print_)
    return keys, tuple(found)


def take_increments(values: Matrix) -> Matrix:
    """A running total, which falls in no trial, as what is added tick by tick; any other reading as it is. [r, t] -> [r, t]"""
    steps = np.diff(values, axis=1, prepend=0.0)
    return steps if values.size and (steps[:, 1:] >= 0).all() and (steps > 0).any() else values


def describe_courses(values: Matrix) -> Matrix:
    """The features of trajectories, in the order of `FEATURES`. [r, t] -> [r, 7]

    level: median. trend: median of the last third minus that of the first. spread: log of the standard deviation about the
    line. persistence: Fisher's z of the correlation from tick to tick about the line. largest jump: log. time of change: where
    the running sum of deviations is largest, as a share of the ticks. end: the last value.
    """
    r, t = values.shape
    third = max(1, t // 3)
    scale = max(float(np.std(values)), 1e-12)
    ticks = np.arange(t) - (t - 1) / 2
    slope = (values * ticks).sum(axis=1) / (ticks**2).sum()
    rest = values - values.mean(axis=1, keepdims=True) - slope[:, None] * ticks
    spread = np.sqrt((rest**2).mean(axis=1))
    square = (rest**2).sum(axis=1)
    persistence = np.where(square > 1e-9 * scale**2, (rest[:, 1:] * rest[:, :-1]).sum(axis=1) / np.maximum(square, 1e-300), 0.0)
    sums = np.abs(np.cumsum(values - values.mean(axis=1, keepdims=True), axis=1))
    columns = (
        np.median(values, axis=1),
        np.median(values[:, -third:], axis=1) - np.median(values[:, :third], axis=1),
        np.log(spread + 1e-3 * scale),
        np.arctanh(np.clip(persistence, -0.999, 0.999)),
        np.log(np.abs(np.diff(values, axis=1)).max(axis=1) + 1e-3 * scale),
        sums.argmax(axis=1) / t,
        values[:, -1],
    )
    return np.stack(columns, axis=1) if r else np.zeros((0, len(FEATURES)))


def scan_part(keys: Sequence[TrialKey], readings: Sequence[Trajectories], part: Part, level: float = LEVEL) -> list[Discovery]:
    """The proposals of one part, unnumbered, most striking first.

    Args:
        keys: its trials in (cell, seed) order. [r]
        readings: their trajectories.
        part: of the plan; its factors' main effects are taken off cells.
        level: chance of any proposal where nothing is odd.
    """
    if len(keys) < LEAST_TRIALS or not readings:
        return []
    table = _tabulate(keys, readings)
    found = [*_find_trials(table, level / 2), *_find_cells(table, part)]
    return sorted(found, key=lambda one: -one.score)


def scan_run(directory: Path, plan: Plan) -> tuple[Discovery, ...]:
    """The proposals of a whole run, numbered from the most striking one.

    Args:
        directory: the run's folder.
        plan: of the run.

    Raises:
        LogError: the logs cannot be read.
    """
    found: list[Discovery] = []
    for part in plan.parts:
        keys, readings = read_trajectories(directory, part.name)
        found += scan_part(keys, readings, part, LEVEL / len(plan.parts))
    ranked = sorted(found, key=lambda one: -one.score)
    return tuple(Discovery(f"D{i}", *list(vars(one).values())[1:]) for i, one in enumerate(ranked, 1))


def _tabulate(keys: Sequence[TrialKey], readings: Sequence[Trajectories]) -> _Table:
    cell = np.array([key[1] for key in keys], np.int64)
    columns: list[tuple[str, str]] = []
    scaled, raw = list[Matrix](), list[Matrix]()
    for reading in readings:
        features = describe_courses(reading.values)
        z = np.stack([_scale(features[:, i], cell) for i in range(features.shape[1])], axis=1)
        varied = [i for i in range(len(FEATURES)) if np.ptp(z[:, i]) > 0]
        if not varied:
            continue
        length = np.log(_measure_ranks(z[:, varied]) + 1e-3)
        columns += [(reading.name, FEATURES[i]) for i in varied] + [(reading.name, COMBINATION)]
        scaled += [z[:, varied], _scale(length, np.zeros_like(cell))[:, None]]
        raw += [features[:, varied], length[:, None]]
    if not columns:
        return _Table(tuple(keys), cell, (), np.zeros((len(keys), 0)), np.zeros((len(keys), 0)))
    return _Table(tuple(keys), cell, tuple(columns), np.concatenate(scaled, axis=1), np.concatenate(raw, axis=1))


def _scale(column: Matrix, cell: NDArray[np.int64]) -> Matrix:
    """Deviations from the cell's median in robust standard deviations, the cell's own pulled towards the pooled one."""
    names, where = np.unique(cell, return_inverse=True)
    middle = np.array([np.median(column[where == i]) for i in range(names.size)])
    rest = column - middle[where]
    own = np.array([1.4826 * np.median(np.abs(rest[where == i])) for i in range(names.size)])
    n = np.bincount(where)
    pooled = 1.4826 * float(np.median(np.abs(rest)))
    if pooled == 0:  # most trials agree: then the mean size of deviations stands in, or nothing is odd
        pooled = float(np.abs(rest).mean())
    if pooled == 0:
        return np.zeros_like(rest)
    scale = np.sqrt((n * own**2 + _BORROWED * pooled**2) / (n + _BORROWED))
    return rest / scale[where]


def _measure_ranks(z: Matrix) -> Matrix:
    """Mahalanobis length of the normal scores of ranks; correlations shrunk by a tenth so that they can be inverted."""
    r, q = z.shape
    scores = ndtri((rankdata(z, axis=0) - 0.5) / r)
    spread = np.maximum(scores.std(axis=0), 1e-12)
    scores = scores / spread
    shape = 0.9 * (scores.T @ scores) / r + 0.1 * np.eye(q)
    return np.sqrt(np.maximum((scores * np.linalg.solve(shape, scores.T).T).sum(axis=1), 0.0))


def _find_trials(table: _Table, level: float) -> list[Discovery]:
    """Trials beyond the limit, together where the same feature of the same reading is odd in the same direction."""
    r, q = table.z.shape
    if q == 0:
        return []
    # Of an exponential tail, q(90 %) - q(50 %) = s log 5 and q(1 - p) - q(50 %) = s log(0.5 / p).
    p = level / (2 * r * q)
    tails = np.array([_THIN if feature in _TAMED else 1.0 for _, feature in table.columns])
    limit = float(np.log(0.5 / p) / np.log(5)) ** (1 / tails) / (1 - 2.3 / np.sqrt(r))  # q(90 %) errs by 1.9 / sqrt(r)
    middle = np.median(table.z, axis=0)
    low, high = np.quantile(table.z, [0.1, 0.9], axis=0)
    # One side may be cut off (a collapse, a bound): a tail is never taken to be shorter than half of the other.
    both = np.maximum(high - middle, middle - low)
    above, below = (np.maximum(side, both / 2) for side in (high - middle, middle - low))
    out = np.stack(
        [(table.z - middle) / np.where(above > 0, above, np.inf), (middle - table.z) / np.where(below > 0, below, np.inf)]
    )
    out = np.where(np.isfinite(out), out, 0.0) / limit  # [2, r, q]
    best = out.reshape(2, r, q).transpose(1, 0, 2).reshape(r, 2 * q)
    chosen = best.argmax(axis=1)
    found: list[Discovery] = []
    for which in np.unique(chosen[best.max(axis=1) > 1]):
        side, column = divmod(int(which), q)
        odd = np.flatnonzero((chosen == which) & (best.max(axis=1) > 1))
        odd = odd[np.argsort(-best[odd, which])]
        found.append(_say_trials(table, column, ("above", "below")[side], odd, best[odd, which], float(limit[column])))
    return found


def _say_trials(table: _Table, column: int, side: str, odd: NDArray[np.int64], score: Matrix, limit: float) -> Discovery:
    reading, feature = table.columns[column]
    first = int(odd[0])
    peers = table.raw[table.cell == table.cell[first], column]
    far = abs(float(table.z[first, column]))
    if feature == COMBINATION:
        what = f"all features of {reading} together are further from the others' than any single one"
    else:
        numbers = f"{table.raw[first, column]:.4g} against {np.median(peers):.4g}"
        what = f"{feature} of {reading} lies {side} that of its cell: {numbers}"
    count = f"{odd.size} of {len(table.keys)} trials" if odd.size > 1 else "One trial"
    words = f"{count}: {what}, {far:.1f} robust deviations from the median" + (
        " in the most striking one." if odd.size > 1 else "."
    )
    keys = tuple(table.keys[i] for i in odd)
    cells = tuple(sorted({key[1] for key in keys}))
    share = odd.size / len(table.keys)
    return Discovery("", "trials", keys[0][0], cells, keys, reading, feature, words, float(score[0]), limit, share)


def _find_cells(table: _Table, part: Part) -> list[Discovery]:
    """Cells in which a feature varies more, or less, than the factors' main effects and chance allow."""
    names, where = np.unique(table.cell, return_inverse=True)
    n = np.bincount(where)
    if names.size < 4 or n.min() < 5:
        return []
    groups = _group(part, names)
    columns = _choose_columns(table, where)
    if not columns:
        return []
    # A cell's own scale would hide that it differs: deviations are taken in the units of all cells together.
    rest = np.stack([table.raw[:, i] - _medians(table.raw[:, i], where)[where] for i in columns], axis=1)
    size = np.sqrt(np.abs(rest))  # the root tames the largest
    observed = _polish(_log_mean(size, where, n), groups)
    # Under the null, deviations of all cells are alike once main effects are taken off.
    fitted = _log_mean(size, where, n) - observed
    alike = size / np.exp(fitted)[where]
    rng = np.random.default_rng(int(hashlib.sha256(table.raw.tobytes()).hexdigest()[:8], 16))
    dealt = np.empty((_DEALS, *observed.shape))
    for deal in range(_DEALS):
        dealt[deal] = _polish(_log_mean(alike[rng.permutation(where.size)], where, n), groups)
    spread = np.maximum(dealt.std(axis=0), 1e-9)  # a cell of fewer trials varies more
    largest = np.abs(dealt / spread).max(axis=(1, 2))
    # Beyond all deals: cells are never alike in shape to the last, and deals take them to be.
    limit = float(largest.max())
    striking = np.abs(observed / spread)
    found: list[Discovery] = []
    large = np.abs(2 * observed) > np.log(_MATERIAL)
    for cell in np.flatnonzero((large & (striking > limit)).any(axis=1)):
        column = int(np.where(large[cell], striking[cell], 0.0).argmax())
        reading, feature = table.columns[columns[column]]
        ratio = float(np.exp(2 * observed[cell, column]))
        keys = tuple(table.keys[i] for i in np.flatnonzero(where == cell))
        words = (
            f"Cell {names[cell]}: its {n[cell]} trials differ {ratio:.2g} times as much in {feature} of {reading} as the other "
            "cells and the factors' main effects lead to expect."
        )
        score = float(striking[cell, column]) / limit
        threshold = float(np.exp(2 * limit * spread[cell, column]))
        found.append(
            Discovery("", "cell", part.name, (int(names[cell]),), keys, reading, feature, words, score, threshold, 1.0)
        )
    return found


def _choose_columns(table: _Table, where: NDArray[np.int64]) -> list[int]:
    """The features that cells are compared in; of few values, whose deviations are mostly ties, nothing can be said.

    Nor of one that does not vary at all in some cell: there a rule is absent, and that is a matter of the design.
    """
    enough, cells = len(table.keys) / 4, range(int(where.max()) + 1)
    return [
        i
        for i, (_, name) in enumerate(table.columns)
        if name in _SIZED
        and np.unique(table.raw[:, i]).size > enough
        and all(np.ptp(table.raw[where == cell, i]) > 0 for cell in cells)
    ]


def _medians(column: Matrix, where: NDArray[np.int64]) -> Matrix:
    return np.array([np.median(column[where == i]) for i in range(int(where.max()) + 1)])


def _log_mean(size: Matrix, where: NDArray[np.int64], n: NDArray[np.int64]) -> Matrix:
    """log of the mean size in each cell. [r, q] -> [cells, q]"""
    sums = (where == np.arange(n.size)[:, None]).astype(np.float64) @ size
    floor = 1e-3 * np.maximum(size.mean(axis=0), 1e-300)
    return np.log(sums / n[:, None] + floor)


def _group(part: Part, names: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """For each factor, the number of each cell's level; factors whose levels have but one cell each are left out."""
    levels = {cell.cell: cell.levels for cell in part.cells}
    found: list[NDArray[np.int64]] = []
    for factor in part.factors:
        own = [str(levels[int(name)].get(factor.label)) if int(name) in levels else "" for name in names]
        _, where = np.unique(own, return_inverse=True)
        if int(where.max()) + 1 > 1 and np.bincount(where).min() >= 3:
            found.append(where.astype(np.int64))
    return tuple(found)


def _polish(values: Matrix, groups: Sequence[NDArray[np.int64]]) -> Matrix:
    """Median polish: what is left of cells' values when the overall median and each factor's main effect are taken off."""
    rest = values - np.median(values, axis=0)
    for _ in range(2):
        for where in groups:
            for i in range(int(where.max()) + 1):
                rest[where == i] -= np.median(rest[where == i], axis=0)
    return rest
