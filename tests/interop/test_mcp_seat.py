"""A seat as an MCP server: a real client session over the standard input and output of `commonweal seat --mcp`."""

import asyncio
import dataclasses
import json
import sys

import jax.numpy as jnp
import pytest

from commonweal.channels.broadcast import Broadcast
from commonweal.core.named import Named
from commonweal.core.parts import HostedMind
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.core.views import HostedDecision
from commonweal.engine.hosted import run_hosted
from commonweal.interop.mcp_seat import seat_server
from commonweal.interop.seat import TOKEN, Seat
from commonweal.minds.desk import Desk
from commonweal.minds.desk_server import DeskServer
from commonweal.minds.outside import Outside
from commonweal.minds.scripted import Scripted
from commonweal.worlds.commons import Commons

mcp = pytest.importorskip("mcp", reason="the extra `mcp` is not installed")


def society(mind):
    minds = Named.of(("civil", Scripted(level=0.8)), ("other", mind))
    return Society(Commons(), minds, Seating(3, Named.of(("other", jnp.float32(0.7)))), channel=Broadcast())


class Twin(HostedMind):
    """The same acts from inside."""

    slots = 4

    @property
    def digest(self):
        return ""

    async def act(self, words, key):
        return HostedDecision({"harvest": words.seat + words.tick, "say": f"tick {words.tick}"}, words.memory)


def test_a_harness_plays_a_whole_trial_over_stdio():
    """The log is that of the same acts from inside; an illegal answer comes back as an error that says what is legal."""
    seen = []

    async def play(client):
        names = [tool.name for tool in (await client.list_tools()).tools]
        assert names == ["wait_for_turn", "answer", "status"]
        while True:
            result = await client.call_tool("wait_for_turn", {"seconds": 20})
            assert not result.is_error
            turn = result.structured_content
            if turn["over"]:
                return
            if not turn["turn"]:
                continue
            seen.append(turn)
            seat, tick = (
                int(turn["text"].split(mark)[1].split()[0].strip(".")) for mark in ("You hold seat ", "This is month ")
            )
            if len(seen) == 1:
                wrong = await client.call_tool("answer", {"turn": turn["turn"], "acts": {"harvest": "all"}})
                assert wrong.is_error
                assert "expected a whole number from 0" in wrong.content[0].text
                lie = await client.call_tool("answer", {"turn": "f" * 32, "acts": {"harvest": 1}})
                assert lie.is_error
                assert "unknown here" in lie.content[0].text
            status = await client.call_tool("status", {})
            assert not status.is_error
            acts = {"harvest": seat + tick - 1, "say": f"tick {tick - 1}"}
            assert not (await client.call_tool("answer", {"turn": turn["turn"], "acts": acts})).is_error

    async def main():
        desk = Desk(("outside",))
        server = DeskServer(desk)
        await server.open()
        trial = asyncio.create_task(run_hosted(society(Outside(desk=desk)), 2, 3, record=("acts",)))
        parameters = mcp.StdioServerParameters(
            command=sys.executable,
            args=["-m", "commonweal.app.main", "seat", "--mcp", "--url", server.url],
            env={TOKEN: server.token},
        )
        async with mcp.Client(mcp.stdio_client(parameters)) as client:
            playing = asyncio.create_task(play(client))
            log = await trial
            await server.close()
            await asyncio.wait_for(playing, 20)
        return log

    log = asyncio.run(main())
    twin = asyncio.run(run_hosted(society(Twin()), 2, 3, record=("acts",)))
    assert len(seen) == 6
    assert seen[0]["answer_schema"]["properties"]["acts"]["required"] == ["harvest"]
    assert [event.words for event in log.events if event.kind == "repair"] == ["harvest: answered after 1 illegal answers"]
    plain = dataclasses.replace(log, society_digest="", events=tuple(event for event in log.events if event.kind != "repair"))
    assert plain.digest == dataclasses.replace(twin, society_digest="").digest


def test_when_the_run_is_over_the_tools_say_so():
    """In one process, without pipes: the same server object."""

    async def main():
        desk = DeskServer(Desk(("outside",)))
        await desk.open()
        async with Seat(desk.url, desk.token) as seat, mcp.Client(seat_server(seat)) as client:
            none = await client.call_tool("wait_for_turn", {"seconds": 0})
            assert none.structured_content["turn"] == ""
            assert not none.structured_content["over"]
            status = json.loads((await client.call_tool("status", {})).content[0].text)
            assert status["queues"] == {"outside": {"open": 0, "held": 0}}
            await desk.close()
            over = await client.call_tool("wait_for_turn", {"seconds": 0})
            assert over.structured_content["over"]
            for call in (client.call_tool("answer", {"turn": "x", "acts": {}}), client.call_tool("status", {})):
                result = await call
                assert result.is_error
                assert "stop" in result.content[0].text

    asyncio.run(main())
