"""What a network is once it is built: rows of contacts, or, where rows would be ragged, lists of them one behind another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from commonweal.core.errors import StudyError

Rows = NDArray[np.int32]
"""Row i: the contacts of seat i, -1 where it has fewer than k."""
Pairs = NDArray[np.int64]
"""Undirected edges [e, 2]: two seats each, every edge once."""


@dataclass(frozen=True, eq=False)
class Adjacency:
    """The contacts of all seats one behind another (compressed sparse rows), each seat's in rising order."""

    first: NDArray[np.int64]
    """[a + 1]: seat i's contacts stand from place first[i] to before first[i + 1]."""
    target: NDArray[np.int32]
    """[2 e]: the contact at each place."""

    @staticmethod
    def of(pairs: Pairs, n: int) -> Adjacency:
        """The adjacency of edges over n seats; no edge twice, no seat its own contact."""
        i, j = pairs[:, 0], pairs[:, 1]
        keys = np.sort(np.concatenate([i * n + j, j * n + i]))
        source, target = np.divmod(keys, n)
        first = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=n))])
        return Adjacency(first, target.astype(np.int32))

    @property
    def n(self) -> int:
        """How many seats there are."""
        return self.first.size - 1

    @property
    def degree(self) -> NDArray[np.int64]:
        """[a]: how many contacts each seat has."""
        return np.diff(self.first)

    @property
    def source(self) -> NDArray[np.int32]:
        """[2 e]: whose contact each place holds."""
        return np.repeat(np.arange(self.n, dtype=np.int32), self.degree)

    def back(self) -> NDArray[np.int64]:
        """[2 e]: for the contact j of i at each place, the place where j has i; repeated contacts are matched in order.

        Raises:
            StudyError: contacts are not mutual.
        """
        from scipy.sparse import csr_array

        # A sparse matrix is turned over by counting, in linear time and stably: columns of the turned one hold the places by
        # contact, then by seat; turned over again, by seat, then by contact.
        places = np.arange(self.target.size, dtype=np.int32 if self.target.size < 2**31 else np.int64)
        by_contact = csr_array((places, self.target, self.first), shape=(self.n, self.n)).tocsc()
        backward = np.asarray(by_contact.data, np.int64)
        forward = np.asarray(by_contact.tocsr().data, np.int64)
        source = self.source
        same = (source[forward] == self.target[backward]) & (self.target[forward] == source[backward])
        if not bool(same.all()):
            bad = forward[int(np.flatnonzero(~same)[0])]
            raise StudyError(
                f"contacts are not mutual: seat {int(source[bad])} names {int(self.target[bad])} more often than it is named "
                "by it; expected rows in which whoever i names also names i"
            )
        back = np.empty(self.target.size, np.int64)
        back[forward] = backward
        return back

    def rows(self) -> Rows:
        """Rows [a, k] of contacts, k the largest degree."""
        degree = self.degree
        rows = np.full((self.n, int(degree.max(initial=0))), -1, np.int32)
        rows[np.arange(rows.shape[1]) < degree[:, None]] = self.target
        return rows


class Network(Protocol):
    """A recipe for contacts, a frozen value that can be hashed."""

    def contacts(self, n: int) -> Rows | Adjacency:
        """The contacts of n seats, symmetric: if i names j, j names i as often; nobody names itself.

        Rows [n, k] where nearly all seats have as many contacts, or where the order of a row has a meaning; else an
        adjacency.
        """
        ...


def back_slots(rows: Rows) -> Rows:
    """For each contact j of i, the slot in j's row that names i: rows [n, k], -1 where there is no contact.

    Repeated contacts are matched in order.

    Raises:
        StudyError: the rows are not symmetric.
    """
    there = rows >= 0
    first = np.concatenate([[0], np.cumsum(there.sum(1))])
    slot = np.nonzero(there)[1].astype(np.int32)
    back = np.full(rows.shape, -1, np.int32)
    back[there] = slot[Adjacency(first, rows[there]).back()]
    return back


def distinct(pairs: Pairs, n: int) -> Pairs:
    """Edges over n seats, each once and none from a seat to itself, in rising order of the lower end, then the upper."""
    low, high = pairs.min(1), pairs.max(1)
    return np.stack(np.divmod(once((low * n + high)[low < high]), n), 1)


def once(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Whole numbers [m] in rising order, each once: by sorting, which is many times faster here than `np.unique`'s hashing."""
    found = np.sort(numbers)
    return found[np.concatenate([np.ones(min(found.size, 1), bool), found[1:] != found[:-1]])]
