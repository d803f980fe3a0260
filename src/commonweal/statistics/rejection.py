"""Whether the tests of `inference` and `permutation` find a difference, for many simulated studies at once.

Each decides as the interval or p-value there does on one study (the tests hold them to that), on arrays
[s, b, r]: `s` studies, `b` blocks, `r` trials (or pairs) of a block in one arm.
"""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

_Array: TypeAlias = NDArray[np.float64]
_Truth: TypeAlias = NDArray[np.bool_]

_DEALS = 999
"""Ways to deal the labels where there are more than that."""


def reject_by_t(treatment: _Array, control: _Array, paired: bool, level: float) -> _Truth:
    """Whether the interval of `estimate_difference` excludes 0. [s]

    Where nothing varies the interval there needs a range; here such a study has found nothing.

    Args:
        treatment: Outcomes of one arm. [s, b, r]
        control: Outcomes of the other arm; where `paired`, in the same order. [s, b, r]
        paired: Whether trial i of one arm shares its draws with trial i of the other.
        level: Nominal coverage.
    """
    blocks = treatment.shape[1]
    value = (treatment - control).mean(axis=(1, 2))
    if treatment.shape[2] < 2:
        treatment, control = (arm.reshape(len(arm), 1, -1) for arm in (treatment, control))
        blocks = 1
    n = treatment.shape[2]
    if n < 2:
        return np.zeros(len(value), dtype=np.bool_)
    samples = [treatment - control] if paired else [treatment, control]
    return reject_by_moments(value, np.concatenate([x.var(axis=2, ddof=1) for x in samples], axis=1), n, blocks, level)


def reject_by_moments(difference: _Array, variances: _Array, n: int, blocks: int, level: float) -> _Truth:
    """As `reject_by_t`, from means and variances. [s]

    Args:
        difference: Difference in means, every block counting the same. [s]
        variances: Sample variances of every block of either arm, or of every block of pairs. [s, 2b] or [s, b]
        n: Trials of a block in each arm, at least 2.
        blocks: Blocks.
        level: Nominal coverage.

    Source: Welch 1947; Satterthwaite 1946.
    """
    parts = variances / n
    total, squares = parts.sum(axis=1), (parts**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = (n - 1) * total**2 / squares
        half = stdtrit(freedom, 0.5 + level / 2) * np.sqrt(total) / blocks
    return np.asarray(np.abs(difference) > np.where(total > 1e-24, half, np.inf))


def reject_by_shares(treatment: _Array, control: _Array, paired: bool, level: float) -> _Truth:
    """Whether the interval of `estimate_proportion_difference` excludes 0, for outcomes 0 and 1. [s]

    Args:
        treatment: Outcomes of one arm. [s, b, r]
        control: Outcomes of the other arm; where `paired`, in the same order. [s, b, r]
        paired: Whether trial i of one arm shares its draws with trial i of the other.
        level: Nominal coverage.
    """
    n = treatment.shape[2]
    both = (treatment * control).sum(axis=2) if paired else None
    return reject_by_counts(treatment.sum(axis=2), control.sum(axis=2), n, level, both)


def reject_by_counts(treatment: _Array, control: _Array, n: int, level: float, both: _Array | None = None) -> _Truth:
    """As `reject_by_shares`, from the number of ones in each block. [s]

    Args:
        treatment: Ones of the treatment arm. [s, b]
        control: Ones of the control arm. [s, b]
        n: Trials of a block in each arm.
        level: Nominal coverage.
        both: Pairs of which both are 1; None where trials are not paired. [s, b]

    Source: Newcombe 1998b, method 10; Newcombe 1998c, method 10 (pairs); Yan & Su 2010 (blocks).
    """
    first, (first_low, first_high) = treatment.mean(axis=1) / n, _limits(treatment / n, n, level)
    second, (second_low, second_high) = control.mean(axis=1) / n, _limits(control / n, n, level)
    c = np.zeros(len(first)) if both is None else _pair_correlation(treatment, control, both, n)
    down, up, over, under = first - first_low, first_high - first, second_high - second, second - second_low
    low = first - second - np.sqrt(np.maximum(down**2 - 2 * c * down * over + over**2, 0.0))
    high = first - second + np.sqrt(np.maximum(up**2 - 2 * c * up * under + under**2, 0.0))
    return np.asarray((low > 0) | (high < 0))


def _limits(shares: _Array, n: int, level: float) -> tuple[_Array, _Array]:
    """Yan and Su's limits of the mean share over blocks [s, b]; with one block they are Wilson's. [s], [s]"""
    z = float(ndtri(0.5 + level / 2))
    inner = np.full((len(shares), 1), z)
    for _ in range(20 if shares.shape[1] > 1 else 0):
        spread = np.sqrt(shares * (1 - shares) / n + (inner / (2 * n)) ** 2) / (1 + inner**2 / n)
        inner = z * np.sqrt((spread**2).sum(axis=1, keepdims=True)) / spread.sum(axis=1, keepdims=True)
    middle = (shares + inner**2 / (2 * n)) / (1 + inner**2 / n)
    half = inner * np.sqrt(shares * (1 - shares) / n + inner**2 / (4 * n * n)) / (1 + inner**2 / n)
    low, high = np.where(shares == 0, 0.0, middle - half), np.where(shares == 1, 1.0, middle + half)
    return low.mean(axis=1), high.mean(axis=1)


def _pair_correlation(treatment: _Array, control: _Array, both: _Array, n: int) -> _Array:
    """Newcombe's correlation of pairs within blocks, corrected for continuity. [s]"""
    product = both * (n - treatment - control + both) - (treatment - both) * (control - both)
    product = np.where(product > 0, np.maximum(product - n / 2, 0.0), product)
    covariance = product.sum(axis=1) / n**2
    variances = [(ones * (n - ones)).sum(axis=1) / n**2 for ones in (treatment, control)]
    scale = np.sqrt(variances[0] * variances[1])
    return np.clip(covariance / np.where(scale > 0, scale, np.inf), -1.0, 1.0)


def reject_by_permutation(treatment: _Array, control: _Array, paired: bool, level: float, seed: int = 0) -> _Truth:
    """Whether the p-value of `permute_arms` is at most 1 - level. [s]

    All ways to deal the labels are looked at where there are at most 999 and one block; else 999 drawn ones, the same for
    every study.

    Args:
        treatment: Outcomes of one arm. [s, b, r]
        control: Outcomes of the other arm; where `paired`, in the same order. [s, b, r]
        paired: Whether trial i of one arm shares its draws with trial i of the other.
        level: 1 - the level of the test.
        seed: Seed of the deals.

    Source: Fisher 1935; Phipson & Smyth 2010 for the Monte Carlo p-value.
    """
    studies, blocks, n = treatment.shape
    value = (treatment - control).mean(axis=(1, 2))
    deals, exact = _deal(blocks, n, paired, np.random.default_rng(seed))
    pool = treatment - control if paired else np.concatenate([treatment, control], axis=2)
    dealt = pool.reshape(studies, -1) @ deals.T / (n * blocks)
    far = np.abs(value)[:, None]
    count = (np.abs(dealt) >= far - 1e-9 * np.maximum(1.0, far)).sum(axis=1)
    p = count / len(deals) if exact else (1 + count) / (1 + len(deals))
    return np.asarray(p <= (1 - level) * (1 + 1e-12))


def _deal(blocks: int, n: int, paired: bool, rng: np.random.Generator) -> tuple[_Array, bool]:
    """Signs of the pairs, or of the pooled trials block by block, one row a deal; and whether these are all."""
    if paired:
        size = blocks * n
        if 2**size <= _DEALS + 1:
            return np.asarray(1.0 - 2.0 * ((np.arange(2**size)[:, None] >> np.arange(size)) & 1), dtype=np.float64), True
        return np.asarray(1.0 - 2.0 * rng.integers(0, 2, (_DEALS, size)), dtype=np.float64), False
    if blocks == 1 and comb(2 * n, n) <= _DEALS:
        rows = -np.ones((comb(2 * n, n), 2 * n))
        for row, chosen in zip(rows, combinations(range(2 * n), n), strict=True):
            row[list(chosen)] = 1.0
        return rows, True
    labels = np.broadcast_to(np.repeat([1.0, -1.0], n), (_DEALS, blocks, 2 * n))
    return rng.permuted(labels, axis=2).reshape(_DEALS, -1), False
