"""PageRank of directed weighted graphs, and of each day's graph of who comments on whom.

    x_j = (1 - d) / n + d (sum_i x_i w_ij / sum_k w_ik + sum over i without links of x_i / n),     sum_j x_j = 1

by power iteration until an iteration moves less than 1e-13 a graph.

Letters: `n` nodes, `e` edges.

Source: L. Page, S. Brin, R. Motwani and T. Winograd, "The PageRank citation ranking" (1999); nodes without links as in A.
Langville and C. Meyer, Internet Mathematics 1 (2004).
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from commonweal.core.errors import StudyError
from commonweal.core.posts import Ints, Posts
from commonweal.statistics.threads import exchanges

DAMPING = 0.85
_STILL = 1e-13
_EQUAL = 1e-9
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Graph:
    """A directed graph with weights, or several side by side; an edge that is named twice weighs the sum."""

    source: Ints
    """Where each edge begins, 0 to n - 1. [e]"""
    target: Ints
    """Where it ends, in the same graph. [e]"""
    weight: Floats
    """At least 0. [e]"""
    nodes: int
    """How many nodes there are in all: n."""
    part: Ints = dataclasses.field(default_factory=lambda: np.zeros(0, np.int64))
    """Number of the graph that each node is in, from 0. [n], or empty: there is one"""

    def __post_init__(self) -> None:
        """Refuse edges that are none."""
        if len({len(self.source), len(self.target), len(self.weight)}) > 1 or (self.weight < 0).any():
            raise StudyError("edges of a graph lack an end or weigh less than 0; expected [e] sources, targets and weights")


@dataclass(frozen=True)
class Ranks:
    """Who took part in a day's comments, and how central they were; day by day, by author within one."""

    day: Ints
    """[n]"""
    author: Ints
    """[n]"""
    rank: Floats
    """PageRank in the day's graph; sums to 1 over each day. [n]"""

    def days(self) -> Iterator[tuple[int, slice]]:
        """Each day, and where its authors stand."""
        bounds = np.flatnonzero(np.diff(self.day, prepend=-1, append=self.day[-1] + 1)) if len(self.day) else np.zeros(1, int)
        for begin, end in itertools.pairwise(bounds):
            yield int(self.day[begin]), slice(int(begin), int(end))


def pagerank(graph: Graph, damping: float = DAMPING) -> Floats:
    """The chance that a walker, who stays in its graph, is at each node. [n], sums to 1 over each graph

    Args:
        graph: whose links the walker follows, as often as they weigh.
        damping: chance of following a link rather than going anywhere, 0 to below 1.

    Raises:
        StudyError: `damping` is no such chance.
    """
    if not 0.0 <= damping < 1.0:
        raise StudyError(f"damping {damping}; expected a chance from 0 to below 1")
    n = graph.nodes
    part = graph.part if len(graph.part) else np.zeros(n, np.int64)
    size = np.bincount(part)[part]
    out = np.bincount(graph.source, graph.weight, n)
    move = csr_array((graph.weight / np.where(out > 0, out, 1.0)[graph.source], (graph.target, graph.source)), shape=(n, n))
    stuck = np.where(out > 0, 0.0, 1.0)
    rank = 1.0 / size
    while True:
        found = damping * (move @ rank + np.bincount(part, stuck * rank)[part] / size) + (1.0 - damping) / size
        moved = np.abs(found - rank).sum()
        rank = found
        if moved < _STILL * max(1, part.max(initial=0)):
            return rank / np.bincount(part, rank)[part]


def top_places(values: Floats, top: int) -> Floats:
    """How much of the `top` highest places each value holds, 0 to 1: those that tie for the last places share them. [n]

    Args:
        values: above 0; values within 1e-9 of each other tie. [n]
        top: how many places there are, 1 to n.
    """
    last = np.sort(values)[-top]
    above, tied = values > last * (1 + _EQUAL), np.abs(values - last) <= last * _EQUAL
    return np.where(above, 1.0, np.where(tied, (top - above.sum()) / max(tied.sum(), 1), 0.0))


def daily_ranks(log: Posts) -> Ranks:
    """PageRank of each day's graph of who comments on whom: a comment is a link of weight 1 to its parent's author."""
    replies = exchanges(log)
    day = log.days[replies]
    ends = np.concatenate([day * log.authors + log.author[replies], day * log.authors + log.author[log.parent[replies]]])
    nodes, place = np.unique(ends, return_inverse=True)
    number = nodes // max(log.authors, 1)
    part = np.unique(number, return_inverse=True)[1]
    graph = Graph(place[: len(replies)], place[len(replies) :], np.ones(len(replies)), len(nodes), part)
    return Ranks(number, nodes % max(log.authors, 1), pagerank(graph))
