"""The permutation test on trials: how often would labels dealt at random give a difference as large?

It assumes nothing of the metric's distribution: under the null, trials of one block may change arms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from commonweal.statistics.inference import Column, Contrast

EXACT_LIMIT = 40_000
"""With at most this many ways to deal the labels, all are looked at."""


@dataclass(frozen=True)
class Permutation:
    """What a permutation test found."""

    p: float
    """Two-sided p-value, in (0, 1]; NaN if an arm has no trials."""
    difference: float
    """The observed difference in means, treatment - control, every block counting the same."""
    method: str
    """Exact or Monte Carlo, and what was permuted."""
    deals: int
    """Ways to deal the labels that were looked at, the observed one included."""
    n: int
    """Pairs, or trials of both arms."""


def permute_arms(arms: Contrast, draws: int = 9_999, seed: int = 0) -> Permutation:
    """Permute the arms' labels within pairs (where paired) or within blocks, and count differences as large.

    Exact where there are at most `EXACT_LIMIT` ways; else (1 + count) / (1 + draws) over seeded draws, which is a
    valid p-value itself.

    Args:
        arms: The trials of the two arms.
        draws: Random ways to deal the labels, where there are too many.
        seed: Seed of those draws.

    Source: Fisher 1935; Phipson & Smyth 2010 for the Monte Carlo p-value.
    """
    if arms.treatment.size == 0 or arms.control.size == 0:
        return Permutation(float("nan"), float("nan"), "no trials", 0, 0)
    groups = arms.split()
    what = "signs of pairs" if arms.paired else ("labels within blocks" if len(groups) > 1 else "labels")
    observed = float(np.mean([one.mean() - nil.mean() for one, nil in groups]))
    if arms.paired:
        weights = np.concatenate([(one - nil) / one.size / len(groups) for one, nil in groups])
        weights = weights[weights != 0.0]  # a pair that agrees says the same whatever its sign
        ways = 2**weights.size if weights.size < 60 else EXACT_LIMIT + 1
    else:
        weights = np.zeros(0)
        ways = math.prod(math.comb(one.size + nil.size, one.size) for one, nil in groups)
    rng = np.random.default_rng(seed)
    if ways <= EXACT_LIMIT:
        dealt = _all_signs(weights) if arms.paired else _all_labels(groups)
        count, method = _count(dealt, observed), f"exact permutation of {what}"
        return Permutation(count / ways, observed, method, ways, arms.n)
    dealt = _some_signs(weights, draws, rng) if arms.paired else _some_labels(groups, draws, rng)
    p = (1 + _count(dealt, observed)) / (1 + draws)
    return Permutation(p, observed, f"Monte Carlo permutation of {what}, seed {seed}", draws + 1, arms.n)


def _count(dealt: Column, observed: float) -> int:
    """How many are as far from 0, with room for the rounding of sums in another order."""
    return int((np.abs(dealt) >= abs(observed) - 1e-9 * max(1.0, abs(observed))).sum())


def _all_signs(weights: Column) -> Column:
    total = np.zeros(1)
    for weight in weights:
        total = np.add.outer(total, np.array([weight, -weight])).ravel()
    return total


def _all_labels(groups: list[tuple[Column, Column]]) -> Column:
    total = np.zeros(1)
    for one, nil in groups:
        pool = np.concatenate([one, nil])
        sums = np.array([pool[list(chosen)].sum() for chosen in combinations(range(pool.size), one.size)])
        differences = sums / one.size - (pool.sum() - sums) / nil.size
        total = np.add.outer(total, differences / len(groups)).ravel()
    return total


def _some_signs(weights: Column, draws: int, rng: np.random.Generator) -> Column:
    found: list[Column] = []
    for start in range(0, draws, 256):
        signs = 1.0 - 2.0 * rng.integers(0, 2, (min(256, draws - start), weights.size), dtype=np.int8)
        found.append(signs @ weights)
    return np.concatenate(found)


def _some_labels(groups: list[tuple[Column, Column]], draws: int, rng: np.random.Generator) -> Column:
    total: NDArray[np.float64] = np.zeros(draws)
    for one, nil in groups:
        pool = np.concatenate([one, nil])
        if np.ptp(pool) == 0.0:
            continue
        for start in range(0, draws, 1024):
            rows = min(1024, draws - start)
            sums = rng.permuted(np.broadcast_to(pool, (rows, pool.size)), axis=1)[:, : one.size].sum(axis=1)
            total[start : start + rows] += (sums / one.size - (pool.sum() - sums) / nil.size) / len(groups)
    return total
