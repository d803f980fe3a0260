"""A Moran process with mutation among several kinds of mind, exactly: the chain over all compositions of a small population.

With n_i of n seats of kind i, each of fitness f_i = max(0, 1 + w pi_i), one step of birth-death is

    parent of kind i     n_i f_i / sum_j n_j f_j          uniform where all fitness is 0
    dead of kind j       (n_j - [i = j]) / (n - 1)        any other seat: a complete network
    the copy is          of kind i; with chance mu a newcomer instead, of kind k with chance new_k

and happens with chance `rate` a tick. A composition is [s] whole numbers that sum to n; there are C(n + s - 1, s - 1) of them,
792 for 7 seats and 6 kinds. Payoffs may depend on the composition in any way, and are those that a kind earns on average: where
acts are drawn, fitness is taken at the mean payoff, which is right to first order in the payoff's variance over n.

A part's theory is `find_mean_over_time` of a `find_moran_chain` (see the study `commitment-and-transparency`). As
mu goes to 0 and the horizon to infinity it tends to `small_mutation`.

Source: the chain is derived from the process of P. Moran, Mathematical Proceedings of the Cambridge Philosophical Society 54
(1958), with mutation as in D. Fudenberg and L. Imhof, Journal of Economic Theory 131 (2006).
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from commonweal.core.errors import StudyError

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
_MOST = 200_000
"""Compositions that a machine can hold without much ado."""


def list_compositions(n: int, kinds: int) -> Ints:
    """All ways to give a number of kinds to n seats, in the order of their counts. [m, s]

    Args:
        n: seats, at least 2.
        kinds: s, at least 1.

    Raises:
        StudyError: too few, or more than 200,000 compositions.
    """
    if n < 2 or kinds < 1:
        raise StudyError(f"compositions of {n} seats and {kinds} kinds; expected at least 2 seats and a kind")
    rows = np.zeros((1, 0), np.int64)
    for kind in range(kinds):
        left = n - rows.sum(1)
        times = np.ones_like(left) if kind == kinds - 1 else left + 1
        if int(times.sum()) > _MOST:
            raise StudyError(f"{n} seats of {kinds} kinds have more than {_MOST} compositions; take fewer of either")
        first = np.repeat(np.cumsum(times) - times, times)
        given = np.repeat(left, times) if kind == kinds - 1 else np.arange(int(times.sum())) - first
        rows = np.concatenate([np.repeat(rows, times, axis=0), given[:, None]], axis=1)
    return rows


def pay_pairs(counts: ArrayLike, payoff: ArrayLike) -> Floats:
    """What a seat of each kind earns from another seat on average, where everybody meets everybody in pairs. [m, s]

    Args:
        counts: compositions [m, s].
        payoff: of the row's kind against the column's [s, s].
    """
    given, matrix = np.asarray(counts, np.float64), np.asarray(payoff, np.float64)
    others = given.sum(1, keepdims=True) - 1.0
    return (given @ matrix.T - np.diagonal(matrix)) / others


def average_seats(counts: ArrayLike, each: ArrayLike) -> Floats:
    """The mean over seats of what each kind has. [m]

    Args:
        counts: compositions [m, s].
        each: what a seat of each kind has [m, s].
    """
    given = np.asarray(counts, np.float64)
    return (given * np.asarray(each, np.float64)).sum(1) / given.sum(1)


def find_moran_chain(
    counts: Ints, payoff: ArrayLike, selection: float, mutation: float, newcomers: ArrayLike, rate: float = 1.0
) -> sparse.csr_array:
    """The chain over compositions. [m, m]

    Args:
        counts: all compositions [m, s], of `list_compositions`.
        payoff: of a seat of each kind in each composition [m, s].
        selection: w, at least 0, per unit of payoff.
        mutation: mu, 0 to 1.
        newcomers: chance of each kind [s], summing to 1.
        rate: chance of a birth and a death in a tick, 0 to 1.

    Raises:
        StudyError: a number is out of range.
    """
    fresh, s = np.asarray(newcomers, np.float64), counts.shape[1]
    if not (selection >= 0 and 0 <= mutation <= 1 and 0 <= rate <= 1):
        raise StudyError(f"selection {selection:g}, mutation {mutation:g}, rate {rate:g}; expected at least 0, and two chances")
    if fresh.shape != (s,) or not bool((fresh >= 0).all()) or abs(float(fresh.sum()) - 1.0) > 1e-6:
        raise StudyError(f"newcomers {fresh.tolist()}; expected {s} chances that sum to 1")
    n = counts[0].sum()
    weights = counts * np.maximum(1.0 + selection * np.asarray(payoff, np.float64), 0.0)
    parent = np.where(weights.sum(1, keepdims=True) > 0, weights, counts)
    parent = parent / parent.sum(1, keepdims=True)
    place = (n + 1) ** np.arange(s)
    codes = counts @ place
    order = np.argsort(codes)
    size = len(counts)
    rows, columns, chances = [], [], []
    for dead in range(s):
        by = (counts[:, [dead]] - (np.arange(s) == dead)) / (n - 1)
        falls = (parent * by).sum(1)
        for born in range(s):
            chance = (1 - mutation) * parent[:, born] * by[:, born] + mutation * fresh[born] * falls
            some = np.flatnonzero((counts[:, dead] > 0) & (chance > 0)) if born != dead else np.zeros(0, np.int64)
            rows.append(some)
            columns.append(order[np.searchsorted(codes[order], codes[some] - place[dead] + place[born])])
            chances.append(rate * chance[some])
    moves = sparse.csr_array((np.concatenate(chances), (np.concatenate(rows), np.concatenate(columns))), shape=(size, size))
    stays = 1.0 - np.asarray(moves.sum(axis=1)).ravel()
    return sparse.csr_array(moves + sparse.diags_array(stays))


def find_mean_over_time(chain: sparse.csr_array, start: ArrayLike, value: ArrayLike, ticks: int) -> float:
    """The expected mean of a value over the first ticks, the start included.

    Args:
        chain: [m, m].
        start: distribution over compositions at tick 0 [m].
        value: in each composition [m].
        ticks: at least 1.

    Raises:
        StudyError: there are no ticks, or the start is no distribution.
    """
    at, worth = np.asarray(start, np.float64), np.asarray(value, np.float64)
    if ticks < 1 or at.shape != worth.shape or abs(float(at.sum()) - 1.0) > 1e-9:
        raise StudyError(f"{ticks} ticks from a start of shape {at.shape}; expected at least 1, and a distribution [m]")
    forward, whole = sparse.csr_array(chain.T), 0.0
    for _ in range(ticks):
        whole += float(at @ worth)
        at = forward @ at
    return whole / ticks


def begin_with(counts: Ints, first: ArrayLike) -> Floats:
    """The distribution that is one composition. [m]

    Args:
        counts: all compositions [m, s].
        first: the composition [s].

    Raises:
        StudyError: it is none of them.
    """
    here = (counts == np.asarray(first)).all(1)
    if not here.any():
        raise StudyError(
            f"a start with {np.asarray(first).tolist()}; expected counts of {counts.shape[1]} kinds, as many seats"
        )
    return here.astype(np.float64)
