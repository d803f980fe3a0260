"""What each verb of the command line does."""

from __future__ import annotations

import argparse
import difflib
import tempfile
from pathlib import Path

from commonweal.app import card, discover, fork, judge, lock, posts, replies, run
from commonweal.core.errors import LogError, StudyError

_SHOWN = 8
"""Trials of a part that are named where none was asked for."""


def dispatch(given: argparse.Namespace) -> int:
    """Do what was asked, and return the exit code."""
    verbs = {
        "list": _list,
        "run": run.run,
        "plan": run.plan,
        "table": _table,
        "estimate": _estimate,
        "report": _report,
        "show": _show,
        "cite": _cite,
        "fork": fork.run,
        "card": card.run,
        "lock": lock.run,
        "discover": discover.run,
        "judge": judge.run,
        "replies": replies.run,
        "posts": posts.run,
        "seat": _seat,
    }
    return verbs[given.verb](given)


def _list(given: argparse.Namespace) -> int:
    from commonweal.core.catalogue import SHELVES, entries

    if given.shelf is not None and given.shelf not in SHELVES:
        near = difflib.get_close_matches(given.shelf, SHELVES, 1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise StudyError(f"there is no shelf {given.shelf!r}; {hint}expected one of {', '.join(SHELVES)}")
    found = entries(given.shelf)
    width = max((len(entry.name) for entry in found), default=0)
    for shelf in reversed(SHELVES):
        own = [entry for entry in found if entry.shelf == shelf]
        if own:
            print(shelf)
            for entry in own:
                print(f"  {entry.name:<{width}}  {entry.summary}")
    return 0


def _table(given: argparse.Namespace) -> int:
    from commonweal.analysis.trials import write_table

    print(write_table(_folder(given)))
    return 0


def _estimate(given: argparse.Namespace) -> int:
    from commonweal.analysis.estimates import write_estimates

    print(write_estimates(_folder(given)))
    return 0


def _report(given: argparse.Namespace) -> int:
    from commonweal.analysis.report import write_report

    print(write_report(_folder(given)))
    return 0


def _folder(given: argparse.Namespace) -> Path:
    directory = Path(given.directory)
    if not (directory / "plan.json").exists():
        raise LogError(f"{directory} is no run's folder: there is no plan.json; name a folder that `commonweal run` wrote")
    return directory


def _show(given: argparse.Namespace) -> int:
    from commonweal.analysis.transcript import render_trial

    if given.trial is None:
        return _list_trials(_folder(given), given.directory)
    pieces = given.trial.split("/")
    if len(pieces) != 3 or not pieces[1].isdecimal() or not pieces[2].isdecimal():
        raise StudyError(f"{given.trial!r} names no trial; expected PART/CELL/SEED, as in scripted/0/0")
    directory, trial = _folder(given), (pieces[0], int(pieces[1]), int(pieces[2]))
    if not given.replay:
        print(render_trial(directory, *trial))
        return 0
    from commonweal.lab.replay import replay

    with tempfile.TemporaryDirectory() as folder:
        print(render_trial(replay(directory, trial, Path(folder) / "replay"), *trial))
    return 0


def _list_trials(directory: Path, name: str) -> int:
    """Name the trials of which a reader sees most: those that kept what each agent did."""
    from commonweal.analysis.logs import list_recorded
    from commonweal.analysis.plans import read_plan, say_level

    recorded = list_recorded(directory)
    for part in read_plan(directory).parts:
        keys = recorded.get(part.name, ())
        print(f"{part.name}: {len(part.cells)} cells, seeds {part.cells[0].seeds[0]} to {sum(part.cells[0].seeds) - 1}")
        levels = {
            cell.cell: ", ".join(f"{label} {say_level(level)}" for label, level in cell.levels.items()) for cell in part.cells
        }
        for own, cell, seed in keys[:_SHOWN]:
            print(f"  commonweal show {name} {own}/{cell}/{seed}   {levels.get(cell, '')}".rstrip())
        if len(keys) > _SHOWN:
            print(f"  ... and {len(keys) - _SHOWN} more that kept what each agent did")
    print("Any other trial is shown as a table of its readings; with --replay a compiled one is run again, to see every act.")
    return 0


def _seat(given: argparse.Namespace) -> int:
    from commonweal.app import seat

    return seat.run(given)


def _cite(given: argparse.Namespace) -> int:
    from commonweal.core.sources import sources
    from commonweal.lab.study import load_study

    study = load_study(given.study)
    for line in sources((*(part.society for part in study.parts), study.metrics)):
        print(f"- {line}")
    return 0
