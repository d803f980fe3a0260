"""Fractions of designs whose factors have any number of levels: an orthogonal array where there is a simple one, else a search.

In an orthogonal array every two factors have all pairs of their levels equally often, so that main effects are clear of each
other. For factors of s levels each there is one of s^2 runs, a Latin square: 3 factors for any s, s + 1 where s is prime:

    run (i, j) has levels  i,  j,  i + j,  i + 2 j,  ...,  i + (s - 1) j   (mod s)

Otherwise runs are exchanged one by one for others until the determinant of the information on all main effects, |X'X|, grows
no more (D-optimality). Its efficiency |X'X / n|^(1/m) is 1 for an orthogonal array, where the m columns of X are contrasts of
mean square 1.

Letters: `n` runs, `k` factors, `c` candidates, `m` columns of the model.

Source: C. R. Rao, J. Royal Statistical Society Supplement 9 (1947), for the arrays; V. Fedorov, Theory of Optimal Experiments
(1972), for the exchange.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonweal.core.errors import StudyError

Rows = NDArray[np.int64]
"""Number of each factor's level, from 0. [n, k]"""

MOST_CANDIDATES = 2048
"""Of more combinations than this, as many are drawn at random and the search chooses among them."""
_STARTS = 8
_FEW = 512
"""Among more candidates the search starts less often."""


@dataclass(frozen=True)
class LevelFraction:
    """Some combinations of levels."""

    runs: tuple[tuple[int, ...], ...]
    """Number of each factor's level in each run, from 0. [n, k]"""
    efficiency: float
    """D-efficiency for main effects, at most 1; 1 where they are clear of each other."""
    method: str
    """How it was made."""


def make_latin_square(levels: int, factors: int) -> Rows:
    """The orthogonal array of levels^2 runs, [n, k].

    Raises:
        StudyError: it does not hold so many factors.
    """
    prime = levels > 1 and all(levels % i for i in range(2, math.isqrt(levels) + 1))
    most = levels + 1 if prime else 3
    if levels < 2 or factors > most:
        raise StudyError(f"{factors} factors of {levels} levels in {levels**2} runs; expected at most {most}, and 2 levels")
    i, j = np.divmod(np.arange(levels**2), levels)
    return np.column_stack([i, j, *((i + step * j) % levels for step in range(1, levels))])[:, :factors]


def measure_efficiency(rows: Rows, levels: Sequence[int]) -> float:
    """D-efficiency of runs [n, k] for main effects: 0 where they cannot all be estimated, 1 where they are all clear."""
    x = _model(rows, levels)
    sign, size = np.linalg.slogdet(x.T @ x / len(x))
    # Rounding leaves singular information a hair off 0.
    return float(np.exp(size / x.shape[1])) if sign > 0 and size > -25 * x.shape[1] else 0.0


def find_level_fraction(
    levels: Sequence[int], runs: int, allows: Callable[[Rows], NDArray[np.bool_]] | None = None, seed: int = 0
) -> LevelFraction:
    """Runs from which all main effects can be estimated as well as `runs` of them allow.

    Args:
        levels: how many levels each factor has, each at least 2.
        runs: how many runs, more than sum(levels - 1).
        allows: which combinations [c, k] may be run, [c]; None: all.
        seed: of the search's starts.

    Raises:
        StudyError: there are too few runs to estimate every main effect, or more than allowed combinations.
    """
    least = 1 + sum(count - 1 for count in levels)
    if min(levels, default=2) < 2 or runs < least:
        raise StudyError(f"{runs} runs for factors of {list(levels)} levels; expected at least {least}, and 2 levels each")
    first = levels[0]
    if allows is None and set(levels) == {first} and runs == first**2:
        try:
            square = make_latin_square(first, len(levels))
        except StudyError:
            pass
        else:
            return LevelFraction(_frozen(square), 1.0, f"orthogonal array of {first}^2 runs (Latin square)")
    candidates = _candidates(levels, allows, np.random.default_rng((seed, 1)))
    if len(candidates) < runs:
        raise StudyError(f"{runs} runs of {len(candidates)} allowed combinations; expected no more: or run all, with Full()")
    x = _model(candidates, levels)
    rng = np.random.default_rng(seed)
    tries = [_exchange(x, runs, rng) for _ in range(_STARTS if len(x) <= _FEW else 3)]
    chosen = max(tries, key=lambda rows: measure_efficiency(candidates[rows], levels))
    efficiency = measure_efficiency(candidates[chosen], levels)
    if efficiency == 0.0:
        raise StudyError("what the constraint allows confuses main effects; expected factors that can vary by themselves")
    method = f"D-optimal exchange among {len(candidates)} combinations"
    return LevelFraction(_frozen(candidates[np.sort(chosen)]), efficiency, method)


def _frozen(rows: Rows) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(row) for row in rows.tolist())


def _candidates(levels: Sequence[int], allows: Callable[[Rows], NDArray[np.bool_]] | None, rng: np.random.Generator) -> Rows:
    if math.prod(levels) <= MOST_CANDIDATES:
        rows = np.array(list(itertools.product(*(range(count) for count in levels))), dtype=np.int64)
    else:
        rows = np.unique(np.column_stack([rng.integers(0, count, MOST_CANDIDATES) for count in levels]), axis=0)
    return rows if allows is None else rows[allows(rows)]


def _model(rows: Rows, levels: Sequence[int]) -> NDArray[np.float64]:
    """A constant, and for each factor orthogonal contrasts of its levels with mean square 1. [n, m]"""
    columns = [np.ones((len(rows), 1))]
    for place, count in enumerate(levels):
        helmert = np.zeros((count, count - 1))
        for j in range(count - 1):
            helmert[: j + 1, j], helmert[j + 1, j] = 1.0, -(j + 1.0)
        columns.append((helmert * np.sqrt(count / (helmert**2).sum(axis=0)))[rows[:, place]])
    return np.concatenate(columns, axis=1)


def _exchange(x: NDArray[np.float64], runs: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Fedorov's exchange from a random start: the swap of a run for a candidate that gains most, until none gains. [n]"""
    chosen = rng.choice(len(x), runs, replace=False)
    ridge = 1e-6 * np.eye(x.shape[1])
    for _ in range(20 * runs):
        inverse = np.linalg.inv(x[chosen].T @ x[chosen] + ridge)
        scaled = x @ inverse
        across, new = scaled[chosen] @ x.T, (scaled * x).sum(axis=1)
        own = across[np.arange(runs), chosen]
        gain = new[None, :] - own[:, None] - own[:, None] * new[None, :] + across**2
        gain[:, chosen] = -np.inf  # a combination that is run twice with the same seeds says nothing new
        leave, enter = np.unravel_index(int(gain.argmax()), gain.shape)
        if gain[leave, enter] < 1e-9:
            break
        chosen[leave] = enter
    return chosen
