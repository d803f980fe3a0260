"""What posting to a place can come to, against a real server that fails as it is told."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from commonweal.core.errors import CommonwealError, ModelRefusedError, StudyError, TransientModelError
from commonweal.models import connection as module
from commonweal.models.connection import Connection, StatusError, is_loopback
from faults import Faulty, always

KEY = "COMMONWEAL_TEST_KEY"
BODY = {"model": "fake", "messages": [{"role": "user", "content": "A) one\nB) two\nReply with one letter."}]}


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "sk-secret-123")
    # No proxy of the surroundings stands between; the calls of these tests stay on this machine in any case.
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


def post(url: str, times: int = 1, timeout_s: float = 5.0, path: str = "chat/completions") -> list[bytes | Exception | None]:
    """What each of some calls gave or raised, one after the other."""

    async def run() -> list[bytes | Exception | None]:
        connection = Connection(url, KEY, timeout_s)
        found: list[bytes | Exception | None] = []
        try:
            for _ in range(times):
                try:
                    found.append(await connection.post(path, BODY))
                except (CommonwealError, StatusError) as error:
                    found.append(error)
        finally:
            await connection.close()
        return found

    return asyncio.run(run())


def test_a_body_of_status_200_is_given_as_it_came_and_the_key_is_sent():
    with Faulty() as server:
        (raw,) = post(server.url + "/")
        assert raw is not None
        assert b'"choices"' in raw
        (asked,) = server.asked
        assert asked.headers["Authorization"] == "Bearer sk-secret-123"
        assert asked.body == BODY


def test_no_key_is_sent_where_none_is_set(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(KEY, "  ")
    with Faulty() as server:
        post(server.url)
        assert "Authorization" not in server.asked[0].headers


@pytest.mark.parametrize(
    ("fault", "wait_s", "limited"),
    [
        ("429", 0.0, True),
        ("429 seconds", 7.5, True),
        ("500", 0.0, False),
        ("503", 0.0, False),
        ("408", 0.0, False),
        ("529", 0.0, True),
    ],
)
def test_a_status_that_may_pass(fault: str, wait_s: float, limited: bool):
    with Faulty(always(fault), retry_after_s=7.5) as server:
        first, second = post(server.url, 2)
        assert isinstance(first, TransientModelError)
        assert (first.wait_s, first.limited) == (wait_s, limited)
        assert f"status {fault[:3]}" in str(first)
        assert isinstance(second, bytes)


def test_a_date_to_wait_for():
    with Faulty(always("429 date")) as server:
        (error,) = post(server.url)
        assert isinstance(error, TransientModelError)
        assert 0 <= error.wait_s <= 2


@pytest.mark.parametrize("status", ["400", "401", "403", "404", "418", "422"])
def test_a_status_that_no_retry_helps_is_told_without_the_key_on_one_plain_line(status: str):
    with Faulty(always(status), permanent=True) as server:
        (error,) = post(server.url)
        assert isinstance(error, StatusError)
        assert error.status == int(status)
        # The server repeats the key, a colour and a line end; markup is text, and left to the views.
        assert error.said == "refused [31m<b>Bearer ***</b> said the server"
        assert len(server.asked) == 1


@pytest.mark.parametrize("fault", ["reset", "cut", "stall", "drip"])
def test_a_call_that_is_broken_off_may_pass(fault: str):
    with Faulty(always(fault), stall_s=3.0) as server:
        began = time.monotonic()
        first, second = post(server.url, 2, timeout_s=0.5)
        assert isinstance(first, TransientModelError)
        assert (first.wait_s, first.limited) == (0.0, False)
        assert "broke off a call" in str(first)
        assert isinstance(second, bytes)
        assert time.monotonic() - began < 3.0


def test_nothing_there_is_refused_and_what_was_there_may_return():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        (error,) = post(f"http://127.0.0.1:{held.getsockname()[1]}/v1")
        assert isinstance(error, ModelRefusedError)
        assert "no endpoint at" in str(error)

    async def run(server: Faulty) -> None:
        connection = Connection(server.url, KEY, 5.0)
        assert await connection.post("chat/completions", BODY)
        await asyncio.to_thread(server.die)
        for _ in range(2):
            with pytest.raises(TransientModelError, match="is gone"):
                await connection.post("chat/completions", BODY)
        await asyncio.to_thread(server.revive)
        assert await connection.post("chat/completions", BODY)
        await connection.close()

    with Faulty() as server:
        asyncio.run(run(server))


def test_a_certificate_that_nobody_vouches_for_is_refused():
    try:
        with Faulty(tls=True) as server:
            (error,) = post(server.url)
    except FileNotFoundError:
        pytest.skip("no program openssl to make a certificate with")
    assert isinstance(error, ModelRefusedError)
    assert "SSL_CERT_FILE" in str(error)
    assert not server.asked


def serving(handle: Callable[[web.Request], Awaitable[web.StreamResponse]], ask: Callable[[str], Awaitable[None]]) -> None:
    """Run a handler at every path while something is asked."""

    async def run() -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            await ask(f"http://127.0.0.1:{runner.addresses[0][1]}/v1")
        finally:
            await runner.cleanup()

    asyncio.run(run())


@pytest.mark.parametrize(("size", "kept"), [(1000, True), (1001, False), (100_000, False)])
def test_a_body_above_its_bound_is_not_read(size: int, kept: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "LONGEST_BODY_BYTES", 1000)

    async def handle(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * size)

    async def ask(url: str) -> None:
        connection = Connection(url, KEY, 5.0)
        for _ in range(2):
            assert await connection.post("any", {}) == (b"x" * size if kept else None)
        await connection.close()

    serving(handle, ask)


def test_no_cookie_is_kept():
    seen: list[tuple[str, str]] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append((request.path, request.headers.get("Cookie", "")))
        answer = web.Response(body=b"{}")
        answer.set_cookie("who", "you")
        return answer

    async def ask(url: str) -> None:
        connection = Connection(url, KEY, 5.0)
        await connection.post("one", {})
        await connection.post("two", {})
        await connection.close()

    serving(handle, ask)
    assert seen == [("/v1/one", ""), ("/v1/two", "")]


def test_each_event_loop_has_connections_of_its_own_and_one_loop_uses_them_again():
    peers: list[object] = []

    async def handle(request: web.Request) -> web.Response:
        assert request.transport is not None
        peers.append(request.transport.get_extra_info("peername"))
        return web.Response(body=b"{}")

    async def ask(url: str) -> None:
        connection = Connection(url, KEY, 5.0)

        def elsewhere() -> None:
            async def twice() -> None:
                await connection.post("x", {})
                await connection.post("x", {})
                await connection.close()

            asyncio.run(twice())

        for _ in range(2):
            await asyncio.to_thread(elsewhere)
        await connection.post("x", {})
        await connection.close()
        # Closed twice, or never opened: nothing happens.
        await connection.close()

    serving(handle, ask)
    assert peers[0] == peers[1] != peers[2] == peers[3] != peers[4]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/v1",
        "127.0.0.1:8000/v1",
        "http://",
        "http://me:secret@127.0.0.1/v1",
        "http://127.0.0.1/v1?key=secret",
        "http://127.0.0.1/v1#secret",
        "http://127.0.0.1:0/v1",
        "http://127.0.0.1:99999/v1",
        "http://[::1/v1",
    ],
)
def test_an_address_that_is_none_or_could_hold_a_secret_is_refused_and_not_repeated(url: str):
    with pytest.raises(StudyError, match=r"expected e\.g\. http://127") as refused:
        Connection(url, KEY, 1.0)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://127.8.9.1/v1", True),
        ("https://localhost/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://10.0.0.1/v1", False),
        ("https://localhost.example.org/v1", False),
        ("https://127.0.0.1.example.org/v1", False),
        ("", False),
    ],
)
def test_what_is_on_this_machine(url: str, here: bool):
    assert is_loopback(url) is here
