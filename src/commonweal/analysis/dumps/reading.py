"""A forum's dump as a log of posts, in bounded memory; what could not be read is counted and told, never fatal.

The work is duckdb's, on disk: rows get numbers, ids and names become numbers by joins, and only whole columns come into memory.
300,000 posts and 1,800,000 comments take about as much memory as their texts and vectors.

Texts with more than 1,000 identical copies are left out, as in the study of Moltbook that this is laid beside.

Source: ours; the copies: M. Li, X. Li, T. Zhou, arXiv:2602.14299.
"""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from commonweal.analysis.dumps.columns import COMMONWEAL, MOLTBOOK, ColumnMap
from commonweal.analysis.dumps.files import Table, find_files, key_of, number_of, open_table, time_of, words_of
from commonweal.analysis.dumps.stored import Stored, has_vectors, load_vectors, read_note
from commonweal.analysis.dumps.threads import LOST, TOP, thread_rows
from commonweal.analysis.logs import connect, name_file, quote
from commonweal.core.errors import LogError
from commonweal.core.posts import Ints, Posts

if TYPE_CHECKING:
    import duckdb

COPIES = 1_000
"""Identical copies of a text that are no more than a coincidence or a greeting."""

_MEMORY = "2GB"
"""What the database keeps in memory; the rest is on disk."""

_BAD = (
    ("time IS NULL OR NOT isfinite(time)", "no time that can be read"),
    ("author IS NULL", "no author"),
    ("kind_left", "of a kind that is no post"),
    ("silent", "no words"),
    ("again", "an id that an earlier row has"),
    ("copied", "a text with more than {copies:,} identical copies"),
)


@dataclass(frozen=True)
class Wanted:
    """What of a dump is read."""

    texts: bool = True
    """Whether texts come into memory."""
    vectors: Literal["all", "posts", "none"] = "all"
    """Whose vectors do: those of posts and comments, of posts at the top alone (others are 0), or none."""
    copies: int = COPIES
    """Identical copies that a text may have; more, and it is left out. At least 1."""


@dataclass(frozen=True)
class Dump:
    """A log of posts, and what was read for it."""

    posts: Posts
    """The log."""
    files: tuple[str, ...]
    """Names of the files."""
    columns: str
    """Name of the column map."""
    rows: int
    """Rows in the files."""
    left_out: tuple[tuple[str, int], ...]
    """Reasons for which rows were left out, with their numbers."""
    told: tuple[str, ...]
    """What else a reader must know, in sentences."""
    seconds: float
    """Seconds that reading took."""
    source: str = ""
    """Where a log of ours says that it is from: `synthetic`, a trial, a platform's files."""


def read_dump(paths: Sequence[Path], columns: ColumnMap | None = None, wanted: Wanted | None = None) -> Dump:
    """The log of a dump.

    Args:
        paths: its files, posts and comments in any order, or folders of them.
        columns: what its columns say; None: those that we write, if we wrote it, else Moltbook's.
        wanted: what is read; None: everything.

    Raises:
        LogError: a file is missing, damaged, of an unknown form, or lacks a column that must be there; or no row can be read.
    """
    began, wanted = time.perf_counter(), wanted or Wanted()
    note = read_note(paths[0]) if len(paths) == 1 and paths[0].is_file() else None
    columns = columns or (COMMONWEAL if note is not None else MOLTBOOK)
    files = find_files(paths, columns)
    with tempfile.TemporaryDirectory(prefix="commonweal-dump-") as folder:
        connection = _open(Path(folder))
        try:
            tables = tuple(open_table(connection, path, columns, Path(folder)) for path in files)
            rows = _stage(connection, tables, columns, wanted)
            left_out = _settle(connection, wanted)
            posts, lost, told = _gather(connection, tables, columns, wanted)
        finally:
            connection.close()
    if note is not None:
        posts = dataclasses.replace(posts, authors=max(posts.authors, note.authors), day=note.day, views=note.views)
    broken = (("lines that are no rows", sum(table.broken for table in tables)),)
    found = tuple((reason, count) for reason, count in (*broken, *left_out, *lost) if count)
    sentences = (*_tell_columns(columns, tables), *told)
    names = tuple(path.name for path in files)
    source = "" if note is None else note.source
    return Dump(posts, names, columns.name, rows + broken[0][1], found, sentences, time.perf_counter() - began, source)


def _open(folder: Path) -> duckdb.DuckDBPyConnection:
    connection = connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"SET memory_limit = '{_MEMORY}'")
    connection.execute(f"SET temp_directory = {quote(str(folder / 'spilled'))}")
    connection.execute(f"ATTACH {quote(str(folder / 'rows.db'))} AS dump; USE dump")
    return connection


def _tell_columns(columns: ColumnMap, tables: Sequence[Table]) -> tuple[str, ...]:
    """What the columns were, and which were not there."""
    told: list[str] = []
    if not columns.verified:
        told.append(f"The column map {columns.name} is a guess: {columns.source}. Check what it found")
    alike: dict[str, list[str]] = {}
    for table in tables:
        seen = ", ".join(f"{thing} from {column.name}" for thing, column in table.columns.items())
        alike.setdefault(seen, []).append(table.path.name)
    for seen, names in alike.items():
        more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
        told.append(f"{names[0]}{more}: {seen}")
    authors = sorted({table.columns["author"].name for table in tables})
    if len(authors) > 1:
        told.append(f"Files name authors by different columns ({', '.join(authors)}): one author may count as two")
    if not any(thing in table.columns for table in tables for thing in ("score", "likes")):
        told.append("No column says how posts were liked: every score is 0, and what reads scores says nothing")
    return tuple(told)


def _stage(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], columns: ColumnMap, wanted: Wanted) -> int:
    """Every row of the files, numbered through, in a table `staged`; the number of rows."""
    connection.execute(
        "CREATE TABLE staged (file INTEGER, line BIGINT, id VARCHAR, author VARCHAR, time DOUBLE, parent VARCHAR, "
        "root VARCHAR, score DOUBLE, community VARCHAR, text VARCHAR, kind_left BOOLEAN, silent BOOLEAN)"
    )
    kinds = ", ".join(quote(kind) for kind in columns.kinds)
    for number, table in enumerate(tables):
        own = table.columns
        title, words = words_of(own.get("title")), words_of(own.get("text"))
        text = f"nullif(concat_ws(chr(10), {title}, {words}), '')" if "title" in own else words
        score = number_of(own.get("score"))
        if "score" not in own and "likes" in own:
            score = f"({number_of(own['likes'])} - coalesce({number_of(own.get('dislikes'))}, 0))"
        name, root = key_of(own.get("id")), key_of(own.get("root"))
        if "root" in own and "id" in own and own["root"].name == own["id"].name:
            # A file of posts calls its own id what a file of comments calls the post's.
            root = "NULL::VARCHAR"
        kind = f"coalesce({words_of(own['kind'])} NOT IN ({kinds}), true)" if kinds and "kind" in own else "false"
        try:
            connection.execute(
                f"INSERT INTO staged SELECT {number}, file_row_number, {name}, {words_of(own['author'])}, "
                f"{time_of(own['time'])}, {key_of(own.get('parent'))}, {root}, {score}, "
                f"{words_of(own.get('community'))}, {text}, {kind}, {'true' if columns.spoken else 'false'} AND {text} IS NULL "
                f"FROM read_parquet({name_file(table.parquet)}, file_row_number=true)"
            )
        except Exception as error:
            first = str(error).splitlines()[0]
            raise LogError(f"{table.path}: its rows cannot be read ({first}). Look whether the file is whole.") from error
    row = connection.execute("SELECT count(*) FROM staged").fetchone()
    return int(row[0]) if row else 0


def _settle(connection: duckdb.DuckDBPyConnection, wanted: Wanted) -> tuple[tuple[str, int], ...]:
    """The rows that are posts in a table `kept`, numbered from 0 in the files' order; why others are none, and how many."""
    cases = " ".join(f"WHEN {test} THEN {i}" for i, (test, _) in enumerate(_BAD))
    connection.execute(
        "CREATE TABLE copies AS SELECT text FROM staged WHERE text IS NOT NULL AND time IS NOT NULL AND author IS NOT NULL "
        f"GROUP BY text HAVING count(*) > {wanted.copies:d}"
    )
    # An id may stand once among posts and once among comments: the two have tables, and numbers, of their own.
    connection.execute(
        f"CREATE TABLE judged AS SELECT *, CASE {cases} ELSE -1 END AS why FROM (SELECT staged.*, "
        "coalesce(parent, root) IS NOT NULL AS comment, copies.text IS NOT NULL AS copied, id IS NOT NULL AND row_number() "
        "OVER (PARTITION BY id, coalesce(parent, root) IS NOT NULL ORDER BY file, line) > 1 AS again "
        "FROM staged LEFT JOIN copies ON staged.text = copies.text)"
    )
    counts = connection.execute("SELECT why, count(*) FROM judged WHERE why >= 0 GROUP BY why ORDER BY why").fetchall()
    connection.execute(
        "CREATE TABLE kept AS SELECT row_number() OVER (ORDER BY file, line) - 1 AS n, * EXCLUDE (why, again, copied, "
        "kind_left, silent) FROM judged WHERE why < 0"
    )
    connection.execute("DROP TABLE judged; DROP TABLE staged")
    return tuple((_BAD[int(why)][1].format(copies=wanted.copies), int(count)) for why, count in counts)


def _column(connection: duckdb.DuckDBPyConnection, sql: str) -> NDArray[np.generic]:
    """The one column of a query."""
    found = connection.execute(sql).fetchnumpy()
    return np.asarray(next(iter(found.values())))


def _gather(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], columns: ColumnMap, wanted: Wanted
) -> tuple[Posts, tuple[tuple[str, int], ...], tuple[str, ...]]:
    """The log from table `kept`; rows whose thread has no top, and what else to tell."""
    parent, elsewhere = _hang(connection)
    threads = thread_rows(parent, _column(connection, "SELECT time FROM kept ORDER BY n").astype(np.float64))
    order = threads.order
    if not order.size:
        raise LogError(
            f"{', '.join(table.path.name for table in tables)}: found no row that is a post by an author at a time; "
            "look whether the columns are the right ones"
        )
    place = np.full(len(parent) + 1, -1, np.int64)
    place[order] = np.arange(order.size)
    author, names = _number(connection, "author", order)
    text, texts = _number(connection, "text", order) if _says(tables) and wanted.texts else (np.zeros(0, np.int64), ())
    community = np.zeros(0, np.int64)
    if any("community" in table.columns for table in tables):
        community = _number(connection, "community", threads.top[order])[0]
    posts = Posts(
        author=author,
        time=threads.time[order],
        parent=place[parent[order]],
        score=_column(connection, "SELECT coalesce(score, 0) FROM kept ORDER BY n").astype(np.float64)[order],
        authors=len(names),
        day=columns.day,
        community=community,
        text=text,
        texts=texts,
        names=names,
    )
    posts = _like(connection, tables, posts, place)
    posts = _embed(connection, tables, posts, place, wanted)
    lost = int((parent == LOST).sum())
    circles = len(parent) - order.size - lost
    left = (
        ("comments on what is not in the dump, or was left out", lost),
        ("comments under those, or in a circle of replies", circles),
    )
    unliked = connection.execute("SELECT count(*) FROM kept WHERE score IS NULL").fetchone()
    scored = any(thing in table.columns for table in tables for thing in ("score", "likes"))
    dumb = 0 if posts.vector is None or wanted.vectors != "all" else int((~posts.vector.any(axis=1)).sum())
    told = (
        (int(unliked[0]) if unliked and scored else 0, "rows have no score that is a number: it is taken as 0"),
        (dumb, "posts and comments have no vector that can be read: they count as saying nothing"),
        (elsewhere, "replies to a comment that is not in the dump count as replies to its post"),
        (threads.moved, "replies say that they came before what they reply to: they are dated as it"),
    )
    return posts, left, tuple(f"{count:,} {words}" for count, words in told if count)


def _hang(connection: duckdb.DuckDBPyConnection) -> tuple[Ints, int]:
    """What each row of `kept` replies to; and how many replies stand under a post instead of a comment that is gone."""
    hung = connection.execute(
        f"SELECT CASE WHEN NOT own.comment THEN {TOP} ELSE coalesce(reply.n, post.n, root.n, {LOST}) END AS parent, "
        "own.parent IS NOT NULL AND coalesce(reply.n, post.n) IS NULL AND root.n IS NOT NULL AS elsewhere FROM kept own "
        "LEFT JOIN kept reply ON reply.comment AND own.parent = reply.id "
        "LEFT JOIN kept post ON NOT post.comment AND own.parent = post.id "
        "LEFT JOIN kept root ON NOT root.comment AND own.root = root.id ORDER BY own.n"
    ).fetchnumpy()
    return hung["parent"].astype(np.int64), int(np.asarray(hung["elsewhere"]).sum())


def _says(tables: Sequence[Table]) -> bool:
    return any(thing in table.columns for table in tables for thing in ("text", "title"))


def _number(connection: duckdb.DuckDBPyConnection, column: str, rows: Ints) -> tuple[Ints, tuple[str, ...]]:
    """The column's words as numbers at these rows, and the words, in the order of their first appearance there."""
    connection.execute(
        f"CREATE OR REPLACE TABLE words AS SELECT coalesce({column}, '') AS word, row_number() OVER (ORDER BY min(n)) - 1 AS i "
        "FROM kept GROUP BY word"
    )
    number = _column(
        connection, f"SELECT words.i FROM kept JOIN words ON coalesce({column}, '') = words.word ORDER BY kept.n"
    ).astype(np.int64)[rows]
    words = _column(connection, "SELECT word FROM words ORDER BY i")
    # Numbered again: rows that were left out have words too, and the order of time is not that of the files.
    used, first = np.unique(number, return_index=True)
    rank = np.empty(len(words), np.int64)
    ordered = used[np.argsort(first, kind="stable")]
    rank[ordered] = np.arange(len(ordered))
    return rank[number], tuple(str(word) for word in words[ordered])


def _like(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], posts: Posts, place: Ints) -> Posts:
    """The log with who liked what when, where the dump says so."""
    found: list[tuple[list[str], Ints, NDArray[np.float64]]] = []
    for number, table in enumerate(tables):
        if "likers" not in table.columns or "like_times" not in table.columns:
            continue
        likers, times = (table.columns[thing].sql for thing in ("likers", "like_times"))
        rows = connection.execute(
            f"SELECT kept.n, unnest({likers}::VARCHAR[]) AS liker, unnest({times}::DOUBLE[]) AS time "
            f"FROM read_parquet({name_file(table.parquet)}, file_row_number=true) JOIN kept ON kept.file = {number} "
            f"AND kept.line = file_row_number WHERE len({likers}) = len({times})"
        ).fetchnumpy()
        found.append((rows["liker"].tolist(), place[rows["n"].astype(np.int64)], rows["time"].astype(np.float64)))
    if not found:
        return posts
    names = {name: i for i, name in enumerate(posts.names)}
    liker = np.array([names.setdefault(name, len(names)) for own, _, _ in found for name in own], np.int64)
    liked, when = np.concatenate([own[1] for own in found]), np.concatenate([own[2] for own in found])
    known = liked >= 0
    order = np.lexsort((liker[known], when[known]))
    liker, liked, when = (own[known][order] for own in (liker, liked, when))
    return dataclasses.replace(posts, liker=liker, liked=liked, like_time=when, authors=len(names), names=tuple(names))


def _embed(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], posts: Posts, place: Ints, wanted: Wanted) -> Posts:
    """The log with vectors: the dump's own, or those that lie beside it."""
    if wanted.vectors == "none":
        return posts
    needed = posts.tops if wanted.vectors == "posts" else None
    stored = [
        Stored(table.path, table.parquet, table.columns["vector"].sql, _places(connection, number, place))
        for number, table in enumerate(tables)
        if "vector" in table.columns
    ]
    vector = load_vectors(connection, stored, len(posts), needed)
    if vector is None and len(posts.text):
        beside = [path for path in (has_vectors(table.path) for table in tables) if path is not None]
        if beside:
            from commonweal.analysis.dumps.stored import load_by_text

            vector = load_by_text(connection, beside, posts, needed)
    return posts if vector is None else dataclasses.replace(posts, vector=vector)


def _places(connection: duckdb.DuckDBPyConnection, number: int, place: Ints) -> Ints:
    """Where each row of a file is in the log; -1: it is not."""
    rows = connection.execute(f"SELECT line, n FROM kept WHERE file = {number}").fetchnumpy()
    at = rows["line"].astype(np.int64)
    found = np.full(int(at.max()) + 1 if at.size else 0, -1, np.int64)
    found[at] = place[rows["n"].astype(np.int64)]
    return found
