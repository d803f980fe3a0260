"""A real SQLite file: what is put comes back, from several processes, after a kill, on a full disk."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from commonweal.core.errors import LogError
from commonweal.models.model import Reply, Scores, Usage
from commonweal.models.store import Call, ReplyStore

CALL = Call("score", "sha256:m", "prefix", "suffix", '{"options":["A","B"]}')
# Awkward bits: a subnormal, a sum that is not its decimal, a long fraction.
BITS = (-5e-324, -(0.1 + 0.2), -1.4623366594314575)


def test_what_is_put_comes_back_to_the_bit(tmp_path: Path):
    store = ReplyStore(tmp_path / "replies.sqlite")
    cost = Usage(1, 40, 1, 0.25)
    assert store.get(CALL) is None
    assert store.put(CALL, Scores(BITS, cost, exact=False)) is None
    store.close()
    kept = ReplyStore(tmp_path / "replies.sqlite")
    assert kept.get(CALL) == Scores(BITS, Usage(), stored=True, exact=False, answered=True, original=cost)
    assert kept.count() == 1
    kept.close()


def test_the_first_reply_stays(tmp_path: Path):
    store = ReplyStore(tmp_path / "replies.sqlite")
    call = Call("generate", "m", "p", "s", "{}")
    store.put(call, Reply("first é\n\0", Usage(1)))
    first = store.put(call, Reply("second", Usage(1)))
    assert first == Reply("first é\n\0", Usage(), True, Usage(1))
    store.close()


def test_every_part_of_a_call_moves_its_key():
    calls = [
        CALL,
        Call("generate", "sha256:m", "prefix", "suffix", CALL.asked),
        Call("score", "sha256:n", "prefix", "suffix", CALL.asked),
        Call("score", "sha256:m", "prefixs", "uffix", CALL.asked),
        Call("score", "sha256:m", "prefix", "suffix", '{"options":["B","A"]}'),
    ]
    assert len({call.key for call in calls}) == len(calls)


WRITER = """
import sys
from commonweal.models.model import Reply, Usage
from commonweal.models.store import Call, ReplyStore
path, me, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = ReplyStore(path)
for i in range(count):
    first = store.put(Call("generate", "m", "p", str(i), ""), Reply(me + str(i), Usage(1)))
    if me == "endless" and i == 20:
        print("twenty", flush=True)
"""


def test_several_processes_write_at_once(tmp_path: Path):
    path = tmp_path / "r.sqlite"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), name, "150"]) for name in "abcd"]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    store = ReplyStore(path)
    assert store.count() == 150
    store.close()


def test_a_kill_loses_no_stored_reply(tmp_path: Path):
    path = tmp_path / "r.sqlite"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), "endless", "100000000"], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "twenty\n"
        os.kill(writer.pid, signal.SIGKILL)
    store = ReplyStore(path)
    kept = store.count()
    assert kept >= 21
    answers = [store.get(Call("generate", "m", "p", str(i), "")) for i in range(kept)]
    assert [a.text for a in answers if isinstance(a, Reply)] == [f"endless{i}" for i in range(kept)]
    store.close()


def test_a_full_disk_is_said_and_what_was_stored_stays(tmp_path: Path):
    # A limit on file size is the kernel's own way to fail a write; SQLite reports it as a full disk or an I/O error.
    script = textwrap.dedent("""
        import resource, signal, sys
        from commonweal.core.errors import LogError
        from commonweal.models.model import Reply, Usage
        from commonweal.models.store import Call, ReplyStore
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        store = ReplyStore(sys.argv[1])
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        try:
            for i in range(100):
                store.put(Call("generate", "m", "p", str(i), ""), Reply("x" * 10_000, Usage(1)))
        except LogError as error:
            print(i)
            print(error)
    """)
    path = tmp_path / "r.sqlite"
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    stored, message = done.stdout.splitlines()
    assert "expected room on the disk; free some and resume" in message
    store = ReplyStore(path)
    assert 0 < int(stored) == store.count()
    store.close()


def test_a_folder_that_is_missing_is_said(tmp_path: Path):
    with pytest.raises(LogError, match="check the folder"):
        ReplyStore(tmp_path / "missing" / "r.sqlite")


def test_a_file_that_is_no_store_is_said(tmp_path: Path):
    (tmp_path / "r.sqlite").write_bytes(b"not a database, but long enough to be read as one" * 40)
    with pytest.raises(LogError, match="put the file aside"):
        ReplyStore(tmp_path / "r.sqlite")


def test_another_version_is_refused(tmp_path: Path):
    with sqlite3.connect(tmp_path / "r.sqlite") as database:
        database.execute("CREATE TABLE replies (x)")
        database.execute("PRAGMA user_version = 9")
    database.close()
    with pytest.raises(LogError, match="version 9, expected 1"):
        ReplyStore(tmp_path / "r.sqlite")
