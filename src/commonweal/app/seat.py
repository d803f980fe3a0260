"""The verb `seat`: hold seats of a running study from outside, as JSON lines on a pipe or as an MCP server."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from commonweal.interop.seat import Seat

LONGEST_LINE = 1 << 17
"""Most bytes of a line that are read: twice what the desk takes."""


def add(verbs: argparse._SubParsersAction[Any]) -> None:  # pyright: ignore[reportPrivateUsage]
    """The verb's part of the command line.

    Args:
        verbs: of the whole command line.
    """
    own = verbs.add_parser("seat", help="hold seats of a running study from outside: JSON lines on a pipe, or an MCP server")
    own.add_argument("--run", metavar="DIR", help="the run's folder, whose desk.json names address and token")
    own.add_argument("--url", metavar="URL", help="the desk's address, with the token in COMMONWEAL_SEAT_TOKEN")
    own.add_argument("--name", default="outside", metavar="NAME", help="the queue whose seats are held; default: outside")
    own.add_argument("--mcp", action="store_true", help="serve the Model Context Protocol on standard input and output")


def run(given: argparse.Namespace) -> int:
    """Hold seats until the run, or the input, ends.

    Args:
        given: the parsed command line.

    Returns:
        The exit code: 0.

    Raises:
        StudyError: no desk is named, or it refuses token or name, or the extra `mcp` is missing.
    """
    asyncio.run(_hold(given.url, given.run, given.name, given.mcp))
    return 0


async def _hold(url: str | None, directory: str | None, name: str, mcp: bool) -> None:
    from commonweal.interop.seat import Seat, serve_pipe

    where, token = _place(url, directory)
    async with Seat(where, token, name) as seat:
        await _greet(seat, where)
        if mcp:
            from commonweal.interop.mcp_seat import serve_mcp

            await serve_mcp(seat)
            return
        print(
            f"commonweal: holding seats of {name!r} at {where}. Offers come as JSON lines; answer each with a line "
            '{"turn": ..., "acts": {...}}. docs/outside-seats.md shows how',
            file=sys.stderr,
        )
        await serve_pipe(seat, _lines(), _write)


async def _greet(seat: Seat, where: str) -> None:
    """See that there is a desk, and that it takes the token."""
    from commonweal.core.errors import StudyError
    from commonweal.interop.seat import RunOverError

    try:
        await seat.status()
    except RunOverError as error:
        raise StudyError(f"{error}; start the run first, then hold its seats at {where}") from error


def _place(url: str | None, directory: str | None) -> tuple[str, str]:
    """The desk's address and the token, from a run's folder or from the environment."""
    import json
    from pathlib import Path

    from commonweal.core.errors import StudyError
    from commonweal.interop.seat import TOKEN

    if (url is None) == (directory is None):
        raise StudyError("expected one of --run DIR and --url URL; give the run's folder, or its desk's address")
    if url is not None:
        return url, os.environ.get(TOKEN, "")
    path = Path(str(directory)) / "desk.json"
    try:
        found = json.loads(path.read_text())
        return str(found["url"]), str(found["token"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StudyError(f"{path} names no desk ({type(error).__name__}); name the folder of a run that is going on") from error


async def _lines() -> AsyncIterator[bytes]:
    """Lines of the standard input, read by a thread: an event loop cannot wait for every kind of file."""
    loop, queue = asyncio.get_running_loop(), asyncio.Queue[bytes]()

    def read() -> None:
        # By the descriptor: a thread that waits inside a buffered reader when the process ends makes it crash.
        held = b""
        try:
            while piece := os.read(0, 1 << 16):
                *whole, held = (held + piece).split(b"\n")
                for line in whole:
                    loop.call_soon_threadsafe(queue.put_nowait, line + b"\n")
                if len(held) > LONGEST_LINE:
                    # Given on in pieces, none of which is an answer: no line may fill the memory.
                    loop.call_soon_threadsafe(queue.put_nowait, held)
                    held = b""
            if held:
                loop.call_soon_threadsafe(queue.put_nowait, held)
            loop.call_soon_threadsafe(queue.put_nowait, b"")
        except (RuntimeError, OSError):
            # The loop or the input was closed meanwhile: there is nobody left to read for.
            return

    threading.Thread(target=read, daemon=True).start()
    while line := await queue.get():
        yield line


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
