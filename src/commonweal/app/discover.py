"""`commonweal discover DIR`: which trials and cells of a run are unlike the others, and the draft of a study that tests one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from commonweal.core.errors import LogError

if TYPE_CHECKING:
    _Verbs = argparse._SubParsersAction[argparse.ArgumentParser]  # pyright: ignore[reportPrivateUsage]


def add(verbs: _Verbs) -> None:
    """Put the verb on the command line."""
    own = verbs.add_parser("discover", help="scan a run's trajectories for what nobody asked about")
    own.add_argument("directory", metavar="DIR", help="a run's folder")
    own.add_argument("--promote", metavar="ID", help="write the draft of a lock for a study that tests a proposal, as D1")


def run(given: argparse.Namespace) -> int:
    """Scan, or promote, and say what was found and where it lies."""
    from commonweal.analysis.discoveries import promote, write_discoveries
    from commonweal.analysis.discovery_page import write_discovery_page
    from commonweal.analysis.trials import write_table

    directory = Path(given.directory)
    if not (directory / "plan.json").exists():
        raise LogError(f"{directory} is no run's folder: there is no plan.json; name a folder that `commonweal run` wrote")
    if given.promote is not None:
        path = promote(directory, given.promote)
        write_discovery_page(directory)
        print(f"{path}: the draft of a lock; write the study that tests it, then `commonweal lock FILE.py`")
        return 0
    if not (directory / "trials.parquet").exists():
        write_table(directory)
    found = write_discoveries(directory)
    for one in found:
        print(f"{one.id}  {one.part}  {one.words}")
    if not found:
        print("Nothing is odd.")
    print(write_discovery_page(directory))
    return 0
