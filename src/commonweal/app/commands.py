"""What each verb of the command line does."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from commonweal.core.errors import LogError, StudyError

if TYPE_CHECKING:
    from commonweal.lab.order import Order


def dispatch(given: argparse.Namespace) -> int:
    """Do what was asked, and return the exit code."""
    verbs = {
        "list": _list,
        "run": _run,
        "plan": _plan,
        "table": _table,
        "estimate": _estimate,
        "report": _report,
        "show": _show,
        "cite": _cite,
    }
    return verbs[given.verb](given)


def _list(given: argparse.Namespace) -> int:
    from commonweal.core.catalogue import SHELVES, entries

    if given.shelf is not None and given.shelf not in SHELVES:
        raise StudyError(f"there is no shelf {given.shelf!r}; expected one of {', '.join(SHELVES)}")
    found = entries(given.shelf)
    width = max((len(entry.name) for entry in found), default=0)
    for shelf in reversed(SHELVES):
        own = [entry for entry in found if entry.shelf == shelf]
        if own:
            print(shelf)
            for entry in own:
                print(f"  {entry.name:<{width}}  {entry.summary}")
    return 0


def _order(given: argparse.Namespace) -> tuple[Order, Path]:
    from commonweal.lab.order import Order
    from commonweal.models.choice import ModelChoice

    order = Order(given.study, given.seeds, given.quick, ModelChoice(given.model, given.endpoint))
    name = Path(given.study).stem if given.study.endswith(".py") else given.study
    return order, Path(given.out) if given.out else Path("runs") / name


def _plan(given: argparse.Namespace) -> int:
    from commonweal.lab.run import plan_run

    order, directory = _order(given)
    plan = plan_run(order, directory)
    print(f"{directory / 'plan.json'}: {_cost(plan)}")
    return 0


def _cost(plan: dict[str, object]) -> str:
    predicted = plan["predicted"]
    assert isinstance(predicted, dict)
    calls = f", {predicted['model_calls']} calls of a language model" if predicted["model_calls"] else ""
    return f"{predicted['trials']} trials{calls}, about {predicted['seconds']:.0f} core-seconds"


def _run(given: argparse.Namespace) -> int:
    from commonweal.app.console import Console
    from commonweal.lab.run import is_finished, plan_run, run_study

    order, directory = _order(given)
    plan = plan_run(order, directory)
    if is_finished(directory):
        print(f"{directory} is finished: nothing to do. The report is {directory / 'report.html'}")
        return 0
    study = plan["study"]
    assert isinstance(study, dict)
    print(f"{study['name']}: {study['question']}")
    print(f"{_cost(plan)}, into {directory}")
    began = time.perf_counter()
    jobs = given.jobs or len(os.sched_getaffinity(0))
    with Console() as console:
        progress = run_study(order, directory, jobs, console.show)
    if progress.failed:
        for problem in progress.failed:
            print(f"commonweal: {problem}", file=sys.stderr)
        print(
            f"commonweal: {progress.done} of {progress.trials} trials are finished and kept; the same command goes on",
            file=sys.stderr,
        )
        return 1
    _analyse(directory)
    print(f"{progress.done} trials in {time.perf_counter() - began:.0f} s. The report is {directory / 'report.html'}")
    return 0


def _analyse(directory: Path) -> None:
    import json

    from commonweal.analysis.estimates import write_estimates
    from commonweal.analysis.report import write_report
    from commonweal.analysis.trials import write_table

    write_table(directory)
    estimates = write_estimates(directory)
    write_report(directory)
    print(json.loads(estimates.read_text())["answer"])


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

    pieces = given.trial.split("/")
    if len(pieces) != 3 or not pieces[1].isdigit() or not pieces[2].isdigit():
        raise StudyError(f"{given.trial!r} names no trial; expected PART/CELL/SEED, as in scripted/0/0")
    directory, trial = _folder(given), (pieces[0], int(pieces[1]), int(pieces[2]))
    if not given.replay:
        print(render_trial(directory, *trial))
        return 0
    from commonweal.lab.replay import replay

    with tempfile.TemporaryDirectory() as folder:
        print(render_trial(replay(directory, trial, Path(folder) / "replay"), *trial))
    return 0


def _cite(given: argparse.Namespace) -> int:
    from commonweal.core.sources import sources
    from commonweal.lab.study import load_study

    study = load_study(given.study)
    for line in sources((*(part.society for part in study.parts), study.metrics)):
        print(f"- {line}")
    return 0
