"""Threads from who replies to whom: what hangs in the air is left out, and nothing answers what was not yet there.

Source: ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonweal.core.posts import Ints

TOP, LOST = -1, -2
"""In place of a parent: there is none; it is not in the dump."""


@dataclass(frozen=True)
class Threads:
    """Rows that hang together, and how they stand to each other."""

    kept: NDArray[np.bool_]
    """Which rows are in a thread whose top is there. [p]"""
    top: Ints
    """The row at the top of each one's thread; -1: it is left out. [p]"""
    depth: Ints
    """Replies between it and the top; -1: it is left out. [p]"""
    time: NDArray[np.float64]
    """When each was posted, not before what it replies to. [p]"""
    order: Ints
    """The rows that are kept, in order of time; of one time, as they stand, but none before what it replies to."""
    moved: int
    """How many are dated later than they say, since they say they were before what they reply to."""


def thread_rows(parent: Ints, time: NDArray[np.float64]) -> Threads:
    """The threads of rows. Rows in a circle, under a row that is not there, and rows under those, are left out.

    Args:
        parent: row that each replies to, `TOP` or `LOST`. [p]
        time: when each says that it was posted. [p]
    """
    rows = len(parent)
    top, depth, when = np.full(rows, -1, np.int64), np.full(rows, -1, np.int64), time.copy()
    stand = np.arange(rows)
    replies = np.flatnonzero(parent >= 0)
    replies = replies[np.argsort(parent[replies], kind="stable")]
    start = np.searchsorted(parent[replies], np.arange(rows + 1))
    level = np.flatnonzero(parent == TOP)
    top[level], depth[level] = level, 0
    moved, deep = 0, 0
    while level.size:
        deep += 1
        count = start[level + 1] - start[level]
        # The places of all replies to this level's rows: each one's own run, one run after the other.
        ends = np.cumsum(count)
        place = np.arange(ends[-1]) + np.repeat(start[level] - (ends - count), count)
        above, level = np.repeat(level, count), replies[place]
        top[level], depth[level] = top[above], deep
        early = when[level] < when[above]
        moved += int(early.sum())
        when[level] = np.maximum(when[level], when[above])
        stand[level] = np.maximum(stand[level], stand[above])
    order = np.lexsort((depth, stand, when))
    return Threads(depth >= 0, top, depth, when, order[depth[order] >= 0], moved)
