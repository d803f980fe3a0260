"""The norm index: agreement within societies beyond agreement between societies.

    W     = mean over societies of sum_k n_k (n_k - 1) / (n (n - 1))     two seats of one society choose alike
    B     = mean over pairs of societies of sum_k p_ik p_jk              seats of two societies choose alike
    index = (W - B) / (1 - B)

It is the intraclass correlation of the choice, with societies as classes; W and B are without bias, whatever the numbers of
seats. A reaction that is common to all societies, be it unanimous, is no norm and gives 0 (as does B = 1); societies that each
settle on an option of their own give 1; seats that choose on their own give 0 on average. Independent societies of a Polya
urn that starts with weights a give 1 / (1 + sum a).

The index is a number of many trials. To be reckoned with as others are, it is spread over them as pseudo-values, one a trial,
whose mean is the index and whose spread gives its standard error: contrasts of arms, pairs by seed and intervals then hold as
for any metric. Their t interval covers, at a nominal 95 % and over Polya urns that start with (1, 1), 92 % at 10 societies,
95 % at 20 and at 40; of index .09 or less (urns of (5, 5) and more) 87, 92 and 93 %. Where one option is rare it covers too
seldom at any such number: of urns of (.1, .9) 64, 78 and 88 %.

Letters: `r` societies, `k` options.

Source: R. A. Fisher, Statistical Methods for Research Workers (1925), chapter VII, for the intraclass correlation; as the
probability of identity of two draws, S. Wright, "The genetical structure of populations", Annals of Eugenics 15 (1951); M. Nei,
PNAS 70 (1973), for the unbiased form; P. Andersen, J. Klein and S. Rosthoj, Biometrika 90 (2003), for pseudo-values as
observations; J. Tukey, Annals of Mathematical Statistics 29 (1958), for the jackknife.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Bounds, Column, Estimate, estimate_mean

RANGE = Bounds(-1.0, 1.0)
"""The range of the index: with n seats in each society, from -1 / (n - 1) to 1."""
_NO_SPREAD = 1e-12
"""1 - B below which there is nothing that societies could differ in: what rounding leaves of 0."""


def measure_agreement(counts: ArrayLike) -> Column:
    """The share of pairs of seats that choose alike, in each society; NaN with fewer than two seats. [r]

    Args:
        counts: seats of each society that chose each option. [r, k]
    """
    chosen = np.asarray(counts, dtype=np.float64)
    seats = chosen.sum(-1)
    pairs = seats * (seats - 1)
    return np.divide((chosen * (chosen - 1)).sum(-1), pairs, out=np.full(seats.shape, np.nan), where=pairs > 0)


def norm_index(agreement: ArrayLike, shares: ArrayLike) -> float:
    """The index of societies; NaN with fewer than two, or where one has no agreement.

    Args:
        agreement: share of pairs of seats that choose alike. [r]
        shares: of seats that choose each option. [r, k]

    Raises:
        StudyError: agreement and shares are not of the same societies.
    """
    within, share = _read(agreement, shares)
    if within.size < 2:
        return float("nan")
    return _index(float(within.mean()), float(_alike(share).mean()))


def pseudo_values(agreement: ArrayLike, shares: ArrayLike) -> Column:
    """One number a society, whose mean is the index and whose spread gives its standard error. [r]

    Of three and more societies the jackknife's, r index - (r - 1) (index without the society): their mean is the index
    less its bias of order 1 / r. Of two, and where all hangs on one society (without it the others agree in everything and
    have no index, or the mean would leave the range), index + (W_i - W) / (1 - B) - 2 (B_i - B) (1 - W) / (1 - B)^2, the first
    terms of the same, whose mean is the index. Of one, NaN.

    Args:
        agreement: share of pairs of seats that choose alike. [r]
        shares: of seats that choose each option. [r, k]

    Raises:
        StudyError: agreement and shares are not of the same societies.
    """
    within, share = _read(agreement, shares)
    r = within.size
    if r < 2:
        return np.full(r, np.nan)
    alike = _alike(share)
    w, b = float(within.mean()), float(alike.mean())
    index = _index(w, b)
    if 1 - b <= _NO_SPREAD:
        return np.full(r, index)
    if r > 2:
        less_w = (r * w - within) / (r - 1)
        less_b = (r * b - 2 * alike) / (r - 2)
        if np.all(1 - less_b > _NO_SPREAD):
            found = r * index - (r - 1) * (less_w - less_b) / (1 - less_b)
            if RANGE.low <= found.mean() <= RANGE.high:
                return found
    return index + (within - w) / (1 - b) - 2 * (alike - b) * (1 - w) / (1 - b) ** 2


def pseudo_values_by(cells: Sequence[Hashable], agreement: ArrayLike, shares: ArrayLike) -> Column:
    """The pseudo-values of the societies of each cell; NaN where a society lacks agreement or a share, and counts nowhere. [r]

    Args:
        cells: which cell each society is of. [r]
        agreement: share of pairs of seats that choose alike. [r]
        shares: of seats that choose each option. [r, k]

    Raises:
        StudyError: agreement and shares are not of the same societies.
    """
    within, share = _read(agreement, shares)
    found = np.full(within.size, np.nan)
    places: dict[Hashable, list[int]] = {}
    for at in np.flatnonzero(np.isfinite(within) & np.isfinite(share).all(1)).tolist():
        places.setdefault(cells[at], []).append(at)
    for own in places.values():
        found[own] = pseudo_values(within[own], share[own])
    return found


def estimate_index(counts: ArrayLike, level: float = 0.95) -> Estimate:
    """The index with a t interval over pseudo-values; societies with fewer than two seats are left out.

    Args:
        counts: seats of each society that chose each option. [r, k]
        level: nominal coverage, in (0, 1).
    """
    chosen = np.asarray(counts, dtype=np.float64)
    chosen = chosen[chosen.sum(1) > 1]
    if len(chosen) < 2:
        return Estimate(np.nan, np.nan, np.nan, level, "fewer than two societies", len(chosen))
    values = pseudo_values(measure_agreement(chosen), chosen / chosen.sum(1, keepdims=True))
    return estimate_mean(values, level, RANGE)


def urn_index(weights: ArrayLike) -> float:
    """The index of societies of a Polya urn: 1 / (1 + sum of the weights it starts with).

    Each seat in turn takes an option with probability proportional to its weight, and adds 1 to that. The same holds of any
    society whose shares are drawn from a Dirichlet distribution of these weights.

    Args:
        weights: of each option, above 0. [k]

    Source: D. Blackwell and J. MacQueen, "Ferguson distributions via Polya urn schemes", Annals of Statistics 1 (1973).
    """
    return 1.0 / (1.0 + float(np.sum(np.asarray(weights, dtype=np.float64))))


def copying_index(seats: int, innovation: float) -> float:
    """The index of societies whose seats each tick copy a seat's last choice, or choose anew: (1-m)^2 / (N - (N-1)(1-m)^2).

    It is the long-run probability that two seats' choices go back to one, and holds for any number of options.

    Args:
        seats: N, each copies any of all seats, itself included.
        innovation: m, probability of a fresh choice from all options alike, 0 to 1.

    Source: S. Wright, "Evolution in Mendelian populations", Genetics 16 (1931); the infinite-alleles form, M. Kimura and J.
    Crow, Genetics 49 (1964).
    """
    kept = (1.0 - innovation) ** 2
    return kept / (seats - (seats - 1) * kept)


def _read(agreement: ArrayLike, shares: ArrayLike) -> tuple[Column, NDArray[np.float64]]:
    within, share = np.asarray(agreement, dtype=np.float64), np.asarray(shares, dtype=np.float64)
    if share.ndim != 2 or within.shape != share.shape[:1]:
        raise StudyError(
            f"a norm index of agreement {within.shape} and shares {share.shape}; expected [r] and [r, k]: one number a "
            "society, and one for each of its options"
        )
    return within, share


def _alike(share: NDArray[np.float64]) -> Column:
    """How often a seat of each society chooses like one of another society. [r]"""
    r = len(share)
    return (share @ share.sum(0) - (share**2).sum(1)) / (r - 1)


def _index(within: float, between: float) -> float:
    return (within - between) / (1 - between) if 1 - between > _NO_SPREAD else 0.0
