"""A real SQLite file; behind it a real endpoint object that speaks to a counting loopback server, or a model in a few lines."""

import asyncio
import json
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from commonweal.core.errors import LogError, ModelRefusedError, StudyError, TransientModelError
from commonweal.models.endpoint import Endpoint
from commonweal.models.model import Form, IntegerField, Reply, Scores, Usage, Vectors
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
        choice = {"message": {"content": json.dumps({"n": number})}, "logprobs": {"content": [{"top_logprobs": rows}]}}
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
    assert repr(stored) == repr(inner)
    asyncio.run(stored.close())


class Together:
    """Answers all calls at once when its gate opens; embeds a text as its length and its first letter."""

    name, digest, null_model = "together", "sha256:t", False

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.asked: list[str] = []
        self.embedded: list[tuple[str, ...]] = []

    async def score(self, prefix: str, suffix: str, options: tuple[str, ...]) -> Scores:
        raise NotImplementedError

    async def generate(
        self, prefix: str, suffix: str, form: Form | None, *, max_tokens: int, temperature: float, draw: int
    ) -> Reply:
        self.asked.append(suffix)
        await self.gate.wait()
        return Reply(f"{suffix}, {draw}", Usage(1, 10, 2))

    async def embed(self, texts: tuple[str, ...]) -> Vectors:
        self.embedded.append(texts)
        values = np.array([[len(text) / 3, ord(text[0]) / 7] for text in texts], np.float32)
        return Vectors(values, Usage(1, 5 * len(texts)))

    async def close(self) -> None:
        pass


async def says(stored: Stored, suffix: str) -> str:
    return (await stored.generate("p", suffix, None, max_tokens=9, temperature=0.0, draw=4)).text


class Watched(ReplyStore):
    """Tells before and after each transaction how many replies it holds."""

    def __init__(self, path: Path, told: list[tuple[str, int]], broken: bool = False) -> None:
        super().__init__(path)
        self.told, self.broken = told, broken

    def put_all(self, replies):
        self.told.append(("writes", len(replies)))
        if self.broken:
            raise LogError("no room")
        first = super().put_all(replies)
        self.told.append(("wrote", self.count()))
        return first


def test_replies_that_arrive_together_are_one_transaction_and_none_is_used_before_it(tmp_path: Path):
    told: list[tuple[str, int]] = []

    async def run() -> None:
        model = Together()
        stored = Stored(model, Watched(tmp_path / "r.sqlite", told))

        async def ask(suffix: str) -> None:
            told.append((await says(stored, suffix), 0))

        work = asyncio.gather(*(ask(str(i)) for i in range(10)))
        while len(model.asked) < 10:
            await asyncio.sleep(0)
        model.gate.set()
        await work
        await stored.close()

    asyncio.run(run())
    assert told[:2] == [("writes", 10), ("wrote", 10)]
    assert sorted(told[2:]) == [(f"{i}, 4", 0) for i in range(10)]


def test_what_cannot_be_written_is_not_used(tmp_path: Path):
    async def run() -> list[str | BaseException]:
        model = Together()
        model.gate.set()
        stored = Stored(model, Watched(tmp_path / "r.sqlite", [], broken=True))
        found = await asyncio.gather(*(says(stored, str(i)) for i in range(5)), return_exceptions=True)
        await stored.close()
        return found

    assert [str(found) for found in asyncio.run(run())] == ["no room"] * 5


KILLED = """
    import asyncio, os, signal, sys
    from commonweal.models.model import Reply, Usage
    from commonweal.models.store import ReplyStore
    from commonweal.models.stored import Stored

    class Model:
        name, digest, null_model = "together", "sha256:t", False
        async def generate(self, prefix, suffix, form, *, max_tokens, temperature, draw):
            return Reply(suffix, Usage(1))

    async def ask(stored, suffix):
        await stored.generate("p", suffix, None, max_tokens=9, temperature=0.0, draw=4)
        print(suffix, flush=True)

    async def main():
        store = ReplyStore(sys.argv[1])
        stored = Stored(Model(), store)
        await asyncio.gather(*(ask(stored, f"first {i}") for i in range(3)))
        def end(statement):
            if statement.startswith(sys.argv[2]):
                os.kill(os.getpid(), signal.SIGKILL)
        store._database.set_trace_callback(end)
        await asyncio.gather(*(ask(stored, f"second {i}") for i in range(3)))

    asyncio.run(main())
"""


@pytest.mark.parametrize("moment", ["BEGIN", "INSERT OR IGNORE INTO replies", "COMMIT"])
def test_a_kill_inside_a_transaction_leaves_none_of_it_and_nobody_had_used_it(tmp_path: Path, moment: str):
    path = tmp_path / "r.sqlite"
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(path), moment], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert sorted(done.stdout.splitlines()) == [f"first {i}" for i in range(3)]

    async def run() -> list[str]:
        model = Together()
        model.gate.set()
        stored = Stored(model, ReplyStore(path))
        assert stored.store is not None
        assert stored.store.count() == 3
        found = await asyncio.gather(*(says(stored, f"{which} {i}") for which in ("first", "second") for i in range(3)))
        assert stored.store.count() == 6
        await stored.close()
        # What was written is not asked for again.
        assert model.asked == [f"second {i}" for i in range(3)]
        return found

    assert asyncio.run(run()) == [*(f"first {i}" for i in range(3)), *(f"second {i}, 4" for i in range(3))]


def test_each_text_is_embedded_once_whatever_it_is_asked_with(tmp_path: Path):
    async def run(mode: str, *asked: tuple[str, ...]) -> tuple[list[tuple[str, ...]], list[Vectors]]:
        model = Together()
        stored = Stored(model, ReplyStore(tmp_path / "r.sqlite"), mode)  # type: ignore[arg-type]
        try:
            return model.embedded, [await stored.embed(texts) for texts in asked]
        finally:
            await stored.close()

    asked, found = asyncio.run(run("record", ("a", "bee"), ("bee", "sea", "a", "sea")))
    # In one call or several, each text went to the model once, and was paid for once.
    assert sorted(text for texts in asked for text in texts) == ["a", "bee", "sea"]
    assert [(one.usage.prompt_tokens, one.stored) for one in found] == [(10, False), (5, False)]
    assert sum(one.usage.calls for one in found) == len(asked)
    third = np.float32(1 / 3)
    rows = {"a": (third, ord("a") / 7), "bee": (1, ord("b") / 7), "sea": (1, ord("s") / 7)}
    for texts, one in zip([("a", "bee"), ("bee", "sea", "a", "sea")], found, strict=True):
        assert np.array_equal(one.values, np.array([rows[text] for text in texts], np.float32))
    asked, (again,) = asyncio.run(run("replay", ("sea", "bee")))
    assert asked == []
    assert (again.usage, again.stored) == (Usage(), True)
    assert np.array_equal(again.values, found[1].values[[1, 0]])
    with pytest.raises(ModelRefusedError, match="holds no reply to"):
        asyncio.run(run("replay", ("sea", "d")))
    asked, _ = asyncio.run(run("off", ("sea",), ("sea",)))
    assert asked == [("sea",), ("sea",)]


@pytest.mark.parametrize("usage", [Usage(1, 10**30, 0), Usage(1, 0, 10**30)])
def test_a_reply_that_cannot_be_kept_is_said_to_whoever_waits_for_it(tmp_path: Path, usage: Usage):
    class Boasting(Together):
        async def generate(self, *_: object, **__: object) -> Reply:
            return Reply("x", usage)

    async def run() -> None:
        stored = Stored(Boasting(), ReplyStore(tmp_path / "r.sqlite"))
        with pytest.raises((LogError, OverflowError)):
            await asyncio.wait_for(says(stored, "x"), 5.0)
        await stored.close()

    asyncio.run(run())
