"""A real SQLite file; the model behind it is a real endpoint object speaking to a counting loopback server."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from commonweal.core.errors import ModelRefusedError, StudyError, TransientModelError
from commonweal.models.endpoint import Endpoint
from commonweal.models.model import Form, IntegerField, Reply, Scores, Usage
from commonweal.models.store import ReplyStore
from commonweal.models.stored import Stored

# Awkward bits: a sum that is not its decimal.
BITS = -(0.1 + 0.2)


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
        rows = [{"token": "A", "logprob": BITS}, {"token": "B", "logprob": -number / 7}]
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
