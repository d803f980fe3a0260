"""An empirical network: a list of edges, from an array or a file."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commonweal.core.errors import StudyError
from commonweal.core.networks.adjacency import Adjacency, Pairs, distinct

_COMMENTS = ("#", "%", "//")


@dataclass(frozen=True, eq=False, init=False)
class EdgeList:
    """Seats in contact where a list says so.

    An edge is one edge however often and in whichever direction it is listed, and a line from a seat to itself is dropped:
    empirical lists are full of both. Two lists are equal where their edges are; the edges are part of a society's digest.

    Raises:
        StudyError: not pairs of seat numbers, at least 0.
    """

    pairs: Pairs
    """[e, 2]: each edge once, lower end first, in rising order."""

    def __init__(self, pairs: ArrayLike) -> None:
        """Take [e, 2] seat numbers from 0."""
        found = np.asarray(pairs)
        if found.size == 0:
            found = np.empty((0, 2), np.int64)
        if found.ndim != 2 or found.shape[1] != 2 or not np.issubdtype(found.dtype, np.integer) or found.min(initial=0) < 0:
            raise StudyError(
                f"an edge list of {found.dtype}{list(found.shape)}; expected whole seat numbers [edges, 2], at least 0: read "
                "a file with names by EdgeList.read"
            )
        clean = distinct(found.astype(np.int64), int(found.max(initial=0)) + 1)
        clean.setflags(write=False)
        object.__setattr__(self, "pairs", clean)
        object.__setattr__(self, "_hash", int.from_bytes(hashlib.sha256(clean.tobytes()).digest()[:7], "big"))

    @staticmethod
    def read(path: str | Path, heading: bool | None = None) -> EdgeList:
        """The edges of a text file (also .gz), one a line: two names, then anything.

        Columns are separated by commas, semicolons, tabs or blanks; lines that start with #, % or // are passed over. Seats
        are numbered by name: in the order of the numbers where all names are whole numbers (so gaps close up), else of the
        words.

        Args:
            path: the file.
            heading: whether the first line names the columns; None: it does if fewer numbers stand in it than in the second.

        Raises:
            StudyError: the file cannot be read, or a line has fewer than two columns.
        """
        path = Path(path)
        try:
            names = _whole_numbers(path, heading)
            if names is None:
                with _opened(path) as file:
                    pairs = [cells for _, cells in _columns(file, path)]
                names = np.asarray(pairs[1:] if _headed(pairs, heading) else pairs).reshape(-1)
        except (OSError, UnicodeDecodeError) as error:
            raise StudyError(f"the edge list {path} cannot be read: {error}; expected a text file of edges") from error
        return EdgeList(np.unique(names, return_inverse=True)[1].reshape(-1, 2))

    @property
    def n(self) -> int:
        """The fewest seats that the list fits: one more than its highest number."""
        return int(self.pairs.max(initial=-1)) + 1

    def contacts(self, n: int) -> Adjacency:
        """The edges over n seats; seats beyond the list are alone.

        Raises:
            StudyError: the list names more seats than there are.
        """
        if n < self.n:
            raise StudyError(
                f"an edge list that names {self.n} seats over {n} seats; expected at least as many: Seating({self.n})"
            )
        return Adjacency.of(self.pairs, n)

    def __eq__(self, other: object) -> bool:
        """Whether both have the same edges."""
        return isinstance(other, EdgeList) and np.array_equal(self.pairs, other.pairs)

    def __hash__(self) -> int:
        """A hash of the edges, reckoned once."""
        return self._hash  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]


def _opened(path: Path) -> TextIO:
    return gzip.open(path, "rt", encoding="utf-8-sig") if path.suffix == ".gz" else path.open(encoding="utf-8-sig")


def _columns(lines: Iterable[str], path: Path) -> Iterator[tuple[int, tuple[str, str]]]:
    """The first two columns of each line that says something, with the line's number."""
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith(_COMMENTS):
            continue
        cells = [cell.strip() for cell in line.split(_separator(line))]
        if len(cells) < 2:
            raise StudyError(f"{path}, line {number}: found {line.strip()!r}; expected two names of seats")
        yield number, (cells[0], cells[1])


def _separator(line: str) -> str | None:
    """What stands between columns; None: blanks."""
    return next((mark for mark in ",;\t" if mark in line), None)


def _headed(pairs: list[tuple[str, str]], known: bool | None) -> bool:
    """Whether the first line is a heading: as is known, or for fewer numbers than in the second."""
    if known is not None:
        return known
    numbers = [sum(name.lstrip("-").isdigit() for name in pair) for pair in pairs[:2]]
    return len(numbers) == 2 and numbers[0] < numbers[1]


def _whole_numbers(path: Path, heading: bool | None) -> NDArray[np.int64] | None:
    """The names [2 e] of a file in which all are whole numbers, read at once; None where some are words."""
    with _opened(path) as file:
        top = list(islice(_columns(file, path), 2))
    if _headed([cells for _, cells in top], heading):
        top = top[1:]
    if not top:
        return np.empty(0, np.int64)
    with _opened(path) as file:
        line = next(islice(file, top[0][0] - 1, None))
    try:
        # One kind of comment keeps numpy on its fast path; others below the first line send the file to the slow one.
        found = np.loadtxt(
            path,
            np.int64,
            comments="#",
            delimiter=_separator(line),
            skiprows=top[0][0] - 1,
            usecols=(0, 1),
            ndmin=2,
            encoding="utf-8",
        )
    except ValueError:
        return None
    return found.reshape(-1)
