"""The store of replies: every reply of a model, kept before it is used.

`stored` has the model that asks another only what the file does not hold.

Source: SQLite's write-ahead log, https://sqlite.org/wal.html.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal, TypeVar

from commonweal.core.errors import LogError
from commonweal.models.model import Reply, Scores, Usage, Vectors

SCHEMA_VERSION = 1
"""Version of the file's tables."""

BUSY_S = 60.0
"""Seconds to wait for another process that writes; a write takes milliseconds."""

_TABLES = """
CREATE TABLE IF NOT EXISTS prefixes (digest TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY, kind TEXT NOT NULL, model TEXT NOT NULL, prefix TEXT NOT NULL, suffix TEXT NOT NULL,
    asked TEXT NOT NULL, reply TEXT NOT NULL, calls INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL,
    new_tokens INTEGER NOT NULL, seconds REAL NOT NULL
) WITHOUT ROWID;
"""

Answer = Scores | Reply | Vectors
"""What a model gives and the store keeps."""

Found = TypeVar("Found")


@dataclass(frozen=True)
class Call:
    """A question to a model: what the store's key is made of.

    Source: own definition.
    """

    kind: Literal["score", "generate", "embed", "outside"]
    """Which of a model's three questions; or a turn of a seat that is held from outside, whose reply is a text too."""
    model: str
    """The model's digest."""
    prefix: str
    """The part that seats share."""
    suffix: str
    """The seat's own part."""
    asked: str
    """Canonical JSON: the options, or form, bounds, temperature and draw index."""

    @cached_property
    def key(self) -> str:
        """SHA-256 of the call as canonical JSON, hex."""
        facts = {"asked": self.asked, "kind": self.kind, "model": self.model, "prefix": self.prefix, "suffix": self.suffix}
        return hashlib.sha256(canonical(facts).encode()).hexdigest()


class ReplyStore:
    """A SQLite file of replies, safe for several processes at once. The first reply to a call stays.

    Committed replies survive the death of the process at any moment; a power cut may lose the last ones, never the
    file.

    Args:
        path: the file; made when it is missing, its folder is not.

    Raises:
        LogError: when the file cannot be opened or written, is damaged, or is of another version.

    Source: see the module.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._database: sqlite3.Connection | None = None
        version = self._run(lambda db: int(db.execute("PRAGMA user_version").fetchone()[0]))
        if version != SCHEMA_VERSION:
            self.close()
            raise LogError(
                f"{self.path} is of version {version}, expected {SCHEMA_VERSION}; "
                "use the commonweal that wrote it, or start a new run folder"
            )

    def count(self) -> int:
        """Number of replies kept. (Not `len`: an empty store would be false.)

        Raises:
            LogError: when the file cannot be read.
        """
        return self._run(lambda db: int(db.execute("SELECT count(*) FROM replies").fetchone()[0]))

    def get(self, call: Call) -> Answer | None:
        """The reply to a call, marked stored and costing nothing, or None.

        Args:
            call: the question.

        Raises:
            LogError: when the file cannot be read.
        """
        query = "SELECT reply, calls, prompt_tokens, new_tokens, seconds FROM replies WHERE key = ?"
        row = self._run(lambda db: db.execute(query, (call.key,)).fetchone())
        return None if row is None else _unpack(call.kind, str(row[0]), Usage(*row[1:]))

    def put(self, call: Call, answer: Answer) -> Answer | None:
        """Keeps a reply; when another process was first, keeps that one's and gives it back, else None.

        Args:
            call: the question.
            answer: the reply to it.

        Raises:
            LogError: when the file cannot be written.
        """
        return self.put_all([(call, answer)])[0]

    def put_all(self, replies: Sequence[tuple[Call, Answer]]) -> list[Answer | None]:
        """Keeps replies in one transaction: all of them or none. What each gives is as in `put`.

        Args:
            replies: questions and the replies to them.

        Raises:
            LogError: when the file cannot be written.
        """
        rows = [(_row(call, answer), call) for call, answer in replies]

        def write(db: sqlite3.Connection) -> list[bool]:
            # `with db` commits, or rolls back when the disk is full; IMMEDIATE waits for its turn instead of failing.
            with db:
                db.execute("BEGIN IMMEDIATE")
                for digest in {row[3]: call.prefix for row, call in rows}.items():
                    db.execute("INSERT OR IGNORE INTO prefixes VALUES (?, ?)", digest)
                return [
                    db.execute("INSERT OR IGNORE INTO replies VALUES (?,?,?,?,?,?,?,?,?,?,?)", row).rowcount == 1
                    for row, _ in rows
                ]

        kept = self._run(write)
        return [None if new else self.get(call) for new, (_, call) in zip(kept, rows, strict=True)]

    def spent(self) -> Usage:
        """What all replies cost when they were asked for.

        Raises:
            LogError: when the file cannot be read.
        """
        query = "SELECT total(calls), total(prompt_tokens), total(new_tokens), total(seconds) FROM replies"
        calls, prompt_tokens, new_tokens, seconds = self._run(lambda db: db.execute(query).fetchone())
        return Usage(int(calls), int(prompt_tokens), int(new_tokens), float(seconds))

    def close(self) -> None:
        """Closes the file; a later call opens it again."""
        database, self._database = self._database, None
        if database is not None:
            database.close()

    def _run(self, work: Callable[[sqlite3.Connection], Found]) -> Found:
        """Does something with the open database; what SQLite reports becomes a LogError."""
        try:
            if self._database is None:
                self._database = self._connect()
            return work(self._database)
        except sqlite3.Error as error:
            raise LogError(f"the store of replies {self.path} failed: {error}; {_advice(str(error))}") from None

    def _connect(self) -> sqlite3.Connection:
        """Opens the file and makes its tables when they are missing."""
        database = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            with database:
                database.execute("BEGIN IMMEDIATE")
                if database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
                    for statement in _TABLES.split(";"):
                        database.execute(statement)
                    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        except BaseException:
            database.close()
            raise
        return database


def canonical(value: object) -> str:
    """Canonical JSON.

    Args:
        value: what JSON can hold.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _row(call: Call, answer: Answer) -> tuple[str | int | float, ...]:
    """A reply as the file's table holds it."""
    digest, usage = _digest(call.prefix), answer.usage
    facts = (call.key, call.kind, call.model, digest, call.suffix, call.asked, _pack(answer))
    return (*facts, usage.calls, usage.prompt_tokens, usage.new_tokens, usage.seconds)


@lru_cache(maxsize=256)
def _digest(prefix: str) -> str:
    """SHA-256 of a prefix, hex: the same few are stored again and again."""
    return hashlib.sha256(prefix.encode()).hexdigest()


def _pack(answer: Answer) -> str:
    """A reply as JSON; Python writes floats so that the same bits are read back."""
    if isinstance(answer, Vectors):
        return canonical({"vectors": [[float(x) for x in row] for row in answer.values]})
    if isinstance(answer, Reply):
        return canonical({"text": answer.text})
    facts = {"logprobs": list(answer.logprobs), "exact": answer.exact, "answered": answer.answered}
    return canonical(facts)


def _unpack(kind: str, text: str, original: Usage) -> Answer:
    """A reply from JSON, marked stored, at no cost."""
    facts = json.loads(text)
    if kind == "embed":
        import numpy as np

        return Vectors(np.asarray(facts["vectors"], np.float32), Usage(), True, original)
    if kind != "score":
        return Reply(str(facts["text"]), Usage(), True, original)
    logprobs = tuple(float(x) for x in facts["logprobs"])
    return Scores(logprobs, Usage(), True, bool(facts["exact"]), bool(facts["answered"]), original)


def _advice(error: str) -> str:
    """What to do about what SQLite reports."""
    if "full" in error or "I/O" in error:
        return "expected room on the disk; free some and resume, stored replies are kept"
    if "not a database" in error or "malformed" in error:
        return "expected a store of replies; put the file aside and run again"
    if "locked" in error or "busy" in error:
        return "another process holds it; end that one and resume"
    return "expected a file that can be written; check the folder and its permissions"
