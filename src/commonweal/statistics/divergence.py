"""How far apart two distributions of acts are: the Jensen-Shannon divergence, without its bias, and against chance.

    JS = H((p + q) / 2) - (H(p) + H(q)) / 2,   H(p) = -sum_k p_k log2 p_k

in bits: 0 of equal distributions, 1 of distributions without a common answer. Of counts it is too large by about
(k - 1) (1/n + 1/m) / (8 ln 2) where the distributions are one: two samples of one coin are some way apart. So the estimate has
the bias of its first order taken off, and chance is what the same acts show when it is dealt anew which belong to which sample.

Acts of one seat or one society depend on each other, and dealing them one by one then makes chance look small. Across trials,
take a trial's divergence as that trial's number.

Letters: `k` answers, n and m acts.

Source: J. Lin, IEEE Transactions on Information Theory 37 (1991); the bias, by G. Miller, "Note on the bias of information
estimates" (1955), and for this divergence I. Grosse et al., Physical Review E 65 (2002); B. Phipson and G. Smyth (2010), for
the p-value of drawn deals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commonweal.core.errors import StudyError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Divergence:
    """How far apart two samples of acts are."""

    bits: float
    """The divergence of the shares as they are, 0 to 1; NaN where a sample is empty."""
    unbiased: float
    """Less its bias of first order; may fall below 0."""
    chance: float
    """Mean divergence where it is dealt anew which act is of which sample."""
    p: float
    """Chance of a divergence as large when it is dealt so, in (0, 1]; NaN where a sample is empty."""


def js_divergence(left: ArrayLike, right: ArrayLike) -> float:
    """The divergence of two distributions, bits, 0 to 1; NaN where one is all 0.

    Args:
        left: shares or counts of each answer. [k]
        right: likewise. [k]

    Raises:
        StudyError: they are not over the same answers, or one is below 0.
    """
    one, other = _read(left, right)
    if not one.sum() or not other.sum():
        return float("nan")
    return float(_bits(one / one.sum(), other / other.sum()))


def compare_acts(left: ArrayLike, right: ArrayLike, draws: int = 999, seed: int = 0) -> Divergence:
    """The divergence of two samples of acts, less its bias, and beside that of dealt samples.

    Args:
        left: how many acts were each answer. [k]
        right: likewise, of the other sample. [k]
        draws: how often acts are dealt anew, at least 1.
        seed: of the dealing.

    Raises:
        StudyError: they are not over the same answers, or one is no whole number from 0.
    """
    one, other = _read(left, right)
    if (np.concatenate([one, other]) % 1).any():
        raise StudyError("a divergence of samples of acts was given parts of acts; expected counts: js_divergence takes shares")
    n, m = one.sum(), other.sum()
    if not n or not m:
        return Divergence(*[float("nan")] * 4)
    found = float(_bits(one / n, other / m))
    pool = (one + other).astype(np.int64)
    dealt = np.random.default_rng(seed).multivariate_hypergeometric(pool, int(n), draws, method="marginals").astype(np.float64)
    chance = _bits(dealt / n, (pool - dealt) / m)
    p = (1 + int((chance >= found - 1e-12).sum())) / (1 + draws)
    return Divergence(found, found - _bias(one / n, other / m, n, m), float(chance.mean()), p)


def _bias(p: Floats, q: Floats, n: float, m: float) -> float:
    """How much too large the divergence of samples is on average, to first order, bits: by the variance of each share."""
    there = p + q > 0
    p, q = p[there], q[there]
    spread = p * (1 - p) / n, q * (1 - q) / m
    own = sum(float((var[share > 0] / share[share > 0]).sum()) for var, share in zip(spread, (p, q), strict=True))
    # Of -x log x the second derivative is -1 / x: half of it times the variance of x.
    mixed = float(((spread[0] + spread[1]) / (2 * (p + q))).sum())
    return (own / 4 - mixed / 2) / float(np.log(2))


def _bits(p: Floats, q: Floats) -> Floats:
    found = _entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2
    return np.clip(found, 0.0, 1.0)


def _entropy(p: Floats) -> Floats:
    return -(p * np.log2(np.where(p > 0, p, 1.0))).sum(-1)


def _read(left: ArrayLike, right: ArrayLike) -> tuple[Floats, Floats]:
    one, other = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if one.ndim != 1 or one.shape != other.shape or not (one >= 0).all() or not (other >= 0).all():
        raise StudyError(
            f"a divergence of {one.shape} and {other.shape} answers; expected shares or counts of the same answers, "
            "none below 0"
        )
    return one, other
