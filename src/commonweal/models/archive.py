"""Replies of a run as one file, so that another laboratory replays the run bit for bit and needs no model.

The file is a SQLite database of the store's own tables, without a journal beside it, and a table `archive` that says what is
in it: how many replies, of which models, of which plan, and a digest over all of them. A reply is found by the digest of its
question, and both digests are reckoned anew when a file is read: what does not agree is refused whole.

A file comes from somebody else. It is opened read-only and never trusted: its tables must be ours to the letter (no view, no
trigger, no other table), its values of their type and of bounded length.

Source: own definition; https://sqlite.org/security.html for files of unknown origin.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import sqlite3
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast, get_args, get_type_hints
from urllib.parse import quote

from commonweal.core.errors import LogError
from commonweal.models.store import BUSY_S, Call, ReplyStore, canonical

SCHEMA = "commonweal.replies/1"
LONGEST_BYTES = 64 << 20
"""Longest value of a file that is read: far above any prompt or reply, far below what fills a machine."""
_ARCHIVE = "CREATE TABLE archive (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
_MAGIC = b"SQLite format 3\x00"
_COSTS = ("calls", "prompt_tokens", "new_tokens")

Row = dict[str, str | int | float | None]


@dataclass(frozen=True)
class Manifest:
    """What a file of replies holds.

    Source: own definition.
    """

    replies: int
    """How many."""
    models: tuple[str, ...]
    """Digests of the models (and outside seats) that gave them, sorted."""
    plan: str
    """Digest of the run's plan; empty: not said."""
    digest: str
    """`sha256:` over all replies in the order of their keys, their costs included."""


def export_replies(store: Path, file: Path, *, model: str = "", plan: str = "") -> Manifest:
    """Write the replies of a run's store to a file of their own.

    Args:
        store: the run's `replies.sqlite`; it may be in use.
        file: where to; it must not be there.
        model: digest of the run's model: replies of other models, which the run did not use, are left out; those of outside
            seats are kept. Empty: every reply.
        plan: digest of the run's plan, to be said in the file.

    Returns:
        What the file holds.

    Raises:
        LogError: there is no store, a reply in it is damaged, or the file is there or cannot be written.
    """
    if file.exists():
        raise LogError(f"{file} is there already; remove it or name another file")
    with _opened(store) as source, _drafted(file) as database:
        source.execute("BEGIN")
        found = _Digest(plan)
        for prefix, row in _checked_rows(source, store, model):
            _insert(database, "prefixes", {"digest": row["prefix"], "text": prefix})
            _insert(database, "replies", row)
            found.add(row)
        manifest = found.manifest()
        database.execute(_ARCHIVE)
        facts = {"schema": SCHEMA, **{name: canonical(value) for name, value in asdict(manifest).items()}}
        database.executemany("INSERT INTO archive VALUES (?, ?)", sorted(facts.items()))
    return manifest


def check_replies(file: Path) -> Manifest:
    """Read a file of replies through, and say what it holds.

    Args:
        file: as `export_replies` wrote it.

    Raises:
        LogError: it is no such file, of another version, or damaged.
    """
    with _opened(file, foreign=True) as source:
        said = _said(source, file)
        found = _Digest(said.plan)
        for _, row in _checked_rows(source, file):
            found.add(row)
        _agree(said, found.manifest(), file)
    return said


def import_replies(file: Path, store: Path, *, model: str = "") -> Manifest:
    """Bring the replies of a file into a run's store; all of them, or none where anything is wrong.

    Args:
        file: as `export_replies` wrote it, from whomever.
        store: the run's `replies.sqlite`; made when it is missing, its folder is not.
        model: digest of the run's model; a file that holds none of its replies is refused. Empty: any model's.

    Returns:
        What the file holds.

    Raises:
        LogError: the file is no such file, of another version, damaged or of another model; the store holds another reply to
            one of its questions; or the store cannot be written.
    """
    new = not store.exists()
    try:
        with _opened(file, foreign=True) as source:
            said = _said(source, file)
            if model and model not in said.models:
                raise LogError(
                    f"{file} holds replies of {', '.join(said.models) or 'no model'}; expected some of {model}, the model of "
                    "this run: import it into a run of its own model"
                )
            ReplyStore(store).close()
            with _writing(store) as database:
                found = _Digest(said.plan)
                for prefix, row in _checked_rows(source, file):
                    _insert(database, "prefixes", {"digest": row["prefix"], "text": prefix})
                    _keep(database, row, store)
                    found.add(row)
                _agree(said, found.manifest(), file)
    except BaseException:
        if new:
            for end in ("", "-wal", "-shm"):
                store.with_name(store.name + end).unlink(missing_ok=True)
        raise
    return said


class _Digest:
    """Reckons what a file holds while its replies pass."""

    def __init__(self, plan: str) -> None:
        self._plan = plan
        self._hash = hashlib.sha256()
        self._models: set[str] = set()
        self._count = 0

    def add(self, row: Row) -> None:
        """One more reply, in the order of keys."""
        self._hash.update(canonical(row).encode() + b"\n")
        self._models.add(str(row["model"]))
        self._count += 1

    def manifest(self) -> Manifest:
        """What passed."""
        return Manifest(self._count, tuple(sorted(self._models)), self._plan, f"sha256:{self._hash.hexdigest()}")


@contextmanager
def _opened(path: Path, foreign: bool = False) -> Generator[sqlite3.Connection]:
    """A database to be read; a foreign one only if it is one closed file of our tables."""
    if not path.is_file():
        raise LogError(f"there is no file {path}; expected {'a file of replies' if foreign else 'the replies of a run'}")
    if foreign:
        _check_head(path)
    address = f"file:{quote(str(path.absolute()))}?mode=ro{'&immutable=1' if foreign else ''}"
    try:
        database = sqlite3.connect(address, uri=True, timeout=BUSY_S, isolation_level=None)
    except sqlite3.Error as error:
        raise LogError(f"{path} cannot be opened: {error}; check the file and its permissions") from None
    try:
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_BYTES)
        database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        database.execute("PRAGMA trusted_schema = OFF")
        database.execute("PRAGMA cell_size_check = ON")
        if foreign:
            _check_tables(database, path)
            _check_pages(database, path)
        yield database
    except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
        raise _unreadable(path, error) from None
    finally:
        database.close()


def _unreadable(path: Path, error: Exception) -> LogError:
    return LogError(f"{path} cannot be read: {error}; expected an undamaged file of replies: get it again")


def _check_head(path: Path) -> None:
    """Refuse what is no database, and one that belongs to a journal beside it."""
    with path.open("rb") as file:
        head = file.read(100)
    if len(head) < 100 or not head.startswith(_MAGIC):
        raise LogError(f"{path} is no file of replies; expected what `commonweal replies export` wrote")
    if head[18:20] != b"\x01\x01":
        raise LogError(f"{path} is a live store and not a copy of one; expected what `commonweal replies export` wrote")


def _check_tables(database: sqlite3.Connection, path: Path) -> None:
    """Refuse tables that are not ours to the letter, and anything beside them."""
    database.execute("PRAGMA query_only = ON")
    found = sorted(database.execute("SELECT type, name, sql FROM sqlite_master LIMIT 9").fetchall())
    if found != sorted([*_own_tables(), ("table", "archive", _ARCHIVE)]):
        there = ", ".join(f"{kind} {str(name)[:40]!r}" for kind, name, _ in found)
        raise LogError(
            f"{path} holds {there or 'nothing'}, or tables of another form; expected the tables of this version's "
            "`commonweal replies export` and nothing else: export it again with this version"
        )


def _check_pages(database: sqlite3.Connection, path: Path) -> None:
    verdict = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
    if verdict != "ok":
        raise LogError(f"{path} is damaged ({verdict[:80]}); expected an undamaged file of replies: get it again")


def _own_tables() -> list[tuple[str, str, str]]:
    """The tables of a store of this version, as SQLite tells of them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "replies.sqlite"
        ReplyStore(path).close()
        database = sqlite3.connect(path)
        try:
            return database.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
        finally:
            database.close()


def _said(database: sqlite3.Connection, path: Path) -> Manifest:
    """What the file says of itself."""
    facts = dict(database.execute("SELECT name, value FROM archive LIMIT 9").fetchall())
    try:
        if facts["schema"] != SCHEMA:
            raise ValueError(f"schema {str(facts['schema'])[:40]!r}")
        return Manifest(
            replies=int(json.loads(facts["replies"])),
            models=tuple(str(own) for own in json.loads(facts["models"])),
            plan=str(json.loads(facts["plan"])),
            digest=str(json.loads(facts["digest"])),
        )
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise LogError(f"{path} does not say what it holds ({error}); expected {SCHEMA}: export it again") from None


def _agree(said: Manifest, found: Manifest, path: Path) -> None:
    if said != found:
        raise LogError(
            f"{path} says {said.replies} replies with digest {said.digest[:19]} and holds {found.replies} with "
            f"{found.digest[:19]}; expected the same: it is damaged or was changed, get it again"
        )


def _checked_rows(database: sqlite3.Connection, path: Path, model: str = "") -> Iterator[tuple[str, Row]]:
    """Every reply in the order of keys, with its prefix, each compared with its key.

    Args:
        database: to be read.
        path: its file, for messages.
        model: whose replies alone, those of outside seats beside them; empty: all.
    """
    names = [str(row[1]) for row in database.execute("PRAGMA table_info(replies)")]
    columns = ", ".join(f'replies."{name}"' for name in names)
    query = (
        f"SELECT prefixes.text, {columns} FROM replies LEFT JOIN prefixes ON prefixes.digest = replies.prefix "
        "WHERE ? = '' OR replies.model = ? OR replies.kind = 'outside' ORDER BY replies.key"
    )
    try:
        for text, *values in database.execute(query, (model, model)):
            row: Row = dict(zip(names, values, strict=True))
            problem = _problem(text, row)
            if problem:
                raise LogError(
                    f"{path}: the reply with key {str(row.get('key'))[:12]!r} is damaged ({problem}); expected every reply "
                    "under the digest of its question: get the file again, or take the run's store from a copy"
                )
            yield str(text), row
    except sqlite3.Error as error:
        # Here and not further out, where the file that is written would be blamed.
        raise _unreadable(path, error) from None


def _problem(prefix: object, row: Row) -> str:
    """What is wrong with a reply; empty if nothing is."""
    words = ("key", "kind", "model", "prefix", "suffix", "asked", "reply")
    if not isinstance(prefix, str) or not all(isinstance(row.get(name), str) for name in words):
        return "not all of it is text"
    if any(isinstance(value, bytes) for value in row.values()):
        return "some of it is binary"
    if not all(isinstance(row.get(name), int) and cast("int", row[name]) >= 0 for name in _COSTS):
        return "a count that is no whole number from 0"
    seconds = row.get("seconds")
    if not isinstance(seconds, float) or not (math.isfinite(seconds) and seconds >= 0):
        return "a time that is no number from 0"
    kinds = get_args(get_type_hints(Call)["kind"])
    if row["kind"] not in kinds:
        return f"of no kind in {', '.join(kinds)}"
    if hashlib.sha256(prefix.encode()).hexdigest() != row["prefix"]:
        return "its prefix is another"
    call = Call(row["kind"], str(row["model"]), prefix, str(row["suffix"]), str(row["asked"]))  # pyright: ignore[reportArgumentType]
    if call.key != row["key"]:
        return "its question is another"
    return _reply_problem(str(row["kind"]), str(row["reply"]))


def _reply_problem(kind: str, text: str) -> str:
    """What is wrong with what a model said; empty if the store can read it to the bit."""
    try:
        facts = json.loads(text)
        if canonical(facts) != text:
            return "its reply is not canonical"
    except (ValueError, RecursionError):
        return "its reply is no JSON"
    if not isinstance(facts, dict):
        return "its reply is of another form"
    given = cast("dict[str, object]", facts)
    if kind == "score":
        fine = given.keys() == {"logprobs", "exact", "answered"} and _numbers(given["logprobs"])
        fine = fine and isinstance(given["exact"], bool) and isinstance(given["answered"], bool)
    elif kind == "embed":
        rows = given.get("vectors")
        fine = given.keys() == {"vectors"} and isinstance(rows, list) and all(map(_numbers, cast("list[object]", rows)))
        fine = fine and len({len(own) for own in cast("list[list[float]]", rows)}) <= 1
    else:
        fine = given.keys() == {"text"} and isinstance(given["text"], str)
    return "" if fine else "its reply is of another form"


def _numbers(value: object) -> bool:
    """Whether this is a list of finite numbers."""
    return isinstance(value, list) and all(
        isinstance(own, (int, float)) and not isinstance(own, bool) and math.isfinite(own)
        for own in cast("list[object]", value)
    )


def _insert(database: sqlite3.Connection, table: str, row: Row) -> bool:
    """Put a row into a table unless its key is there; whether it was put."""
    names = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join("?" * len(row))
    return database.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", tuple(row.values())).rowcount == 1


def _keep(database: sqlite3.Connection, row: Row, store: Path) -> None:
    """Put a reply into a store, which must not hold another one to the same question."""
    if _insert(database, "replies", row):
        return
    kept = database.execute("SELECT reply FROM replies WHERE key = ?", (row["key"],)).fetchone()
    if kept is None or kept[0] != row["reply"]:
        raise LogError(
            f"{store} holds another reply to the question with key {str(row['key'])[:12]}; expected the same or none: two runs "
            "asked the model, import the file into a new folder"
        )


@contextmanager
def _writing(path: Path) -> Generator[sqlite3.Connection]:
    """A store in one transaction: committed at the end, or not at all."""
    database = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    try:
        database.execute("BEGIN IMMEDIATE")
        yield database
        database.execute("COMMIT")
    except sqlite3.Error as error:
        raise LogError(f"{path} cannot be written: {error}; free space or choose another folder") from None
    finally:
        database.close()


@contextmanager
def _drafted(file: Path) -> Generator[sqlite3.Connection]:
    """A new store without a journal, that takes its place when it is whole."""
    draft = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    draft.unlink(missing_ok=True)
    try:
        ReplyStore(draft).close()
        with _writing(draft) as database:
            yield database
        database = sqlite3.connect(draft, isolation_level=None)
        try:
            database.execute("PRAGMA journal_mode = DELETE")
            database.execute("VACUUM")
        finally:
            database.close()
        draft.replace(file)
    except (OSError, sqlite3.Error) as error:
        raise LogError(f"{file} cannot be written: {error}; free space or choose another folder") from None
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            draft.with_name(draft.name + end).unlink(missing_ok=True)
