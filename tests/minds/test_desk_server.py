"""The desk on a real socket: tokens, limits, garbage, clients that go away."""

import asyncio
import io
import json
import re
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aiohttp
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.views import Ask, Words
from commonweal.minds.desk import Desk
from commonweal.minds.desk_server import LIMIT, DeskServer
from commonweal.minds.offers import Given

ACT = Ask("act", "choice", options=("defect", "cooperate"), answers=(0, 1))
WORDS = Words(seat=1, tick=2, rules="One stock.", situation="Now.", heard="", ruled="", memory=(), asks=(ACT,))


@asynccontextmanager
async def opened():
    """A served desk with one offer, and a client that has the token."""
    desk = Desk(("outside",))
    server = DeskServer(desk)
    await server.open()
    task = asyncio.create_task(desk.ask("outside", WORDS, 7, 20.0))
    await asyncio.sleep(0)
    try:
        async with aiohttp.ClientSession(server.url, headers={"Authorization": f"Bearer {server.token}"}) as client:
            yield desk, server, client, task
    finally:
        await server.close()
        await asyncio.gather(task, return_exceptions=True)


async def leased(client):
    async with client.get("/offers", params={"name": "outside", "wait": "5"}) as reply:
        assert reply.status == 200
        return await reply.json()


async def sent(client, path, body, method="POST"):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with client.request(method, path, data=io.BytesIO(raw)) as reply:
        return reply.status, await reply.json()


def test_an_offer_is_answered_over_http():
    async def main():
        async with opened() as (_, _, client, task):
            offer = await leased(client)
            path = f"/offers/{offer['turn']}/answer"
            assert await sent(client, path, {"lease": offer["lease"], "acts": {"act": 1}}) == (200, {"taken": True})
            assert (await task).given == Given({"act": 1})
            status, body = await sent(client, path, {"lease": offer["lease"], "acts": {"act": 0}})
            assert status == 409
            assert "answered" in body["error"]
            async with client.get("/offers", params={"wait": "0"}) as reply:
                assert reply.status == 204
            async with client.get("/status") as reply:
                assert (await reply.json())["counts"]["answered"] == 1

    asyncio.run(main())


def test_nobody_gets_in_without_the_token():
    """RFC 6750: 401 with a challenge, whatever is asked."""

    async def main():
        async with opened() as (desk, server, _client, task):
            for headers in (
                {},
                {"Authorization": "Bearer x"},
                {"Authorization": server.token},
                {"Authorization": "Basic eDp5"},
            ):
                async with aiohttp.ClientSession(server.url, headers=headers) as stranger:
                    for method, path in (("GET", "/offers"), ("GET", "/status"), ("POST", "/offers/1/answer"), ("GET", "/x")):
                        async with stranger.request(method, path) as reply:
                            assert reply.status == 401
                            assert reply.headers["WWW-Authenticate"] == "Bearer"
                            assert server.token not in await reply.text()
            assert desk.status()["queues"]["outside"]["held"] == 0
            assert server.token not in repr(server)
            assert not task.done()

    asyncio.run(main())


def test_two_servers_have_two_tokens():
    assert DeskServer(Desk(("a",))).token != DeskServer(Desk(("a",))).token


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{", 400, "no JSON"),
        (b"\xff\x00", 400, "no JSON"),
        (b"[" * 60_000, 400, "no JSON"),
        (b"[1]", 400, "no JSON object"),
        (b"x" * (LIMIT + 1), 413, "shorter"),
        (b"x" * 10_000_000, 413, "shorter"),
        ({"acts": {"act": 1}}, 409, "somebody else"),
        ({"lease": "guess", "acts": {"act": 1}}, 409, "somebody else"),
    ],
    ids=["brace", "binary", "deep", "list", "64k", "10M", "no lease", "wrong lease"],
)
def test_hostile_answers_are_told_and_the_trial_waits(body, status, words):
    async def main():
        async with opened() as (_, _, client, task):
            offer = await leased(client)
            found, reply = await sent(client, f"/offers/{offer['turn']}/answer", body)
            assert found == status
            assert words in reply["error"]
            assert not task.done()
            done = await sent(client, f"/offers/{offer['turn']}/answer", {"lease": offer["lease"], "acts": {"act": 0}})
            assert done[0] == 200
            assert (await task).given == Given({"act": 0})

    asyncio.run(main())


def test_a_body_in_chunks_is_bounded_too():
    async def pieces():
        for _ in range(400):
            yield b"x" * 4096

    async def main():
        async with opened() as (_, _, client, task):
            offer = await leased(client)
            async with client.post(f"/offers/{offer['turn']}/answer", data=pieces()) as reply:
                assert reply.status == 413
            assert not task.done()

    asyncio.run(main())


def test_an_illegal_answer_says_what_is_legal_and_how_long_there_is():
    async def main():
        async with opened() as (_, _, client, task):
            offer = await leased(client)
            path = f"/offers/{offer['turn']}/answer"
            status, body = await sent(client, path, {"lease": offer["lease"], "acts": {"act": "both"}})
            assert status == 422
            assert body["problems"] == {"act": "found 'both', expected one of 0, 1"}
            assert 0 < body["seconds_left"] <= 20
            assert (await sent(client, path, {"lease": offer["lease"], "acts": {"act": 1}}))[0] == 200
            assert (await task).given == Given({"act": 1}, None, refused=1)

    asyncio.run(main())


def test_a_client_that_goes_while_it_waits_holds_nothing():
    """Polls on a raw socket that is closed; the offer that comes then goes to the next."""

    async def main():
        desk = Desk(("outside",))
        server = DeskServer(desk)
        await server.open()
        at = urlsplit(server.url)
        for _ in range(5):
            _, writer = await asyncio.open_connection(at.hostname, at.port)
            writer.write(
                f"GET /offers?wait=60 HTTP/1.1\r\nHost: {at.netloc}\r\nAuthorization: Bearer {server.token}\r\n\r\n".encode()
            )
            await writer.drain()
            await asyncio.sleep(0.02)
            writer.close()
            await writer.wait_closed()
        task = asyncio.create_task(desk.ask("outside", WORDS, 7, 20.0))
        async with aiohttp.ClientSession(server.url, headers={"Authorization": f"Bearer {server.token}"}) as client:
            offer = await leased(client)
            answer = {"lease": offer["lease"], "acts": {"act": 1}}
            assert (await sent(client, f"/offers/{offer['turn']}/answer", answer))[0] == 200
        assert (await task).given == Given({"act": 1})
        await server.close()

    asyncio.run(main())


def test_a_lease_is_given_back_and_lapses():
    async def main():
        async with opened() as (_, _, client, _task):
            offer = await leased(client)
            path = f"/offers/{offer['turn']}"
            assert (await sent(client, path, {"lease": "guess"}, "DELETE"))[0] == 409
            assert await sent(client, path, {"lease": offer["lease"]}, "DELETE") == (200, {"given_back": True})
            async with client.get("/offers", params={"hold": "0.05"}) as reply:
                second = await reply.json()
            third = await leased(client)
            assert offer["turn"] == second["turn"] == third["turn"]
            assert len({offer["lease"], second["lease"], third["lease"]}) == 3

    asyncio.run(main())


@pytest.mark.parametrize(
    ("query", "status"),
    [("wait=x", 400), ("wait=-1", 400), ("wait=nan", 400), ("hold=0", 400), ("hold=nan", 400), ("name=%00..%2f", 404)],
)
def test_impossible_queries_are_told(query, status):
    async def main():
        async with opened() as (_, _, client, _), client.get(f"/offers?{query}") as reply:
            assert reply.status == status
            assert "expected" in (await reply.json())["error"]

    asyncio.run(main())


def test_who_polls_hears_that_the_run_is_over():
    async def main():
        server = DeskServer(Desk(("outside",)))
        await server.open()
        async with aiohttp.ClientSession(server.url, headers={"Authorization": f"Bearer {server.token}"}) as client:
            poll = asyncio.create_task(client.get("/offers", params={"wait": "60"}).__aenter__())
            await asyncio.sleep(0.05)
            await server.close()
            reply = await poll
            assert reply.status == 410
            assert await reply.json() == {"error": "the run is over"}
            reply.release()

    asyncio.run(main())


def test_it_is_on_the_loopback_alone_and_a_taken_port_is_told():
    async def main():
        server = DeskServer(Desk(("outside",)))
        await server.open()
        assert re.fullmatch(r"http://127\.0\.0\.1:[1-9][0-9]*", server.url)
        with pytest.raises(StudyError, match="taken"):
            await DeskServer(Desk(("outside",)), urlsplit(server.url).port).open()
        await server.close()

    asyncio.run(main())
