"""The ledger of a run: which chunks of trials are open, leased, done or failed. SQLite, safe for several processes.

A lease lapses when its worker stops renewing it, so a killed worker's chunk is run again; a finished chunk never is.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from commonweal.core.errors import LogError

LEASE_S = 20.0
"""How long a lease lasts unless it is renewed."""
CARD = "card"
"""The chunk without trials that measures the run's model."""
MAX_ATTEMPTS = 3
"""How often a chunk whose worker died is tried."""

_TABLES = """
CREATE TABLE IF NOT EXISTS chunks (
    id INTEGER PRIMARY KEY, part TEXT NOT NULL, trials TEXT NOT NULL, count INTEGER NOT NULL, weight REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'open', owner TEXT, lapses REAL, attempts INTEGER NOT NULL DEFAULT 0,
    progress REAL NOT NULL DEFAULT 0, error TEXT, seconds REAL
);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Chunk:
    """Some trials of one part that are run together."""

    id: int
    part: str
    trials: tuple[tuple[int, int], ...]
    """(cell, seed) of each."""


@dataclass(frozen=True)
class Progress:
    """How far a run has come."""

    trials: int
    done: int
    """Trials of finished chunks."""
    work: float
    """Predicted seconds of all chunks."""
    work_done: float
    """Predicted seconds of what is finished, parts of chunks included."""
    failed: tuple[str, ...]
    """What went wrong in chunks that failed for good."""
    open: int
    """Chunks that are neither done nor failed."""
    stopped: str = ""
    """Why no more chunks are begun though some are open, as a spent budget; empty: none stopped it."""


class Ledger:
    """The chunks of one run's folder."""

    def __init__(self, path: Path) -> None:
        """Open or make the ledger.

        Raises:
            LogError: the file cannot be opened or written.
        """
        self.path = path
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(_TABLES)

    @contextmanager
    def _connection(self) -> Generator[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(self.path, timeout=30.0, isolation_level=None)
        except sqlite3.Error as error:
            raise LogError(f"{self.path} cannot be opened: {error}; choose a folder that can be written") from error
        try:
            yield connection
        except sqlite3.Error as error:
            raise LogError(f"{self.path} cannot be used: {error}; free space or choose another folder with --out") from error
        finally:
            connection.close()

    def enter(self, chunks: list[tuple[str, tuple[tuple[int, int], ...], float]]) -> None:
        """Enter a plan's chunks (part, trials, predicted seconds) in the place of those that are not done.

        What is done stays done, trial by trial, however trials were put into chunks before. While somebody holds a lease the
        chunks stay as they are.
        """
        done = self.done()
        left = [
            (part, tuple(trial for trial in trials if trial not in done.get(part, ())), weight)
            for part, trials, weight in chunks
            if trials or part not in done
        ]
        fresh = {(part, json.dumps(trials)): weight for part, trials, weight in left if trials or part == CARD}
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            rows = connection.execute("SELECT id, part, trials, state, lapses FROM chunks").fetchall()
            held = any(state == "leased" and lapses > time.time() for _, _, _, state, lapses in rows)
            if not held and {(part, trials) for _, part, trials, state, _ in rows if state != "done"} != set(fresh):
                # Numbers are never used twice: a worker thought dead may still finish a chunk of an old number.
                first = max((row[0] for row in rows), default=0) + 1
                connection.execute("DELETE FROM chunks WHERE state != 'done'")
                connection.executemany(
                    "INSERT INTO chunks (id, part, trials, count, weight) VALUES (?, ?, ?, ?, ?)",
                    [
                        (number, part, trials, len(json.loads(trials)), weight)
                        for number, ((part, trials), weight) in enumerate(fresh.items(), first)
                    ],
                )
            connection.execute("COMMIT")

    def done(self) -> dict[str, frozenset[tuple[int, int]]]:
        """The (cell, seed) of the trials whose logs are on disk, by part; a part without trials is there when it is done."""
        found: dict[str, set[tuple[int, int]]] = {}
        with self._connection() as connection:
            for part, trials in connection.execute("SELECT part, trials FROM chunks WHERE state='done'"):
                found.setdefault(part, set()).update((cell, seed) for cell, seed in json.loads(trials))
        return {part: frozenset(trials) for part, trials in found.items()}

    def release(self) -> None:
        """Open every chunk that is leased or failed: called when a run is begun again and nobody else works on it."""
        with self._connection() as connection:
            connection.execute(
                "UPDATE chunks SET state='open', owner=NULL, attempts=0, error=NULL, progress=0 "
                "WHERE state IN ('leased', 'failed')"
            )
            connection.execute("DELETE FROM facts WHERE name='stopped'")

    def stop(self, why: str) -> None:
        """Say that no more chunks are begun before somebody runs this folder again."""
        with self._connection() as connection:
            connection.execute("INSERT OR IGNORE INTO facts VALUES ('stopped', ?)", (why,))

    def expect(self, more: bool) -> None:
        """Say whether chunks may still be added to this run: its workers then wait for them instead of ending."""
        with self._connection() as connection:
            if more:
                connection.execute("INSERT OR IGNORE INTO facts VALUES ('growing', '1')")
            else:
                connection.execute("DELETE FROM facts WHERE name='growing'")

    @property
    def growing(self) -> bool:
        """Whether chunks may still be added."""
        with self._connection() as connection:
            return connection.execute("SELECT 1 FROM facts WHERE name='growing'").fetchone() is not None

    def add(self, chunks: list[tuple[str, tuple[tuple[int, int], ...], float]]) -> None:
        """Enter further chunks (part, trials, predicted seconds) beside those that are there."""
        with self._connection() as connection:
            connection.executemany(
                "INSERT INTO chunks (part, trials, count, weight) VALUES (?, ?, ?, ?)",
                [(part, json.dumps(trials), len(trials), weight) for part, trials, weight in chunks],
            )

    def drop(self, part: str) -> None:
        """Take out the chunks of a part that nobody has begun."""
        with self._connection() as connection:
            connection.execute("DELETE FROM chunks WHERE part=? AND state='open'", (part,))

    def settled(self, part: str) -> bool:
        """Whether every chunk of a part is done."""
        with self._connection() as connection:
            query = "SELECT count(*) FROM chunks WHERE part=? AND state != 'done'"
            return connection.execute(query, (part,)).fetchone()[0] == 0

    def give_back(self, chunk: Chunk) -> None:
        """Open a leased chunk again, through no fault of its own."""
        with self._connection() as connection:
            connection.execute(
                "UPDATE chunks SET state='open', owner=NULL, attempts=attempts-1, progress=0 WHERE id=?", (chunk.id,)
            )

    def left(self, parts: Sequence[str]) -> int:
        """Chunks of these parts that are neither done nor failed."""
        marks = ",".join("?" * len(parts))
        with self._connection() as connection:
            query = f"SELECT count(*) FROM chunks WHERE state IN ('open', 'leased') AND part IN ({marks})"
            return int(connection.execute(query, tuple(parts)).fetchone()[0])

    def lease(self, owner: str, parts: Sequence[str]) -> Chunk | None:
        """The next open (or lapsed) chunk of these parts, leased to this worker, the heaviest first; None: nothing is open."""
        now, marks = time.time(), ",".join("?" * len(parts))
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                "UPDATE chunks SET state='failed', error=coalesce(error, 'its worker died ' || attempts || ' times') "
                "WHERE state='leased' AND lapses < ? AND attempts >= ?",
                (now, MAX_ATTEMPTS),
            )
            row = connection.execute(
                "SELECT id, part, trials FROM chunks WHERE (state='open' OR (state='leased' AND lapses < ?)) "
                f"AND part IN ({marks}) ORDER BY weight DESC, id LIMIT 1",
                (now, *parts),
            ).fetchone()
            if row:
                connection.execute(
                    "UPDATE chunks SET state='leased', owner=?, lapses=?, attempts=attempts+1, progress=0 WHERE id=?",
                    (owner, now + LEASE_S, row[0]),
                )
            connection.execute("COMMIT")
        return None if row is None else Chunk(row[0], row[1], tuple((cell, seed) for cell, seed in json.loads(row[2])))

    def renew(self, chunk: Chunk, owner: str, progress: float | None = None) -> None:
        """Keep a lease, and say how much of the chunk is done, 0 to 1."""
        with self._connection() as connection:
            connection.execute(
                "UPDATE chunks SET lapses=?, progress=coalesce(?, progress) WHERE id=? AND owner=? AND state='leased'",
                (time.time() + LEASE_S, progress, chunk.id, owner),
            )

    def finish(self, chunk: Chunk, seconds: float) -> None:
        """Mark a chunk as done: its log is on disk."""
        with self._connection() as connection:
            connection.execute(
                "UPDATE chunks SET state='done', progress=1, error=NULL, seconds=? WHERE id=?", (seconds, chunk.id)
            )

    def fail(self, chunk: Chunk, error: str, final: bool) -> None:
        """Note what went wrong; unless final, the chunk is tried again up to `MAX_ATTEMPTS` times."""
        with self._connection() as connection:
            connection.execute(
                "UPDATE chunks SET state=CASE WHEN ? OR attempts >= ? THEN 'failed' ELSE 'open' END, error=? WHERE id=?",
                (final, MAX_ATTEMPTS, error, chunk.id),
            )

    def progress(self) -> Progress:
        """How far the run has come."""
        with self._connection() as connection:
            rows = connection.execute("SELECT state, count, weight, progress, error FROM chunks").fetchall()
            stopped = connection.execute("SELECT value FROM facts WHERE name='stopped'").fetchone()
        return Progress(
            trials=sum(row[1] for row in rows),
            done=sum(row[1] for row in rows if row[0] == "done"),
            work=sum(row[2] for row in rows),
            work_done=sum(row[2] * row[3] for row in rows),
            failed=tuple(dict.fromkeys(str(row[4]) for row in rows if row[0] == "failed")),
            open=sum(row[0] in ("open", "leased") for row in rows),
            stopped=str(stopped[0]) if stopped else "",
        )

    def finished(self) -> list[int]:
        """Ids of the finished chunks."""
        with self._connection() as connection:
            return [row[0] for row in connection.execute("SELECT id FROM chunks WHERE state='done' ORDER BY id")]
