"""The other end of a desk: what a process needs to hold seats from outside, over HTTP or as JSON lines on a pipe.

    async with Seat(url, token, "outside") as seat:
        while (offer := await seat.wait(20)) is None: ...
        receipt = await seat.answer(offer["turn"], {"harvest": 3})

Pipe, one JSON object a line: offers (`commonweal.offer/1`) come on the output, each answer is a line on the input,
`{"turn": ..., "acts": {...}, "remember": [...]}`, and has a receipt on the output (`commonweal.receipt/1`: `status` 200, or
what was wrong). The last line is `commonweal.end/1`. Nothing here imports the laboratory: it starts in a moment.

Source: own definition; the protocol is that of `minds.desk_server`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import cast

import aiohttp

from commonweal.core.errors import StudyError

TOKEN = "COMMONWEAL_SEAT_TOKEN"
"""The environment variable that holds a run's token."""
RECEIPT, END = "commonweal.receipt/1", "commonweal.end/1"
POLL_S = 20.0
"""How long one poll waits, in seconds."""
_GRACE_S = 10.0
"""What a reply may take beyond a poll's own time, in seconds."""

Json = dict[str, object]


class RunOverError(Exception):
    """The run is over, or its desk is gone: there will be no more offers."""


@dataclass(frozen=True)
class Receipt:
    """What became of an answer.

    Source: own definition.
    """

    status: int
    """200 taken, 409 not your turn, 422 not legal (try again), 400 no JSON, 413 too long, 503 it could not be kept."""
    error: str = ""
    """What was wrong and what to do; empty: nothing."""
    problems: Mapping[str, str] | None = None
    """By question, what was found and what is legal; only of 422."""

    @property
    def taken(self) -> bool:
        """Whether the answer stands."""
        return self.status == 200


class Seat:
    """A process's hold on a queue of seats. Leases are kept here, so that who answers need only name the turn.

    Args:
        url: the desk's, as in `http://127.0.0.1:41234`.
        token: the run's.
        name: of the queue.

    Raises:
        StudyError: there is no token.

    Source: see the module.
    """

    def __init__(self, url: str, token: str, name: str = "outside") -> None:
        if not token:
            raise StudyError(f"found no token of the run; set {TOKEN} to the `token` in the run's desk.json")
        self._url, self._token, self._name = url.rstrip("/"), token, name
        self._session: aiohttp.ClientSession | None = None
        self._leases: dict[str, str] = {}

    def __repr__(self) -> str:
        """Without the token."""
        return f"Seat({self._url!r}, {self._name!r})"

    async def __aenter__(self) -> Seat:
        """Open the connection."""
        self._session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {self._token}"})
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give back what is held, and close."""
        for turn in tuple(self._leases):
            with contextlib.suppress(RunOverError, StudyError):
                await self.give_back(turn)
        if self._session is not None:
            await self._session.close()

    async def wait(self, seconds: float) -> Json | None:
        """The next offer, leased to this process; None where there is none in time.

        Args:
            seconds: how long to wait, at least 0; the desk cuts it at 60.

        Raises:
            StudyError: the token or the name is not the desk's.
            RunOverError: the run is over.
        """
        query = {"name": self._name, "wait": f"{max(0.0, seconds):g}"}
        status, body = await self._ask("GET", "/offers", seconds, query)
        if status == 204:
            return None
        if status == 404:
            raise StudyError(f"the desk at {self._url} says: {body.get('error')}; name one of its queues with --name")
        if status != 200:
            raise RunOverError(str(body.get("error", f"the desk replied {status}")))
        self._leases[str(body["turn"])] = str(body.pop("lease"))
        return body

    async def answer(self, turn: str, acts: object, remember: object = None) -> Receipt:
        """Answer a turn.

        Args:
            turn: of an offer.
            acts: answers by question: any JSON value, the desk says what is wrong with it.
            remember: notes to oneself, oldest first; None: keep those there are.

        Raises:
            StudyError: the token is not the desk's.
            RunOverError: the run is over.
        """
        body: Json = {"lease": self._leases.get(turn, ""), "acts": acts}
        if remember is not None:
            body["remember"] = remember
        status, reply = await self._ask("POST", f"/offers/{_address(turn)}/answer", 0.0, {}, body)
        if status in (200, 409):
            self._leases.pop(turn, None)
        problems = reply.get("problems")
        named = cast("dict[str, str]", problems) if isinstance(problems, dict) else None
        return Receipt(status, str(reply.get("error", "")), named)

    async def give_back(self, turn: str) -> None:
        """End the lease of a turn, so that another process may answer.

        Raises:
            StudyError: the token is not the desk's.
            RunOverError: the run is over.
        """
        await self._ask("DELETE", f"/offers/{_address(turn)}", 0.0, {}, {"lease": self._leases.pop(turn, "")})

    async def status(self) -> Json:
        """How the desk stands: open and held offers by queue, and counts.

        Raises:
            StudyError: the token is not the desk's.
            RunOverError: the run is over.
        """
        return (await self._ask("GET", "/status", 0.0, {}))[1]

    async def _ask(
        self, method: str, path: str, wait_s: float, query: Mapping[str, str], body: Json | None = None
    ) -> tuple[int, Json]:
        """One request: status, and the object in the reply."""
        assert self._session is not None, "a seat is used inside `async with`"
        timeout = aiohttp.ClientTimeout(total=wait_s + _GRACE_S)
        try:
            async with self._session.request(
                method, self._url + path, params=query, json=body, timeout=timeout, allow_redirects=False
            ) as reply:
                found = await reply.json() if reply.status != 204 else {}
        except aiohttp.InvalidURL as error:
            raise StudyError(
                f"{self._url!r} is no address of a desk ({error}); take the `url` in the run's desk.json"
            ) from error
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise RunOverError(
                f"no desk answers at {self._url} ({type(error).__name__}): the run is over or not begun"
            ) from error
        if reply.status == 401:
            raise StudyError(f"the desk at {self._url} refused the token; set {TOKEN} to the `token` in the run's desk.json")
        if reply.status == 410:
            raise RunOverError("the run is over")
        return reply.status, cast("Json", found) if isinstance(found, dict) else {}


def _address(turn: str) -> str:
    """A turn as it can stand in a path: what is none is sent as one that nobody has."""
    return turn if turn.isascii() and turn.isalnum() and len(turn) <= 64 else "none"


async def serve_pipe(seat: Seat, lines: AsyncIterator[bytes], write: Callable[[str], None]) -> int:
    """Hold seats for a program at the other end of a pipe, one offer at a time, until the run or the input ends.

    Args:
        seat: an open one.
        lines: what the program writes.
        write: puts one line, without its end, before the program.

    Returns:
        How many answers were taken.

    Raises:
        StudyError: the token or the name is not the desk's.
    """
    settled, taken = asyncio.Event(), 0
    held: list[str] = []

    async def offer_turns() -> None:
        while True:
            offer = await seat.wait(POLL_S)
            if offer is None:
                continue
            settled.clear()
            held[:] = [str(offer["turn"])]
            write(json.dumps(offer))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(settled.wait(), float(str(offer["seconds_left"])))

    async def take_answers() -> None:
        nonlocal taken
        async for line in lines:
            if line.strip():
                turn, receipt = await _answer_line(seat, line)
                write(_receipt(turn, receipt))
                taken += receipt.taken
                # An offer that is answered, or that turned out to be over, makes room for the next.
                if receipt.status in (200, 409) and turn in held:
                    settled.set()

    tasks = [asyncio.create_task(offer_turns()), asyncio.create_task(take_answers())]
    why = "the input ended"
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    except RunOverError as error:
        why = str(error)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    write(json.dumps({"schema": END, "why": why, "taken": taken}))
    return taken


async def _answer_line(seat: Seat, line: bytes) -> tuple[str, Receipt]:
    """One line of a program, answered at the desk."""
    try:
        row = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return "", Receipt(400, "found no JSON on this line; write one object, {turn, acts}, a line")
    if not isinstance(row, dict) or not isinstance(cast("Json", row).get("turn"), str):
        return "", Receipt(400, "found no `turn`; write one object, {turn, acts}, a line")
    found = cast("Json", row)
    turn = str(found["turn"])
    return turn, await seat.answer(turn, found.get("acts"), found.get("remember"))


def _receipt(turn: str, receipt: Receipt) -> str:
    """A receipt as one line."""
    row: Json = {"schema": RECEIPT, "turn": turn[:64], "status": receipt.status}
    if receipt.error:
        row["error"] = receipt.error
    if receipt.problems is not None:
        row["problems"] = dict(receipt.problems)
    return json.dumps(row)
