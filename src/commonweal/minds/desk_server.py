"""The desk on a socket: offers and answers over HTTP on the loopback, for whoever holds the run's token.

    GET    /offers?name=NAME&wait=SECONDS&hold=SECONDS   200 an offer | 204 none in time | 410 the run is over
    POST   /offers/TURN/answer   {"lease", "acts", "remember"?}   200 | 409 not your turn | 422 not legal, try again
    DELETE /offers/TURN          {"lease"}   200 the lease is given back | 409
    GET    /status               200

Other users of a machine reach its loopback too, so every request carries the token, which is made anew for each run and is
compared in constant time. 400 is no JSON or an impossible number, 401 no token or another, 404 no such queue, 413 more than
64 KiB. Every error is a JSON object whose `error` says what to do.

Source: own definition; bearer tokens: RFC 6750; long polling: RFC 6202.
"""

from __future__ import annotations

import asyncio
import hmac
import math
import secrets
from collections.abc import Awaitable, Callable
from typing import cast

from aiohttp import web

from commonweal.core.errors import LogError, StudyError
from commonweal.minds.desk import Desk, DeskClosedError, TurnRefusedError
from commonweal.minds.offers import IllegalAnswerError, Json, read_json

LIMIT = 64 * 1024
"""Most bytes of a request's body."""
LONGEST_WAIT_S = 60.0
"""Longest poll, in seconds; longer ones are cut."""
HOST = "127.0.0.1"
GRACE_S = 0.25
"""How long a desk that closes still tells who comes that the run is over, in seconds."""
_SETTLE_S = 0.05
"""How long connections that were accepted last have to reach their handlers, in seconds."""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class DeskServer:
    """A desk's HTTP server, on the loopback only.

    Args:
        desk: what is served.
        port: 0 to 65535; 0 takes a free one.

    Source: see the module.
    """

    def __init__(self, desk: Desk, port: int = 0) -> None:
        self.desk = desk
        self.token = secrets.token_urlsafe(32)
        """What every request carries."""
        self._port = port
        self._runner: web.AppRunner | None = None
        self._visited = False

    def __repr__(self) -> str:
        """Without the token: a representation may end in a log."""
        return f"DeskServer(port={self._port})"

    @property
    def url(self) -> str:
        """Where it is served, once it is open."""
        return f"http://{HOST}:{self._port}"

    async def open(self) -> None:
        """Serve.

        Raises:
            StudyError: the port cannot be had.
        """
        app = web.Application(client_max_size=LIMIT, middlewares=[self._guard])
        app.router.add_get("/offers", self._offers)
        app.router.add_post("/offers/{turn}/answer", self._answer)
        app.router.add_delete("/offers/{turn}", self._give_back)
        app.router.add_get("/status", self._status)
        # A poll whose client is gone is cancelled: else it would lease an offer for nobody.
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise StudyError(
                f"the desk of outside seats found port {self._port} taken: {error}; use port 0, or another"
            ) from error
        self._port = int(cast("tuple[str, int]", self._runner.addresses[0])[1])

    async def close(self) -> None:
        """Tell who polls that the run is over, and serve no more."""
        await self.desk.close()
        runner, self._runner = self._runner, None
        if runner is None:
            return
        if self._visited:
            # Who just answered comes back for the next offer: it should hear that there is none.
            await asyncio.sleep(GRACE_S)
        for site in tuple(runner.sites):
            await site.stop()
        # A connection that is accepted while the server goes would be left open with nobody to serve it, and its client
        # would wait for ever: first nobody new, then those who came, then the end.
        await asyncio.sleep(_SETTLE_S)
        await runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """The token before anything else, and errors as JSON."""
        if not hmac.compare_digest(_bearer(request), self.token.encode()):
            headers = {"WWW-Authenticate": "Bearer"}
            return _error(401, "found no token of this run, expected the header `Authorization: Bearer TOKEN`", headers)
        self._visited = True
        try:
            return await handler(request)
        except IllegalAnswerError as error:
            return web.json_response({"error": "found no JSON object; send one", "problems": error.problems}, status=400)
        except TurnRefusedError as error:
            return _error(409, str(error))
        except DeskClosedError as error:
            return _error(410, str(error))
        except web.HTTPRequestEntityTooLarge:
            return _error(413, f"found more than {LIMIT} bytes; send a shorter answer")
        except web.HTTPException as error:
            return _error(error.status, f"{error.reason}; expected /offers, /offers/TURN/answer or /status")
        except LogError as error:
            return _error(503, f"the answer could not be kept and was not taken: {error}")

    async def _offers(self, request: web.Request) -> web.StreamResponse:
        """The oldest offer that nobody holds."""
        wait, hold = _seconds(request, "wait", 0.0), _seconds(request, "hold", None)
        if wait is None or math.isnan(wait) or (hold is not None and not hold > 0):
            return _error(400, "found no number of seconds in `wait` or `hold`, expected 0 or more, and more than 0 to hold")
        name = request.query.get("name", self.desk.names[0])
        poll = asyncio.ensure_future(self.desk.lease(name, min(wait, LONGEST_WAIT_S), hold))
        try:
            offer = await poll
        except asyncio.CancelledError:
            # The offer may have been leased in the very moment in which the client went.
            if poll.done() and not poll.cancelled() and poll.exception() is None and (late := poll.result()) is not None:
                await self._undo(late)
            raise
        except StudyError as error:
            return _error(404, str(error))
        if offer is None:
            return web.Response(status=204)
        if request.transport is None or request.transport.is_closing():
            await self._undo(offer)
            return web.Response(status=204)
        return web.json_response(offer)

    async def _undo(self, offer: Json) -> None:
        """Give back what was leased for a client that is gone."""
        await self.desk.give_back(str(offer["turn"]), str(offer["lease"]))

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        """An answer to a turn."""
        turn, (lease, rest) = request.match_info["turn"], await _body(request)
        try:
            self.desk.answer(turn, lease, rest)
        except IllegalAnswerError as error:
            left = round(self.desk.seconds_left(turn), 3)
            told = {"error": f"not legal: {error}", "problems": error.problems, "seconds_left": left}
            return web.json_response(told, status=422)
        return web.json_response({"taken": True})

    async def _give_back(self, request: web.Request) -> web.StreamResponse:
        """The end of a lease."""
        lease, _ = await _body(request)
        await self.desk.give_back(request.match_info["turn"], lease)
        return web.json_response({"given_back": True})

    async def _status(self, request: web.Request) -> web.StreamResponse:
        """How the desk stands."""
        return web.json_response(self.desk.status())


def _bearer(request: web.Request) -> bytes:
    """What a request gives as its token; empty: nothing."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip().encode("utf-8", "replace") if kind.lower() == "bearer" else b""


def _seconds(request: web.Request, name: str, otherwise: float | None) -> float | None:
    """A number of seconds of the query; nan: it is none, or below 0."""
    text = request.query.get(name)
    if text is None:
        return otherwise
    try:
        number = float(text)
    except ValueError:
        return math.nan
    return number if number >= 0 else math.nan


async def _body(request: web.Request) -> tuple[str, Json]:
    """The lease in a request's body, and the rest of it."""
    if (request.content_length or 0) > LIMIT:
        raise web.HTTPRequestEntityTooLarge(LIMIT, request.content_length or 0)
    document = read_json(await request.read())
    if not isinstance(document, dict):
        raise IllegalAnswerError({"answer": "found a JSON value that is no object, expected `lease` and `acts`"})
    rest = dict(cast("Json", document))
    return str(rest.pop("lease", "")), rest


def _error(status: int, words: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": words}, status=status, headers=headers)
