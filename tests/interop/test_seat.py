"""The other end of the desk: leases, receipts, the pipe; against a real desk on a real socket."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from commonweal.core.errors import StudyError
from commonweal.core.views import Ask, Words
from commonweal.interop.seat import END, RECEIPT, RunOverError, Seat, serve_pipe
from commonweal.minds.desk import Desk
from commonweal.minds.desk_server import DeskServer
from commonweal.minds.offers import PROTOCOL, Given

ACT = Ask("act", "choice", options=("defect", "cooperate"), answers=(0, 1))


def words(seat):
    return Words(seat=seat, tick=2, rules="One stock.", situation="Now.", heard="", ruled="", memory=(), asks=(ACT,))


@asynccontextmanager
async def opened(seats=1, deadline_s=20.0):
    """A served desk with some offers, and a seat at it."""
    desk = Desk(("outside",))
    server = DeskServer(desk)
    await server.open()
    tasks = [asyncio.create_task(desk.ask("outside", words(seat), seat, deadline_s)) for seat in range(seats)]
    await asyncio.sleep(0)
    try:
        async with Seat(server.url, server.token) as seat:
            yield server, seat, tasks
    finally:
        await server.close()
        await asyncio.gather(*tasks, return_exceptions=True)


def test_a_seat_keeps_its_leases_and_answers_by_turn():
    async def main():
        async with opened() as (_, seat, tasks):
            offer = await seat.wait(5)
            assert "lease" not in offer
            wrong = await seat.answer(offer["turn"], {"act": 5})
            assert (wrong.status, wrong.taken, wrong.problems) == (422, False, {"act": "found 5, expected one of 0, 1"})
            assert (await seat.answer(offer["turn"], {"act": 1}, ["a note"])).taken
            assert (await tasks[0]).given == Given({"act": 1}, ("a note",), refused=1)
            again = await seat.answer(offer["turn"], {"act": 1})
            assert (again.status, again.taken) == (409, False)
            assert "answered" in again.error
            assert await seat.wait(0) is None
            assert (await seat.status())["counts"]["answered"] == 1

    asyncio.run(main())


@pytest.mark.parametrize("turn", ["", "../../status", "é", "x" * 1000, "a/answer", "%2e%2e"])
def test_a_turn_is_never_a_path(turn):
    async def main():
        async with opened() as (_, seat, _):
            assert (await seat.answer(turn, {"act": 1})).status == 409

    asyncio.run(main())


def test_what_is_held_comes_back_when_a_seat_is_left():
    async def main():
        async with opened() as (server, _, tasks):
            async with Seat(server.url, server.token) as first:
                turn = (await first.wait(5))["turn"]
            async with Seat(server.url, server.token) as second:
                assert (await second.wait(5))["turn"] == turn
                assert (await second.answer(turn, {"act": 0})).taken
            assert (await tasks[0]).given == Given({"act": 0})

    asyncio.run(main())


def test_strangers_and_wrong_names_are_told_what_to_do():
    with pytest.raises(StudyError, match="COMMONWEAL_SEAT_TOKEN"):
        Seat("http://127.0.0.1:1", "")

    async def main():
        async with opened() as (server, _, _):
            async with Seat(server.url, "guess") as stranger:
                with pytest.raises(StudyError, match="refused the token"):
                    await stranger.wait(0)
            async with Seat(server.url, server.token, "nobody") as lost:
                with pytest.raises(StudyError, match="outside"):
                    await lost.wait(0)
            assert server.token not in repr(Seat(server.url, server.token))
            url = server.url
        async with Seat(url, "x") as late:
            with pytest.raises(RunOverError, match="no desk answers"):
                await late.wait(0)
        async with Seat("no address", "x") as wrong:
            with pytest.raises((StudyError, RunOverError)):
                await wrong.wait(0)

    asyncio.run(main())


def test_a_pipe_gets_offers_and_receipts_and_an_end():
    """Two offers; on the way garbage, a turn that is none, and an illegal answer, each with its receipt."""
    written, inbox = [], asyncio.Queue()

    async def lines():
        while (line := await inbox.get()) is not None:
            yield line

    def write(line):
        row = json.loads(line)
        written.append(row)
        if row["schema"] == PROTOCOL:
            inbox.put_nowait(b"{garbage\n")
            inbox.put_nowait(b"[1]\n")
            inbox.put_nowait(b"\n")
            inbox.put_nowait(b'{"turn": "none", "acts": {"act": 1}}\n')
            inbox.put_nowait(json.dumps({"turn": row["turn"], "acts": {"act": 2}}).encode())
            inbox.put_nowait(json.dumps({"turn": row["turn"], "acts": {"act": row["seat"]}}).encode())

    async def main():
        async with opened(seats=2) as (_, seat, tasks):
            pipe = asyncio.create_task(serve_pipe(seat, lines(), write))
            assert [(await task).given.acts for task in tasks] == [{"act": 0}, {"act": 1}]
            await asyncio.sleep(0.05)
            inbox.put_nowait(None)
            assert await pipe == 2

    asyncio.run(main())
    offers = [row for row in written if row["schema"] == PROTOCOL]
    receipts = [row["status"] for row in written if row["schema"] == RECEIPT]
    assert len(offers) == 2
    assert sorted(receipts) == sorted([400, 400, 409, 422, 200] * 2)
    assert written[-1] == {"schema": END, "why": "the input ended", "taken": 2}


def test_a_pipe_whose_program_hangs_gets_the_next_offer_after_the_deadline():
    written = []

    async def silence():
        await asyncio.sleep(60)
        yield b""

    async def main():
        async with opened(seats=2, deadline_s=0.2) as (server, seat, tasks):
            pipe = asyncio.create_task(serve_pipe(seat, silence(), lambda line: written.append(json.loads(line))))
            assert [(await task).given for task in tasks] == [None, None]
            await server.close()
            await asyncio.wait_for(pipe, 5)

    asyncio.run(main())
    assert written[-1]["schema"] == END
    assert "run is over" in written[-1]["why"]


def test_a_pipe_with_a_wrong_token_is_an_error():
    async def nothing():
        await asyncio.sleep(60)
        yield b""

    async def main():
        async with opened() as (server, _, _), Seat(server.url, "guess") as stranger:
            with pytest.raises(StudyError, match="refused the token"):
                await serve_pipe(stranger, nothing(), lambda line: None)

    asyncio.run(main())
