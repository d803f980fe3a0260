"""The desk of a run: where a study's seats held from outside are offered, and how processes find it.

A study whose societies have `Outside` minds gets one desk for the run. While trials are run it is served, and the run's
folder holds `desk.json` (address, token, queues), which only its owner can read.

Source: own definition.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from commonweal.core.errors import LogError
from commonweal.core.named import Named
from commonweal.lab.study import Part, Study
from commonweal.minds.desk import Desk
from commonweal.minds.desk_server import DeskServer
from commonweal.minds.outside import Outside
from commonweal.models.store import ReplyStore

SCHEMA = "commonweal.desk/1"
FILE = "desk.json"


def outside_names(study: Study) -> tuple[str, ...]:
    """The queues of a study's outside minds that have no desk yet, each once; none where it has no such minds."""
    minds = [mind for part in study.parts for mind in part.society.minds.values]
    values = [value for part in study.parts for factor in part.factors for value in factor.values or ()]
    names = [mind.name for mind in (*minds, *values) if isinstance(mind, Outside) and mind.desk is None]
    return tuple(dict.fromkeys(names))


def desk_for(study: Study, replies: Path | None, mode: Literal["record", "replay", "off"] = "record") -> Desk | None:
    """The desk that a study needs; None where it needs none. It is not served yet.

    Args:
        study: any.
        replies: the run's store of replies, where answers are kept; None: nowhere.
        mode: whether answers are kept and used again, only used, or neither.

    Raises:
        LogError: the store cannot be used.
    """
    names = outside_names(study)
    if not names:
        return None
    return Desk(names, None if replies is None or mode == "off" else ReplyStore(replies), mode == "replay")


def bind_desk(study: Study, desk: Desk) -> Study:
    """The study with the run's desk in every outside mind that has none.

    Args:
        study: any.
        desk: of this run.
    """

    def bind(mind: object) -> object:
        return dataclasses.replace(mind, desk=desk) if isinstance(mind, Outside) and mind.desk is None else mind

    def bind_part(part: Part) -> Part:
        minds = part.society.minds
        bound = Named(minds.names, tuple(bind(mind) for mind in minds.values))
        factors = tuple(
            factor if factor.values is None else dataclasses.replace(factor, values=tuple(map(bind, factor.values)))
            for factor in part.factors
        )
        return dataclasses.replace(part, society=dataclasses.replace(part.society, minds=bound), factors=factors)  # pyright: ignore[reportArgumentType]

    return dataclasses.replace(study, parts=tuple(bind_part(part) for part in study.parts))


@asynccontextmanager
async def served(desk: Desk | None, directory: Path, port: int = 0) -> AsyncGenerator[DeskServer | None]:
    """Serve a run's desk while its trials are run, and say on the standard error how to take a seat.

    Args:
        desk: None: nothing is served.
        directory: the run's folder; it holds `desk.json` meanwhile.
        port: 0: a free one.

    Raises:
        StudyError: the port cannot be had.
        LogError: the folder cannot be written.
    """
    if desk is None:
        yield None
        return
    server = DeskServer(desk, port)
    await server.open()
    path = directory / FILE
    try:
        _write(path, {"schema": SCHEMA, "url": server.url, "token": server.token, "names": list(desk.names)})
        for name in desk.names:
            print(f"seats of {name!r} wait: commonweal seat --run {directory} --name {name}", file=sys.stderr, flush=True)
        yield server
    finally:
        path.unlink(missing_ok=True)
        await server.close()


def _write(path: Path, row: dict[str, object]) -> None:
    """Write a file that nobody but its owner could ever read, whole or not at all."""
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(row, file)
        draft.replace(path)
    except OSError as error:
        raise LogError(f"{path} cannot be written: {error}; free space or choose another folder with --out") from error
