"""`commonweal fork`: a finished trial again, with one thing changed from a tick on."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from commonweal.core.errors import StudyError

if TYPE_CHECKING:
    _Verbs = argparse._SubParsersAction[argparse.ArgumentParser]  # pyright: ignore[reportPrivateUsage]


def add(verbs: _Verbs) -> None:
    """Put the verb on the command line."""
    own = verbs.add_parser("fork", help="run a finished trial again from a tick on, with one thing changed")
    own.add_argument("directory", metavar="DIR", help="a run's folder")
    own.add_argument("trial", metavar="PART/CELL/SEED", help="as in scripted/0/0")
    own.add_argument("--at", type=int, required=True, metavar="T", help="the first tick that is played anew, from 0")
    own.add_argument(
        "--set",
        action="append",
        required=True,
        metavar="LENS=VALUE",
        help="what is changed, as in rules.audit:Audit.detect=0.5; several only with --name",
    )
    own.add_argument("--name", default="", metavar="NAME", help="its folder under DIR/forks; default: made from the change")


def run(given: argparse.Namespace) -> int:
    """Fork, and say where the fork lies."""
    from commonweal.lab.fork import Request, fork_trial

    pieces = given.trial.split("/")
    if len(pieces) != 3 or not pieces[1].isdecimal() or not pieces[2].isdecimal():
        raise StudyError(f"{given.trial!r} names no trial; expected PART/CELL/SEED, as in scripted/0/0")
    changes: list[tuple[str, str]] = []
    for text in given.set:
        lens, equals, value = text.partition("=")
        if not equals:
            raise StudyError(f"--set {text!r}; expected LENS=VALUE, as in rules.audit:Audit.detect=0.5")
        changes.append((lens.strip(), value))
    request = Request((pieces[0], int(pieces[1]), int(pieces[2])), given.at, tuple(changes), given.name)
    into = fork_trial(Path(given.directory), request)
    facts = json.loads((into / "fork.json").read_text())
    calls = facts["calls"]
    print(f"{calls['before']} calls of a language model before tick {given.at}, {calls['after']} from there on")
    print(f"commonweal show {into} {given.trial}")
    return 0
