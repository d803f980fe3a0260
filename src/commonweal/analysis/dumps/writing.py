"""A log of posts as a dump: Parquet in the Moltbook data set's own names, simulated and real alike, written block by block.

Columns: `id`, `post_id` and `parent_id` (of comments), `author_id`, `submolt_name`, `content`, `score`, `created_at` (seconds
since 1970; of a simulation, ticks), `embedding`, `likers` and `like_times`, and `source`: where the row is from, in words.

Source: ours; the names are those of AIcell/moltbook-data on Hugging Face.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from commonweal.analysis.dumps.stored import BLOCK, Note, write_note
from commonweal.analysis.dumps.threads import thread_rows
from commonweal.analysis.logs import connect, name_file, quote
from commonweal.core.errors import LogError
from commonweal.core.posts import Posts

if TYPE_CHECKING:
    import duckdb


def write_dump(posts: Posts, path: Path, source: str, start: float = 0.0) -> Path:
    """Write a log as one Parquet file, whole or not at all.

    Args:
        posts: the log.
        path: of the file; what is there is replaced.
        source: where the posts are from, in words: the file of a dump, a trial, or `synthetic`. Stands in every row.
        start: added to every time, for logs that count from 0.

    Raises:
        LogError: the file cannot be written.
    """
    parts = path.with_name(f"{path.name}.parts")
    note = Note(posts.authors, posts.day, posts.views, source)
    try:
        shutil.rmtree(parts, ignore_errors=True)
        parts.mkdir(parents=True)
        with connect() as connection:
            top = thread_rows(posts.parent, posts.time).top
            for first in range(0, max(len(posts), 1), BLOCK):
                rows = slice(first, min(first + BLOCK, len(posts)))
                _write_block(connection, posts, rows, (top, source, start), parts / f"{first:012d}.parquet")
            join_parts(connection, sorted(parts.glob("*.parquet")), path, write_note(note))
    except OSError as error:
        raise LogError(f"{path}: cannot be written ({error}). Make room or choose another folder.") from error
    finally:
        shutil.rmtree(parts, ignore_errors=True)
    return path


def join_parts(connection: duckdb.DuckDBPyConnection, parts: list[Path], path: Path, metadata: str) -> None:
    """Put files of one form together as one, which appears whole or not at all.

    Args:
        connection: to write with.
        parts: the files, in order.
        path: of the whole.
        metadata: a `KV_METADATA` clause.
    """
    scratch = path.with_name(f"{path.name}.part")
    files = ", ".join(name_file(part) for part in parts)
    try:
        connection.execute(
            f"COPY (SELECT * FROM read_parquet([{files}])) TO {quote(str(scratch))} "
            f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {BLOCK}, {metadata})"
        )
    except Exception as error:
        scratch.unlink(missing_ok=True)
        raise OSError(str(error).splitlines()[0]) from error
    os.replace(scratch, path)


def register_vectors(connection: duckdb.DuckDBPyConnection, name: str, vectors: NDArray[np.float32]) -> str:
    """Give the rows of a matrix to SQL as the columns of table `name`, and return the SQL of a row as a list."""
    columns = {f"v{i}": np.ascontiguousarray(vectors[:, i]) for i in range(vectors.shape[1])}
    connection.register(name, columns)
    return f"[{', '.join(f'{name}.{column}' for column in columns)}]"


def _words(values: list[Any]) -> NDArray[Any]:
    """Words, or None, as a column."""
    found = np.empty(len(values), object)
    found[:] = values
    return found


def _write_block(
    connection: duckdb.DuckDBPyConnection,
    posts: Posts,
    rows: slice,
    context: tuple[NDArray[np.int64], str, float],
    path: Path,
) -> None:
    """Write some rows of the log as a file of their own."""
    top, source, start = context
    parent, place = posts.parent[rows], np.arange(rows.start, rows.stop)
    names = posts.names or tuple(map(str, range(posts.authors)))
    text = [posts.texts[i] for i in posts.text[rows]] if len(posts.text) else [None] * len(place)
    community = [f"c{i}" for i in posts.community[rows]] if len(posts.community) else [None] * len(place)
    connection.register(
        "block",
        {
            "n": place,
            "author_id": _words([names[i] for i in posts.author[rows]]),
            "submolt_name": _words(community),
            "content": _words(text),
            "score": posts.score[rows],
            "created_at": posts.time[rows] + start,
            "parent": parent,
            "top": top[rows],
        },
    )
    likes, join = "NULL::VARCHAR[] AS likers, NULL::DOUBLE[] AS like_times", ""
    if len(posts.liked):
        near = np.flatnonzero((posts.liked >= rows.start) & (posts.liked < rows.stop))
        liker = _words([names[i] for i in posts.liker[near]])
        connection.register("given", {"n": posts.liked[near], "liker": liker, "time": posts.like_time[near] + start, "i": near})
        likes = "given.likers, given.like_times"
        join = (
            "LEFT JOIN (SELECT n, list(liker::VARCHAR ORDER BY i) AS likers, list(time ORDER BY i) AS like_times FROM given "
            "GROUP BY n) given ON given.n = block.n"
        )
    vector, beside = "NULL::FLOAT[]", ""
    if posts.vector is not None:
        vector = register_vectors(connection, "vectors", posts.vector[rows])
        beside = "POSITIONAL JOIN vectors"
    # The block and its vectors side by side first: a join may change the order of rows.
    connection.execute(
        "COPY (SELECT block.n::VARCHAR AS id, CASE WHEN parent >= 0 THEN top::VARCHAR END AS post_id, "
        "CASE WHEN parent >= 0 AND parent <> top THEN parent::VARCHAR END AS parent_id, author_id::VARCHAR AS author_id, "
        "submolt_name::VARCHAR AS submolt_name, content::VARCHAR AS content, score, created_at, embedding, "
        f"{likes}, {quote(source)} AS source FROM (SELECT block.*, {vector}::FLOAT[] AS embedding FROM block {beside}) block "
        f"{join} ORDER BY block.n) TO {quote(str(path))} (FORMAT parquet, ROW_GROUP_SIZE {BLOCK})"
    )
    for name in ("block", "given", "vectors"):
        connection.unregister(name)
