"""`commonweal lock STUDY`: write down what will be tested and how, before it is run."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from commonweal.app.run import add_model, choice_of

if TYPE_CHECKING:
    _Verbs = argparse._SubParsersAction[argparse.ArgumentParser]  # pyright: ignore[reportPrivateUsage]


def add(verbs: _Verbs) -> None:
    """Put the verb on the command line."""
    own = verbs.add_parser("lock", help="pre-register a study: what will be tested and how, hashed and dated")
    own.add_argument("study", metavar="STUDY", help="a name in the catalogue, or a Python file that holds a Study")
    own.add_argument(
        "--out", metavar="FILE", help="default: STUDY.lock.json next to the study's file; an earlier lock there is kept"
    )
    own.add_argument("--seeds", type=int, metavar="N", help="trials a cell in main parts, as the run will be asked for")
    own.add_argument(
        "--eligible",
        nargs="?",
        const="",
        metavar="RULE",
        help="lock a rule instead of the model; without words: the first eligible model released after the lock",
    )
    add_model(own)


def run(given: argparse.Namespace) -> int:
    """Lock, and say where the lock lies."""
    import json

    from commonweal.core.errors import StudyError
    from commonweal.lab.lock import FIRST_ELIGIBLE, save_lock
    from commonweal.lab.order import Order, prepare

    if given.seeds is not None and given.seeds < 1:
        raise StudyError(f"--seeds {given.seeds}; expected at least 1")
    prepared = prepare(Order(given.study, given.seeds, model=choice_of(given)))
    eligible = "" if given.eligible is None else given.eligible or FIRST_ELIGIBLE
    path = save_lock(prepared.study, prepared.plan(), given.study, Path(given.out) if given.out else None, eligible)
    lock = json.loads(path.read_text())
    commit = lock["commit"]
    print(f"{path}: {lock['digest']}, {lock['written']}")
    if earlier := lock.get("supersedes"):
        count, dates = "a lock" if len(earlier) == 1 else f"{len(earlier)} locks", ", ".join(one["written"] for one in earlier)
        print(f"It supersedes {count} of {dates}, and the report of a run under it will say so.")
    if commit is None:
        print("It is in no git commit: commit it or hand it to someone, since a date that only you keep proves little.")
    elif not commit["clean"]:
        print("The study's file is not as it was committed: commit both, so that the lock can be checked.")
    return 0
