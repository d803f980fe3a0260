"""Cosines of many pairs of rows, block by block: no copy of all vectors is made.

Source: ours.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from commonweal.core.posts import Ints
from commonweal.statistics.post_means import Means, Spoken, cosines

ROWS = 1 << 10
"""Rows that are read at a time: 3 MB of float64 with 384 parts, which a core's cache holds."""


def blocks(rows: int) -> Iterator[slice]:
    """Parts of so many rows, in order, each of a size that is read at a time."""
    for begin in range(0, rows, ROWS):
        yield slice(begin, min(begin + ROWS, rows))


def stretched(rows: Spoken) -> Spoken:
    """The rows, each made of length 1 where it stands, in single precision; zeros stay zeros. [n, d]

    Args:
        rows: changed in place.
    """
    length = np.sqrt(np.einsum("nd,nd->n", rows, rows))
    rows *= np.where(length > 0, 1.0 / np.where(length > 0, length, 1.0), 0.0).astype(np.float32)[:, None]
    return rows


def row_cosines(left: NDArray[np.floating], at: Ints, right: NDArray[np.floating], to: Ints) -> Means:
    """The cosine of row `at` of one table with row `to` of another; NaN where one is zeros. [n]

    Args:
        left: [p, d]
        at: rows of it. [n]
        right: [q, d]
        to: rows of it. [n]
    """
    found = np.zeros(len(at))
    for part in blocks(len(at)):
        found[part] = cosines(left[at[part]].astype(np.float64), right[to[part]].astype(np.float64))
    return found
