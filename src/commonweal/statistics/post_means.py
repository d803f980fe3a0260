"""Sums and means of what posts say: by day, by author, and by an author's earlier and later half.

Each post counts by its direction alone: its vector is stretched to length 1 first, in float64. Posts of zeros say nothing and
are left out. Posts are read in blocks, so that besides the sums little memory is used, however long the log is.

Letters: `p` posts, `d` parts of a vector, `g` groups, `a` authors, `k` of them with posts enough.

Source: formulas of Li, Li and Zhou, "Does socialization emerge in AI agent society?", arXiv 2602.14299 (2026).
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from commonweal.core.posts import Ints, Posts

BLOCK = 1 << 14
"""Posts that are read at a time: 50 MB of float64 with 384 parts."""

_ROUNDING = 1e-9
"""What is shorter than this is 0, and what is left of it has no direction."""

Means = NDArray[np.float64]
Spoken = NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Sums:
    """Sums of unit vectors by group."""

    sums: Means
    """[g, d]"""
    size: Ints
    """How many posts are in each. [g]"""


@dataclasses.dataclass(frozen=True)
class Halves:
    """What `k` authors said in the earlier and in the later half of their posts."""

    author: Ints
    """Their numbers, rising. [k]"""
    early: Means
    """Mean of the unit vectors of the earlier half. [k, d]"""
    late: Means
    """That of the later half; the middle one of an odd number is in neither. [k, d]"""
    own: Means
    """Sum over all of the author's posts. [k, d]"""
    whole: Means
    """Sum over all posts of all authors, those with few posts included. [d]"""


def speaking(vectors: Spoken) -> NDArray[np.bool_]:
    """Which posts say something: whose vector is not zeros. [p]

    Args:
        vectors: what posts say. [p, d]
    """
    found = np.zeros(len(vectors), bool)
    for start in range(0, len(vectors), BLOCK):
        found[start : start + BLOCK] = (vectors[start : start + BLOCK] != 0).any(1)
    return found


def unit_rows(vectors: Spoken) -> Means:
    """Vectors stretched to length 1, in float64; zeros stay zeros. [p, d]

    Args:
        vectors: any. [p, d]
    """
    rows = vectors.astype(np.float64)
    length = np.sqrt(np.einsum("pd,pd->p", rows, rows))
    return rows / np.where(length > 0, length, 1.0)[:, None]


def sums_by(vectors: Spoken, group: Ints, groups: int) -> Sums:
    """Sums of unit vectors over the posts of each group.

    Args:
        vectors: what posts say; zeros are left out. [p, d]
        group: of each post, 0 to `groups` - 1; below 0: in none. [p]
        groups: how many there are, `g`.
    """
    group = np.where(speaking(vectors), group, -1)
    order = np.argsort(group, kind="stable")
    order = order[np.searchsorted(group[order], 0) :]
    sums = np.zeros((groups, vectors.shape[1]))
    for start in range(0, len(order), BLOCK):
        places = order[start : start + BLOCK]
        present, first = np.unique(group[places], return_index=True)
        sums[present] += np.add.reduceat(unit_rows(vectors[places]), first, axis=0)
    return Sums(sums, np.bincount(group[order], minlength=groups).astype(np.int64))


def halves_of(posts: Posts, vectors: Spoken, least: int) -> Halves:
    """The earlier and the later half of each author's posts, in their order in time, of those with posts enough.

    Args:
        posts: a log.
        vectors: what its posts say. [p, d]
        least: fewest posts in each half, at least 1.
    """
    said = np.flatnonzero(speaking(vectors))
    order = said[np.argsort(posts.author[said], kind="stable")]
    writer = posts.author[order]
    count = np.bincount(writer, minlength=posts.authors)
    rank = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
    half = count // 2
    kept = np.flatnonzero(half >= least)
    # Three groups an author: earlier, later, the middle one; and one for all authors with few posts.
    number = np.full(posts.authors, -1, np.int64)
    number[kept] = np.arange(len(kept))
    part = np.where(rank < half[writer], 0, np.where(rank >= (count - half)[writer], 1, 2))
    group = np.full(len(posts), -1, np.int64)
    group[order] = np.where(number[writer] >= 0, 3 * number[writer] + part, 3 * len(kept))
    found = sums_by(vectors, group, 3 * len(kept) + 1)
    parts = found.sums[:-1].reshape(len(kept), 3, vectors.shape[1])
    size = half[kept][:, None]
    return Halves(kept, parts[:, 0] / size, parts[:, 1] / size, parts.sum(1), found.sums.sum(0))


def cosines(left: Means, right: Means) -> Means:
    """The cosine of each row with the other's row, -1 to 1; NaN where one is zeros, but for rounding. [k]

    Args:
        left: [k, d]
        right: [k, d], or [d]: the same for all.
    """
    product = (left * right).sum(-1)
    lengths = np.sqrt((left * left).sum(-1)), np.sqrt((right * right).sum(-1))
    there = (lengths[0] > _ROUNDING) & (lengths[1] > _ROUNDING)
    return np.clip(np.where(there, product / np.where(there, lengths[0] * lengths[1], 1.0), np.nan), -1.0, 1.0)


def mean_of(values: Means) -> float:
    """The mean of those that are numbers; NaN where none is.

    Args:
        values: any, NaN among them.
    """
    there = values[~np.isnan(values)]
    return float(there.mean()) if len(there) else float("nan")


def dealt(posts: Posts, order: Ints) -> Posts:
    """The same posts, of which each says what another said: for null models.

    Args:
        posts: a log.
        order: a permutation: post i says what post `order[i]` said. [p]
    """
    return dataclasses.replace(
        posts,
        vector=None if posts.vector is None else posts.vector[order],
        text=posts.text[order] if len(posts.text) else posts.text,
    )
