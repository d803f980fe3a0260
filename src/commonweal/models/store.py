"""The store of replies: every reply of a model, kept before it is used.

`ReplyStore` is the file; `Stored` is a model that asks another only what the store does not hold. A replay is bit-equal
and free, and a run that was killed asks again only for the calls that were in flight.

Source: SQLite's write-ahead log, https://sqlite.org/wal.html.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar, cast

from commonweal.core.errors import LogError, ModelRefusedError, StudyError
from commonweal.models.model import Form, Model, Reply, Scores, Usage

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

Answer = Scores | Reply
"""What a model gives and the store keeps."""

Given = TypeVar("Given", Scores, Reply)

Found = TypeVar("Found")


@dataclass(frozen=True)
class Call:
    """A question to a model: what the store's key is made of.

    Source: own definition.
    """

    kind: Literal["score", "generate"]
    """Which of a model's two questions."""
    model: str
    """The model's digest."""
    prefix: str
    """The part that seats share."""
    suffix: str
    """The seat's own part."""
    asked: str
    """Canonical JSON: the options, or form, bounds, temperature and draw index."""

    @property
    def key(self) -> str:
        """SHA-256 of the call as canonical JSON, hex."""
        return hashlib.sha256(_canonical(asdict(self)).encode()).hexdigest()


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
        digest = hashlib.sha256(call.prefix.encode()).hexdigest()
        usage = answer.usage
        row = (call.key, call.kind, call.model, digest, call.suffix, call.asked, _pack(answer))
        costs = (usage.calls, usage.prompt_tokens, usage.new_tokens, usage.seconds)

        def write(db: sqlite3.Connection) -> bool:
            # `with db` commits, or rolls back when the disk is full; IMMEDIATE waits for its turn instead of failing.
            with db:
                db.execute("BEGIN IMMEDIATE")
                db.execute("INSERT OR IGNORE INTO prefixes VALUES (?, ?)", (digest, call.prefix))
                cursor = db.execute("INSERT OR IGNORE INTO replies VALUES (?,?,?,?,?,?,?,?,?,?,?)", row + costs)
                return cursor.rowcount == 1

        return None if self._run(write) else self.get(call)

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


class Stored:
    """A model that asks another only what the store does not hold; a `Model`.

    A reply is stored before it is returned. Identical calls in flight at once are asked once, and the asking goes on
    when the caller is cancelled, so that what was paid for is kept.

    Args:
        model: the model that answers.
        store: where replies are kept; None only in mode `off`.
        mode: `record` asks and keeps, `replay` never asks, `off` always asks and keeps nothing.

    Raises:
        StudyError: when there is no store and the mode needs one, or no such mode.

    Source: own definition.
    """

    def __init__(self, model: Model, store: ReplyStore | None, mode: Literal["record", "replay", "off"] = "record") -> None:
        if mode not in ("record", "replay", "off"):
            raise StudyError(f"found the store's mode {mode!r}, expected 'record', 'replay' or 'off'")
        if store is None and mode != "off":
            raise StudyError(f"mode {mode!r} needs a store of replies, found none; give one or use mode 'off'")
        self.model = model
        self.store = store
        self.mode = mode
        self._digest = ""
        self._flying: dict[str, asyncio.Task[Answer]] = {}

    def __repr__(self) -> str:
        """What it wraps and how."""
        return f"Stored({self.model!r}, {str(self.store.path) if self.store is not None else None!r}, mode={self.mode!r})"

    @property
    def name(self) -> str:
        """The inner model's."""
        return self.model.name

    @property
    def digest(self) -> str:
        """The inner model's: where a reply was kept does not move it."""
        if not self._digest:
            self._digest = self.model.digest
        return self._digest

    @property
    def null_model(self) -> bool:
        """The inner model's."""
        return self.model.null_model

    async def score(self, prefix: str, suffix: str, options: tuple[str, ...]) -> Scores:
        """The stored scores of this call, or the inner model's, stored.

        Args:
            prefix: the part that seats share.
            suffix: the seat's own part.
            options: labels.

        Raises:
            ModelRefusedError: in mode `replay`, when the store does not hold the call; or by the inner model.
            TransientModelError: by the inner model.
            LogError: when the store cannot be read or written.
        """
        call = Call("score", self.digest, prefix, suffix, _canonical({"options": list(options)}))
        return await self._answer(call, lambda: self.model.score(prefix, suffix, options))

    async def generate(
        self, prefix: str, suffix: str, form: Form | None, *, max_tokens: int, temperature: float, draw: int
    ) -> Reply:
        """The stored reply to this call, or the inner model's, stored.

        Args:
            prefix: the part that seats share.
            suffix: the seat's own part.
            form: what the reply must look like, or None.
            max_tokens: most tokens written.
            temperature: >= 0.
            draw: index of the draw.

        Raises:
            ModelRefusedError: in mode `replay`, when the store does not hold the call; or by the inner model.
            TransientModelError: by the inner model.
            LogError: when the store cannot be read or written.
        """
        asked: dict[str, object] = {
            "form": form.canonical() if form else None,
            "max_tokens": max_tokens,
            "temperature": float(temperature),
            "draw": draw,
        }
        call = Call("generate", self.digest, prefix, suffix, _canonical(asked))
        return await self._answer(
            call,
            lambda: self.model.generate(prefix, suffix, form, max_tokens=max_tokens, temperature=temperature, draw=draw),
        )

    async def close(self) -> None:
        """Waits for the calls in flight, closes the inner model and the store."""
        mine = [task for task in self._flying.values() if task.get_loop() is asyncio.get_running_loop()]
        await asyncio.gather(*mine, return_exceptions=True)
        await self.model.close()
        if self.store is not None:
            self.store.close()

    async def _answer(self, call: Call, ask: Callable[[], Awaitable[Given]]) -> Given:
        """From the store, from an identical call in flight, or by asking."""
        if self.store is None or self.mode == "off":
            return await ask()
        kept = self.store.get(call)
        if kept is not None:
            return cast(Given, kept)
        if self.mode == "replay":
            raise ModelRefusedError(
                f"{self.store.path} holds no reply to a {call.kind} of {self.name} (key {call.key[:12]}), expected "
                "one in mode 'replay'; run again with mode 'record', or with the code and model of the recorded run"
            )
        key = call.key
        flying = self._flying.get(key)
        if flying is not None and flying.get_loop() is asyncio.get_running_loop():
            return cast(Given, _free(await asyncio.shield(flying)))
        task = asyncio.create_task(self._ask_and_keep(self.store, call, ask))
        self._flying[key] = task
        task.add_done_callback(lambda done: self._land(key, done))
        return cast(Given, await asyncio.shield(task))

    async def _ask_and_keep(self, store: ReplyStore, call: Call, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Asks and stores; gives what the store then holds, at the price that was paid now."""
        answer = await ask()
        first = store.put(call, answer)
        return answer if first is None else replace(first, usage=answer.usage, original=first.original)

    def _land(self, key: str, done: asyncio.Task[Answer]) -> None:
        """Forgets a call that is over."""
        if self._flying.get(key) is done:
            del self._flying[key]
        # Every caller may have been cancelled: the error is looked at here, so that asyncio does not complain.
        if not done.cancelled():
            done.exception()


def _canonical(value: object) -> str:
    """Canonical JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _pack(answer: Answer) -> str:
    """A reply as JSON; Python writes floats so that the same bits are read back."""
    if isinstance(answer, Reply):
        return _canonical({"text": answer.text})
    facts = {"logprobs": list(answer.logprobs), "exact": answer.exact, "answered": answer.answered}
    return _canonical(facts)


def _unpack(kind: str, text: str, original: Usage) -> Answer:
    """A reply from JSON, marked stored, at no cost."""
    facts = json.loads(text)
    if kind == "generate":
        return Reply(str(facts["text"]), Usage(), True, original)
    logprobs = tuple(float(x) for x in facts["logprobs"])
    return Scores(logprobs, Usage(), True, bool(facts["exact"]), bool(facts["answered"]), original)


def _free(answer: Answer) -> Answer:
    """A reply that another call in flight paid for."""
    return replace(answer, usage=Usage(), stored=True, original=answer.original or answer.usage)


def _advice(error: str) -> str:
    """What to do about what SQLite reports."""
    if "full" in error or "I/O" in error:
        return "expected room on the disk; free some and resume, stored replies are kept"
    if "not a database" in error or "malformed" in error:
        return "expected a store of replies; put the file aside and run again"
    if "locked" in error or "busy" in error:
        return "another process holds it; end that one and resume"
    return "expected a file that can be written; check the folder and its permissions"
