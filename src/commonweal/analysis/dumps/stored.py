"""Vectors on disk, and the note that a dump of ours carries: read block by block, so that nothing is in memory twice.

Vectors that were made from a dump's texts lie beside it in `NAME.vectors.parquet`, one a text, by the text's digest.

Source: ours.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from commonweal.analysis.logs import connect, name_file, quote
from commonweal.core.errors import LogError
from commonweal.core.posts import Ints, Posts

if TYPE_CHECKING:
    import duckdb

BLOCK = 16_384
"""Rows that are read or written at a time."""

NOTE = "commonweal.posts"
"""Under which a dump of ours keeps its note in the file's metadata."""

Rows = NDArray[np.float32]


@dataclass(frozen=True)
class Note:
    """What a dump of ours says that no column can."""

    authors: int
    """How many authors there are, those who never post included."""
    day: float
    """Length of a day in the unit of time."""
    views: int
    """How many times a post was shown to somebody; 0: not known."""
    source: str
    """Where it is from, in words; `synthetic` if it was made up."""


@dataclass(frozen=True)
class Stored:
    """Vectors in a column of a file."""

    path: Path
    """The file as the user has it."""
    parquet: Path
    """As it is read."""
    sql: str
    """The column."""
    place: Ints
    """Where each row is in the log; -1: it is not. Rows after the last are not either."""


def read_note(path: Path) -> Note | None:
    """The note of a dump of ours; None: it is none, or not Parquet."""
    if path.suffix.lower() != ".parquet":
        return None
    try:
        with connect() as connection:
            row = connection.execute(
                f"SELECT decode(value) FROM parquet_kv_metadata({name_file(path)}) WHERE decode(key) = {quote(NOTE)}"
            ).fetchone()
        return None if row is None else Note(**json.loads(row[0]))
    except Exception as error:
        first = str(error).splitlines()[0]
        raise LogError(f"{path}: is no Parquet that can be read ({first}). Look whether the file is whole.") from error


def write_note(note: Note) -> str:
    """The note as the metadata of a `COPY`."""
    return f"KV_METADATA {{{quote(NOTE)}: {quote(json.dumps(dataclasses.asdict(note)))}}}"


def name_vectors(path: Path) -> Path:
    """Where the vectors of a dump's texts lie."""
    return path.with_name(f"{path.name}.vectors.parquet")


def has_vectors(path: Path) -> Path | None:
    """The file of vectors beside a dump, if it is there."""
    beside = name_vectors(path)
    return beside if beside.exists() else None


def digest_text(text: str) -> str:
    """What a text goes by among stored vectors: 32 hex digits."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def load_vectors(
    connection: duckdb.DuckDBPyConnection, stored: Sequence[Stored], posts: int, needed: NDArray[np.bool_] | None
) -> Rows | None:
    """The vectors of a log, of length 1; 0 where the dump has none. None: it has none at all.

    A list of another length than the first, or with something in it that is no number, counts as none.

    Args:
        connection: to read with.
        stored: where they are.
        posts: how many posts the log has.
        needed: which posts' vectors are read; None: all. [p]
    """
    found: Rows | None = None
    for own in stored:
        length = _length(connection, own, None if found is None else found.shape[1])
        if length == 0:
            continue
        if found is None:
            found = np.zeros((posts, length), np.float32)
        for start, rows in _blocks(connection, own, length):
            place = own.place[start : start + len(rows)]
            there = place >= 0
            if needed is not None:
                there &= needed[np.maximum(place, 0)]
            found[place[there]] = _of_length_one(rows[: len(place)][there])
    return found


def load_by_text(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Path], posts: Posts, needed: NDArray[np.bool_] | None
) -> Rows | None:
    """The vectors of a log by its texts, from files of vectors; 0 where no file has the text. None: none has any.

    Args:
        connection: to read with.
        files: of vectors, as `name_vectors` names them.
        posts: with texts.
        needed: which posts' vectors are read; None: all. [p]
    """
    number = {digest_text(text): i for i, text in enumerate(posts.texts)}
    order = np.argsort(posts.text, kind="stable")
    if needed is not None:
        order = order[needed[order]]
    start = np.searchsorted(posts.text[order], np.arange(len(posts.texts) + 1))
    found: Rows | None = None
    for path in files:
        keys = connection.execute(f"SELECT key FROM read_parquet({name_file(path)})").fetchnumpy()["key"]
        text = np.array([number.get(str(key), -1) for key in keys], np.int64)
        own = Stored(path, path, "embedding", text)
        length = _length(connection, own, None if found is None else found.shape[1])
        if length == 0:
            continue
        if found is None:
            found = np.zeros((len(posts), length), np.float32)
        for first, rows in _blocks(connection, own, length):
            texts = text[first : first + len(rows)]
            there = np.flatnonzero(texts >= 0)
            count = start[texts[there] + 1] - start[texts[there]]
            ends = np.cumsum(count)
            if not ends.size:
                continue
            place = np.arange(ends[-1]) + np.repeat(start[texts[there]] - (ends - count), count)
            found[order[place]] = _of_length_one(rows)[np.repeat(there, count)]
    return found


def _length(connection: duckdb.DuckDBPyConnection, own: Stored, known: int | None) -> int:
    """How long a file's vectors are; 0: it has none."""
    row = connection.execute(
        f"SELECT len(try_cast({own.sql} AS FLOAT[])) AS size FROM read_parquet({name_file(own.parquet)}) "
        f"WHERE {own.sql} IS NOT NULL AND size > 0 LIMIT 1"
    ).fetchone()
    length = int(row[0]) if row else 0
    if length and known is not None and length != known:
        raise LogError(
            f"{own.path}: found vectors of {length} numbers in {own.sql}, and of {known} in the files before it; "
            "expected one length: embed all texts with one model"
        )
    return length


def _blocks(connection: duckdb.DuckDBPyConnection, own: Stored, length: int) -> Iterator[tuple[int, Rows]]:
    """The vectors of a file, block by block: the first row's number, and rows. Blocks of no post are passed over."""
    for start in range(0, len(own.place), BLOCK):
        if not (own.place[start : start + BLOCK] >= 0).any():
            continue
        numbers = connection.execute(
            f"SELECT unnest(CASE WHEN len(v) = {length} THEN v ELSE repeat([0::FLOAT], {length}) END) AS number FROM ("
            f"SELECT try_cast({own.sql} AS FLOAT[]) AS v FROM read_parquet({name_file(own.parquet)}, file_row_number=true) "
            f"WHERE file_row_number BETWEEN {start} AND {start + BLOCK - 1} ORDER BY file_row_number)"
        ).fetchnumpy()["number"]
        # A missing number is masked: its vector counts as none.
        yield start, np.ma.filled(numbers, np.nan).astype(np.float32, copy=False).reshape(-1, length)


def _of_length_one(rows: Rows) -> Rows:
    """Vectors stretched to length 1; those with something in them that is no number become 0."""
    size = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    known = np.isfinite(size) & (size > 0)
    with np.errstate(invalid="ignore"):
        return np.where(known[:, None], rows / np.where(known, size, 1.0)[:, None], 0.0).astype(np.float32)
