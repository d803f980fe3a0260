"""How polarised stances, groups and graphs are.

Of groups with shares p_i at places y_i, of stances x, of shares of K ordered answers, and of graphs whose nodes are in camps.
None stands for the others: variance and agreement see how far apart people are, the bimodality coefficient whether they stand
in two heaps, Esteban and Ray's measure whether each heap is large, modularity and controversy who talks with whom.

Letters: `g` groups, `k` ordered answers, `n` nodes or stances, `e` edges.

Source: J. Esteban and D. Ray, "On the measurement of polarization", Econometrica 62 (1994); R. Pfister et al., Frontiers in
Psychology 4 (2013), for the bimodality coefficient; C. van der Eijk, "Measuring agreement in ordered rating scales", Quality
and Quantity 35 (2001); M. Newman, Physical Review E 69 (2004), 70 (2004) for weights; K. Garimella et al., "Quantifying
controversy on social media", ACM Transactions on Social Computing 1 (2018).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array, csc_array, csr_array, eye_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import spsolve

from commonweal.core.errors import StudyError

LARGEST_ALPHA = 1.6
"""Identification with one's own group beyond which the measure breaks its axioms."""
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def esteban_ray(shares: ArrayLike, places: ArrayLike, alpha: float = 1.3) -> float:
    """Esteban and Ray's polarisation, sum_ij p_i^(1+alpha) p_j |y_i - y_j|, with constant 1.

    At most |range| 2^-(1+alpha), of two equal groups at the ends; 0 of one group. Groups at one place are not merged.

    Args:
        shares: of each group; they are divided by their sum. [g]
        places: of each group. [g]
        alpha: how much people identify with their group, above 0 to 1.6; 0 would be the Gini coefficient's sum.

    Raises:
        StudyError: alpha is outside, or shares are none.
    """
    if not 0 < alpha <= LARGEST_ALPHA:
        raise StudyError(f"polarisation with alpha {alpha:g}; expected above 0 and at most {LARGEST_ALPHA:g}")
    share = _shares(shares)
    place = np.asarray(places, dtype=np.float64)
    return float(share ** (1 + alpha) @ np.abs(place[:, None] - place) @ share)


def bimodality(stances: ArrayLike) -> float:
    """The bimodality coefficient, (skewness^2 + 1) / kurtosis: 1 of two places, 5/9 of a uniform spread, 1/3 of a normal one.

    A long tail gives high values too, so it tells of two heaps only where stances have ends. NaN where all stances are one.

    Args:
        stances: any numbers. [n]
    """
    x = np.asarray(stances, dtype=np.float64)
    if x.size == 0 or np.ptp(x) <= 1e-12 * max(1.0, float(np.abs(x).max())):
        return float("nan")
    off = x - x.mean()
    second, third, fourth = (float((off**power).mean()) for power in (2, 3, 4))
    return min(1.0, (third**2 / second**3 + 1) / (fourth / second**2))


def dispersion(stances: ArrayLike, low: float, high: float) -> float:
    """The variance of stances as a share of the largest, (high - low)^2 / 4 of two equal heaps at the ends; NaN of none.

    Args:
        stances: from low to high. [n]
        low: one end.
        high: the other end.
    """
    x = np.asarray(stances, dtype=np.float64)
    return float(4 * x.var() / (high - low) ** 2) if x.size else float("nan")


def agreement(counts: ArrayLike) -> float:
    """Van der Eijk's agreement A: 1 where all give one answer, 0 of an even spread, -1 of two halves at the ends.

    Shares are taken apart in layers, each an even spread over some answers; a layer with S of K answers has
    A = U (1 - (S - 1) / (K - 1)), and A is their mean, weighted by size. U = ((K - 2) u - (K - 1) d) / ((K - 2) (u + d)), u
    and d counting the triples of answers in order of which (yes, yes, no) or (no, yes, yes), and (yes, no, yes), are in the
    layer.

    Args:
        counts: how many gave each answer, in order; at least 3 answers. [k]

    Raises:
        StudyError: fewer than three answers, or nobody answered.
    """
    left = _shares(counts)
    if left.size < 3:
        raise StudyError(f"agreement over {left.size} ordered answers; expected at least 3")
    found = 0.0
    while True:
        there = left > 1e-12
        if not there.any():
            return found
        least = left[there].min()
        found += least * int(there.sum()) * _agreement_of_layer(there)
        left = np.where(there, left - least, 0.0)


def _agreement_of_layer(there: NDArray[np.bool_]) -> float:
    k, some = there.size, int(there.sum())
    u = d = 0
    for one, two, three in itertools.combinations(there.tolist(), 3):
        u += two and one != three
        d += one and three and not two
    unimodal = ((k - 2) * u - (k - 1) * d) / ((k - 2) * (u + d)) if u + d else 1.0
    return unimodal * (1 - (some - 1) / (k - 1))


@dataclass(frozen=True)
class Camps:
    """A graph without directions whose nodes are in camps; an edge that is named twice weighs the sum."""

    one: Ints
    """One end of each edge, 0 to n - 1. [e]"""
    other: Ints
    """Its other end. [e]"""
    weight: Floats
    """At least 0. [e]"""
    camp: Ints
    """Camp of each node, from 0. [n]"""

    def __post_init__(self) -> None:
        """Refuse edges and camps that are none."""
        if len({len(self.one), len(self.other), len(self.weight)}) > 1 or (self.weight < 0).any() or (self.camp < 0).any():
            raise StudyError("expected [e] ends and weights of edges, at least 0, and a camp from 0 for each node")


def modularity(graph: Camps) -> float:
    """The share of weight within camps, less what degrees alone would put there: sum_c (L_c / m - (d_c / 2 m)^2).

    From -1/2 to 1; 0 of a single camp, and on average of camps dealt at random. NaN without edges.

    Args:
        graph: and its camps.
    """
    whole = float(graph.weight.sum())
    if whole == 0:
        return float("nan")
    camps = int(graph.camp.max()) + 1
    within = float(graph.weight[graph.camp[graph.one] == graph.camp[graph.other]].sum())
    one, other = (np.bincount(graph.camp[end], graph.weight, camps) for end in (graph.one, graph.other))
    return within / whole - float((((one + other) / (2 * whole)) ** 2).sum())


def controversy(graph: Camps, ends: int = 10) -> float:
    """Random walk controversy of two camps: P_00 P_11 - P_10 P_01, P_ab the chance that a walk that ended in b began in a.

    Walks begin at a random node of either camp alike, follow edges as they weigh and end at the `ends` nodes of either camp
    with the largest degrees; walks that never reach one do not count. 1 where no walk changes camps; where camps do not
    matter, the share of nodes that are ends. NaN where walks end in one camp only.

    Args:
        graph: with camps 0 and 1.
        ends: how many nodes of each camp are its ends, at least 1; a camp with fewer nodes has all.

    Raises:
        StudyError: there are more than two camps, or no end.
    """
    n = len(graph.camp)
    if graph.camp.max(initial=0) > 1 or ends < 1:
        raise StudyError(f"controversy of {graph.camp.max(initial=0) + 1} camps with {ends} ends; expected 2 and at least 1")
    ends_of = np.concatenate([graph.one, graph.other]), np.concatenate([graph.other, graph.one])
    links = csr_array(coo_array((np.concatenate([graph.weight] * 2), ends_of), shape=(n, n)))
    degree = np.asarray(links.sum(axis=1), dtype=np.float64).ravel()
    stop = np.zeros(n, dtype=np.bool_)
    for camp in (0, 1):
        own = np.flatnonzero((graph.camp == camp) & (degree > 0))
        stop[own[np.argsort(-degree[own], kind="stable")[:ends]]] = True
    reached = _arrive(links, degree, stop, graph.camp)
    joint = np.array([reached[graph.camp == camp].sum(0) / max(1, int((graph.camp == camp).sum())) for camp in (0, 1)])
    if (joint.sum(0) <= 0).any():
        return float("nan")
    began = joint / joint.sum(0)
    return float(began[0, 0] * began[1, 1] - began[1, 0] * began[0, 1])


def _arrive(links: csr_array, degree: Floats, stop: NDArray[np.bool_], camp: Ints) -> Floats:
    """The chance that a walk from each node ends in each camp. [n, 2]"""
    n = len(camp)
    found = np.zeros((n, 2))
    found[stop, camp[stop]] = 1.0
    _, component = connected_components(links, directed=False)
    walks = ~stop & np.isin(component, component[stop])
    if walks.any():
        step = csr_array(links / np.maximum(degree, 1e-300)[:, None])[walks]
        inside = csc_array(eye_array(int(walks.sum())) - step[:, walks])
        found[walks] = np.asarray(spsolve(inside, step[:, stop] @ found[stop])).reshape(-1, 2)
    return found


def _shares(counts: ArrayLike) -> Floats:
    share = np.asarray(counts, dtype=np.float64)
    if share.ndim != 1 or (share < 0).any() or not share.sum() > 0:
        raise StudyError("shares of groups are below 0 or all 0; expected one number a group, at least one above 0")
    return share / share.sum()
