"""A real SQLite file; the model behind it is a real endpoint object speaking to a counting loopback server."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from commonweal.core.errors import LogError, ModelRefusedError, StudyError, TransientModelError
from commonweal.models.endpoint import Endpoint
from commonweal.models.model import Form, IntegerField, Reply, Scores, Usage
from commonweal.models.store import Call, ReplyStore
from commonweal.models.stored import Stored

CALL = Call("score", "sha256:m", "prefix", "suffix", '{"options":["A","B"]}')
# Awkward bits: a subnormal, a sum that is not its decimal, a long fraction.
BITS = (-5e-324, -(0.1 + 0.2), -1.4623366594314575)


class Server(ThreadingHTTPServer):
    """Answers every request with its number; waits first while `gate` is shut; fails while `broken`."""

    def __init__(self) -> None:
        self.count = 0
        self.gate = threading.Event()
        self.gate.set()
        self.broken = False
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            self.server.count += 1
            number = self.server.count
        self.server.gate.wait(10)
        rows = [{"token": "A", "logprob": BITS[1]}, {"token": "B", "logprob": -number / 7}]
        choice = {"message": {"content": f"n: {number}"}, "logprobs": {"content": [{"top_logprobs": rows}]}}
        usage = {"prompt_tokens": 5, "completion_tokens": 2}
        body = json.dumps({"choices": [choice], "usage": usage}).encode()
        self.send_response(500 if self.server.broken else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    served = Server()
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served
    served.gate.set()
    served.shutdown()
    thread.join()
    served.server_close()


def model(server: Server) -> Endpoint:
    return Endpoint(f"http://127.0.0.1:{server.server_address[1]}", "counter", scoring="logprobs")


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


def test_record_then_replay_is_bit_equal_and_asks_nobody(server: Server, tmp_path: Path):
    form = Form((IntegerField("n", 0, 99),))

    async def run(mode: str) -> tuple[Scores, Reply, Reply]:
        stored = Stored(model(server), ReplyStore(tmp_path / "r.sqlite"), mode)  # type: ignore[arg-type]
        try:
            scores = await stored.score("p", "s", ("A", "B"))
            one = await stored.generate("p", "s", form, max_tokens=9, temperature=1, draw=0)
            two = await stored.generate("p", "s", form, max_tokens=9, temperature=1.0, draw=1)
            return scores, one, two
        finally:
            await stored.close()

    first, again, replay = asyncio.run(run("record")), asyncio.run(run("record")), asyncio.run(run("replay"))
    assert server.count == 3
    assert [x.stored for x in first] == [False] * 3
    assert first[1].text != first[2].text
    for later in (again, replay):
        assert later[0].logprobs == first[0].logprobs
        assert [x.text for x in later[1:]] == [x.text for x in first[1:]]
        assert [(x.stored, x.usage) for x in later] == [(True, Usage())] * 3
        assert [x.original for x in later] == [x.usage for x in first]


def test_replay_never_asks(server: Server, tmp_path: Path):
    async def run() -> None:
        stored = Stored(model(server), ReplyStore(tmp_path / "r.sqlite"), "replay")
        try:
            await stored.score("p", "s", ("A", "B"))
        finally:
            await stored.close()

    with pytest.raises(ModelRefusedError, match="holds no reply to a score of counter"):
        asyncio.run(run())
    assert server.count == 0


def test_off_always_asks(server: Server):
    async def run() -> None:
        stored = Stored(model(server), None, "off")
        for _ in range(2):
            assert not (await stored.score("p", "s", ("A", "B"))).stored
        await stored.close()

    asyncio.run(run())
    assert server.count == 2


def test_identical_calls_in_flight_are_asked_once(server: Server, tmp_path: Path):
    async def run() -> list[Scores]:
        stored = Stored(model(server), ReplyStore(tmp_path / "r.sqlite"))
        try:
            return await asyncio.gather(*(stored.score("p", "s", ("A", "B")) for _ in range(10)))
        finally:
            await stored.close()

    replies = asyncio.run(run())
    assert server.count == 1
    assert len({reply.logprobs for reply in replies}) == 1
    assert sum(reply.usage.calls for reply in replies) == 1
    assert sum(not reply.stored for reply in replies) == 1


def test_a_cancelled_callers_reply_is_kept(server: Server, tmp_path: Path):
    server.gate.clear()

    async def run() -> Scores:
        stored = Stored(model(server), ReplyStore(tmp_path / "r.sqlite"))
        caller = asyncio.create_task(stored.score("p", "s", ("A", "B")))
        while server.count == 0:
            await asyncio.sleep(0.01)
        caller.cancel()
        server.gate.set()
        other = await stored.score("p", "s", ("A", "B"))
        await stored.close()
        return other

    assert asyncio.run(run()).stored
    assert server.count == 1


def test_a_failure_is_not_stored_and_may_be_asked_again(server: Server, tmp_path: Path):
    server.broken = True

    async def run() -> Scores:
        stored = Stored(model(server), ReplyStore(tmp_path / "r.sqlite"))
        results = await asyncio.gather(*[stored.score("p", "s", ("A", "B"))] * 1, return_exceptions=True)
        assert isinstance(results[0], TransientModelError)
        server.broken = False
        scores = await stored.score("p", "s", ("A", "B"))
        await stored.close()
        return scores

    assert not asyncio.run(run()).stored


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


def test_a_mode_needs_its_store(server: Server):
    with pytest.raises(StudyError, match="needs a store"):
        Stored(model(server), None)
    with pytest.raises(StudyError, match="'rec'"):
        Stored(model(server), None, "rec")  # type: ignore[arg-type]


def test_a_wrapped_model_keeps_its_name_digest_and_kind(server: Server, tmp_path: Path):
    inner = model(server)
    stored = Stored(inner, ReplyStore(tmp_path / "r.sqlite"))
    assert (stored.name, stored.digest, stored.null_model) == (inner.name, inner.digest, inner.null_model)
    assert "r.sqlite" in repr(stored)
    asyncio.run(stored.close())
