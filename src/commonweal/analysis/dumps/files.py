"""The files of a dump as Parquet with known columns: JSON, JSON lines, CSV and Parquet, whatever types they hold.

Source: ours, on duckdb.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from commonweal.analysis.dumps.columns import ColumnMap
from commonweal.analysis.logs import name_column, name_file, quote
from commonweal.core.errors import LogError

if TYPE_CHECKING:
    import duckdb

THINGS = (
    *("id", "author", "time", "parent", "root", "score", "likes", "dislikes"),
    *("community", "title", "text", "vector", "kind", "likers", "like_times"),
)
"""What a column can say, as in `ColumnMap`."""

_LISTS = ("vector", "likers", "like_times")
_ENDINGS = {".parquet": "parquet", ".csv": "csv", ".tsv": "csv", ".jsonl": "lines", ".ndjson": "lines", ".json": "json"}


@dataclass(frozen=True)
class Column:
    """A column of a file."""

    name: str
    """As the file has it, a path with dots where it is within a record."""
    sql: str
    """How it is read."""
    kind: str
    """Its SQL type."""


@dataclass(frozen=True)
class Table:
    """One file of a dump."""

    path: Path
    """As the user has it."""
    parquet: Path
    """As it is read: itself, or a copy of the columns that are read."""
    columns: Mapping[str, Column]
    """What it says, by the names of `THINGS`; what it does not say is missing."""
    broken: int = 0
    """Lines that were no rows."""


def find_files(paths: Sequence[Path], columns: ColumnMap) -> tuple[Path, ...]:
    """The files that are named, and those within folders that the map has patterns for.

    Raises:
        LogError: a file or folder is not there, or a folder has no such file.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            patterns = (*columns.posts, *columns.comments) or tuple(f"**/*{ending}" for ending in _ENDINGS)
            within = _within(path, patterns)
            if not within:
                raise LogError(
                    f"{path}: found no file like {' or '.join(patterns)}, which the map {columns.name} expects; "
                    "name the files themselves"
                )
            found += within
        elif path.is_file():
            found.append(path)
        else:
            raise LogError(f"{path}: there is no such file; expected a dump's Parquet, CSV, JSON or JSON lines, or its folder")
    return tuple(dict.fromkeys(found))


def _within(folder: Path, patterns: Sequence[str]) -> list[Path]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    plain = [pattern.removeprefix("**/") for pattern in patterns]
    # A pattern with a folder in it matches the end of a path, others a file's name.
    return [
        path
        for path in files
        if any(
            fnmatch.fnmatch("/".join(path.parts[-1 - pattern.count("/") :]), pattern) and not _is_ours(path)
            for pattern in plain
        )
    ]


def _is_ours(path: Path) -> bool:
    """Whether it is the file of vectors that we put beside a dump."""
    return path.name.endswith(".vectors.parquet")


def open_table(connection: duckdb.DuckDBPyConnection, path: Path, columns: ColumnMap, scratch: Path) -> Table:
    """A file's columns by what they say; what is not Parquet is copied to `scratch` first.

    Raises:
        LogError: the file is of no known form, cannot be read, or lacks an author or a time.
    """
    form = _form(path)
    source = _scan(path, form)
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    except Exception as error:
        raise _damaged(path, error) from error
    kinds = {str(row[0]): str(row[1]) for row in described}
    found = {thing: _find(connection, source, kinds, getattr(columns, thing), thing in _LISTS) for thing in THINGS}
    known = {thing: column for thing, column in found.items() if column is not None}
    for thing in ("author", "time"):
        if thing not in known:
            names = " or ".join(getattr(columns, thing))
            raise LogError(
                f"{path}: found no column {names} for the {thing} (map {columns.name}); it has {', '.join(kinds)}. "
                "Give `--columns FILE.json` that says which column it is."
            )
    if form == "parquet":
        return Table(path, path, known)
    copy = scratch / f"{len(list(scratch.glob('*.parquet')))}.parquet"
    picked = ", ".join(f"{column.sql} AS {name_column(thing)}" for thing, column in known.items())
    try:
        connection.execute(f"COPY (SELECT {picked} FROM {source}) TO {quote(str(copy))} (FORMAT parquet)")
        broken = _count_rejects(connection) if form == "csv" else 0
    except Exception as error:
        raise _damaged(path, error) from error
    own = {thing: Column(column.name, name_column(thing), column.kind) for thing, column in known.items()}
    return Table(path, copy, own, broken)


def _form(path: Path) -> str:
    endings = [ending.lower() for ending in path.suffixes if ending.lower() not in (".gz", ".zst")]
    form = _ENDINGS.get(endings[-1] if endings else "")
    if form is None:
        raise LogError(f"{path}: found a file that ends in {path.suffix!r}; expected one of {', '.join(_ENDINGS)} (or .gz)")
    return form


def _scan(path: Path, form: str) -> str:
    file = name_file(path)
    if form == "parquet":
        return f"read_parquet({file}, file_row_number=true)"
    if form == "csv":
        return f"read_csv({file}, header=true, all_varchar=true, store_rejects=true, max_line_size=16777216)"
    shape = "newline_delimited" if form == "lines" else "auto"
    ignore = ", ignore_errors=true" if form == "lines" else ""
    # Every record is looked at for its keys, since some only come late: replies, say.
    size = "maximum_depth=3, maximum_object_size=268435456"
    return f"read_json({file}, format={quote(shape)}, sample_size=-1, {size}{ignore})"


def _count_rejects(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("SELECT count(DISTINCT line) FROM reject_errors").fetchone()
    connection.execute("DROP TABLE reject_errors; DROP TABLE reject_scans")
    return int(row[0]) if row else 0


def _damaged(path: Path, error: Exception) -> LogError:
    first = str(error).splitlines()[0]
    return LogError(f"{path}: cannot be read ({first}). Look whether it is whole and of the form that its name ends in.")


def _find(
    connection: duckdb.DuckDBPyConnection, source: str, kinds: Mapping[str, str], names: Sequence[str], is_list: bool
) -> Column | None:
    """The first of the names that the file has, a list where a list is wanted, else a single value."""
    for name in names:
        if name in kinds:
            if _fits(kinds[name], is_list):
                return Column(name, name_column(name), kinds[name])
            continue
        head, dot, rest = name.partition(".")
        if not dot or head not in kinds:
            continue
        if kinds[head].startswith("STRUCT"):
            sql = ".".join(name_column(piece) for piece in name.split("."))
            kind = _try_kind(connection, source, sql)
        elif kinds[head] == "JSON" or kinds[head].startswith("MAP"):
            sql, kind = f"json_extract_string({name_column(head)}::JSON, {quote('$.' + rest)})", "VARCHAR"
        else:
            continue
        if kind is not None and _fits(kind, is_list):
            return Column(name, sql, kind)
    return None


def _fits(kind: str, is_list: bool) -> bool:
    """Whether a column of this type holds single values, or lists (which may be written out in words)."""
    if is_list:
        return kind.endswith("]") or kind in ("VARCHAR", "JSON")
    return not kind.endswith("]") and not kind.startswith(("STRUCT", "MAP"))


def _try_kind(connection: duckdb.DuckDBPyConnection, source: str, sql: str) -> str | None:
    """The type of a value within a record; None: records have no such field."""
    import duckdb

    try:
        row = connection.execute(f"DESCRIBE SELECT {sql} AS found FROM {source}").fetchone()
    except duckdb.BinderException:
        return None
    return str(row[1]) if row else None


def words_of(column: Column | None) -> str:
    """The SQL of a column as words without blanks around; null where it is missing or empty."""
    if column is None:
        return "NULL::VARCHAR"
    plain = f"json_extract_string({column.sql}, '$')" if column.kind == "JSON" else f"{column.sql}::VARCHAR"
    return f"nullif(trim({plain}), '')"


def key_of(column: Column | None) -> str:
    """The SQL of a column as a key: as words, `12.0` being `12`, and null where it says so in words."""
    words = words_of(column)
    plain = f"regexp_replace({words}, '^(\\d+)\\.0$', '\\1')"
    return f"(CASE WHEN lower({words}) IN ('nan', 'none', 'null') THEN NULL ELSE {plain} END)"


def number_of(column: Column | None) -> str:
    """The SQL of a column as a number; null where it is none."""
    return "NULL::DOUBLE" if column is None else f"try_cast({words_of(column)} AS DOUBLE)"


def time_of(column: Column) -> str:
    """The SQL of a column as seconds (since 1970, UTC), or as the plain numbers that it holds; null where it is neither."""
    if column.kind.startswith(("TIMESTAMP", "DATE")):
        return f"epoch({column.sql})"
    words = words_of(column)
    number = f"try_cast({words} AS DOUBLE)"
    # What is too large for seconds is in thousandths, millionths or billionths of them.
    scaled = (
        f"(CASE WHEN {number} > 1e17 THEN {number} / 1e9 WHEN {number} > 1e14 THEN {number} / 1e6 "
        f"WHEN {number} > 1e11 THEN {number} / 1e3 ELSE {number} END)"
    )
    return f"coalesce({scaled}, epoch(try_cast({words} AS TIMESTAMPTZ)))"
