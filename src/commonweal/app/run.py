"""The verbs `plan` and `run`: what a study will cost, and the study itself."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commonweal.core.errors import StudyError

if TYPE_CHECKING:
    from commonweal.lab.order import Order
    from commonweal.models.choice import ModelChoice

CONFIRM_USD = 1.0
"""Estimates above so many US dollars are asked about before anything is spent."""
STOPPED = 3
"""Exit code of a run that its budget stopped."""


def add(verbs: argparse._SubParsersAction[Any]) -> None:  # pyright: ignore[reportPrivateUsage]
    """The verbs' part of the command line.

    Args:
        verbs: of the whole command line.
    """
    verbs_about = {
        "run": "run a study and write its report; go on with one that was begun",
        "plan": "what a run would cost, and how much it could find",
    }
    for verb, about in verbs_about.items():
        own = verbs.add_parser(verb, help=about)
        own.add_argument("study", metavar="STUDY", help="a name in the catalogue, or a Python file that holds a Study")
        own.add_argument("--out", metavar="DIR", help="the run's folder; default: ./runs/STUDY")
        own.add_argument("--seeds", type=positive, metavar="N", help="trials a cell in main parts; default: as the study says")
        own.add_argument("--quick", action="store_true", help="at most 2 seeds, and 3 ticks with language minds")
        own.add_argument("--audit", action="store_true", help="ask the primary question once more under other specifications")
        own.add_argument("--pilot", metavar="DIR", help="an earlier run: power is reckoned from how its trials vary")
        own.add_argument("--lock", metavar="FILE", help="what was declared beforehand; default: STUDY.lock.json where it lies")
        own.add_argument("--jobs", type=positive, metavar="N", help="processes; default: one a core")
        add_model(own)
        _add_costs(own)
        if verb == "run":
            own.add_argument("--yes", action="store_true", help="do not ask, whatever the estimate")


def add_model(own: argparse.ArgumentParser) -> None:
    """The options that say which model is asked, and how hard.

    Args:
        own: a verb's part of the command line.
    """
    group = own.add_argument_group("model")
    group.add_argument(
        "--model",
        default="embedded",
        metavar="NAME",
        help="`embedded` (default), a name at --endpoint, or inspect/PROVIDER/NAME",
    )
    group.add_argument(
        "--endpoint", metavar="URL", help="base URL of an OpenAI-compatible endpoint, as in http://127.0.0.1:8080/v1"
    )
    group.add_argument("--scoring", choices=("auto", "logprobs", "schema"), default="auto", help="how a choice is asked for")
    group.add_argument("--in-flight", type=positive, metavar="N", help="calls at once at most; default: 64")
    group.add_argument("--deadline", type=float, metavar="S", help="seconds that one call may take; default: 120")
    group.add_argument("--patience", type=float, metavar="S", help="seconds for which a failing call is retried; default: 600")
    group.add_argument("--calls-per-minute", type=float, metavar="N", help="calls begun a minute at most")
    group.add_argument("--tokens-per-minute", type=float, metavar="N", help="tokens a minute at most")
    group.add_argument("--hedge", type=float, metavar="S", help="send a late call again after S seconds; default: never")


def _add_costs(own: argparse.ArgumentParser) -> None:
    group = own.add_argument_group("costs and replies")
    group.add_argument("--max-calls", type=int, metavar="N", help="calls that this folder may cost")
    group.add_argument("--max-tokens", type=int, metavar="N", help="tokens that this folder may cost")
    group.add_argument("--max-usd", type=float, metavar="USD", help="US dollars that this folder may cost")
    group.add_argument("--max-minutes", type=float, metavar="M", help="minutes that this call may run")
    group.add_argument("--prices", metavar="FILE", help='JSON: {"model": {"prompt": 0.15, "new": 0.60}}, USD a million tokens')
    group.add_argument(
        "--confirm-above", type=float, default=CONFIRM_USD, metavar="USD", help="ask before an estimate above; default: 1"
    )
    group.add_argument(
        "--replies", choices=("record", "replay", "off"), default="record", help="keep replies, only use kept ones, or neither"
    )


def choice_of(given: argparse.Namespace) -> ModelChoice:
    """The model that a command line names.

    Args:
        given: the parsed command line, of a verb that has `add_model`.

    Raises:
        StudyError: a limit is out of range, or the price table cannot be read.
    """
    from dataclasses import replace

    from commonweal.models.budget import Budget
    from commonweal.models.choice import ModelChoice
    from commonweal.models.prices import Prices

    workers = getattr(given, "jobs", None) or len(os.sched_getaffinity(0))
    if given.endpoint is not None and given.model is None:
        raise StudyError(f"the endpoint {given.endpoint!r} may serve many models; name one with --model")
    choice = ModelChoice(given.model or "embedded", given.endpoint, given.scoring, workers)
    asked = {
        "in_flight": given.in_flight,
        "deadline_s": given.deadline,
        "patience_s": given.patience,
        "calls_per_minute": given.calls_per_minute,
        "tokens_per_minute": given.tokens_per_minute,
        "hedge_s": given.hedge,
    }
    told = {name: value for name, value in asked.items() if value is not None}
    if told:
        choice = replace(choice, limits=replace(choice.usual_limits, **told))
    if "prices" not in given:
        return choice
    seconds = None if given.max_minutes is None else 60 * given.max_minutes
    return replace(
        choice,
        budget=Budget(given.max_calls, given.max_tokens, given.max_usd, seconds),
        prices=Prices() if given.prices is None else Prices.read(Path(given.prices)),
        replies=given.replies,
    )


def plan(given: argparse.Namespace) -> int:
    """Plan, and say what the run will cost.

    Args:
        given: the parsed command line.
    """
    from commonweal.lab.run import plan_run

    order, directory = _order(given)
    planned = plan_run(order, directory, _path(given.pilot), _lock(given))
    print(f"{directory / 'plan.json'}: {_cost(planned, order)}")
    _say_power(planned)
    return 0


def run(given: argparse.Namespace) -> int:
    """Run a study, or what is left of it, and write its report.

    Args:
        given: the parsed command line.

    Returns:
        0 done, 1 some trials failed, 3 stopped at the budget.
    """
    from commonweal.app.console import Console
    from commonweal.lab.run import is_finished, plan_run, run_study

    order, directory = _order(given)
    planned = plan_run(order, directory, _path(given.pilot), _lock(given))
    if is_finished(directory):
        print(f"{directory} is finished: nothing to do. The report is {directory / 'report.html'}")
        return 0
    study = planned["study"]
    assert isinstance(study, dict)
    print(f"{study['name']}: {study['question']}")
    print(f"{_cost(planned, order)}, into {directory}")
    _say_power(planned)
    _confirm(given, planned, order)
    began = time.perf_counter()
    jobs = given.jobs or len(os.sched_getaffinity(0))
    with Console() as console:
        progress = run_study(order, directory, jobs, console.show)
    if progress.failed or progress.stopped:
        for problem in dict.fromkeys((*progress.failed, *filter(None, [progress.stopped]))):
            print(f"commonweal: {problem}", file=sys.stderr)
        print(
            f"commonweal: {progress.done} of {progress.trials} trials are finished and kept; the same command goes on",
            file=sys.stderr,
        )
        return 1 if progress.failed else STOPPED
    _analyse(directory)
    print(f"{progress.done} trials in {time.perf_counter() - began:.0f} s. The report is {directory / 'report.html'}")
    return 0


def _order(given: argparse.Namespace) -> tuple[Order, Path]:
    from commonweal.lab.order import Order

    order = Order(given.study, given.seeds, given.quick, given.audit, choice_of(given))
    name = (Path(given.study).stem if given.study.endswith(".py") else given.study) + ("-audited" if given.audit else "")
    return order, Path(given.out) if given.out else Path("runs") / name


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


def _lock(given: argparse.Namespace) -> Path | None:
    """The lock that a run keeps to: the one named, else the one that lies with the study."""
    from commonweal.lab.lock import find_lock

    return Path(given.lock) if given.lock else find_lock(given.study)


def _say_power(planned: dict[str, object]) -> None:
    power = planned.get("power")
    if isinstance(power, dict):
        print(power["words"])


def _predicted(planned: dict[str, object]) -> dict[str, Any]:
    predicted = planned["predicted"]
    assert isinstance(predicted, dict)
    return predicted


def _dollars(planned: dict[str, object], order: Order) -> float | None:
    """What the run's calls cost at most; None: nobody knows."""
    from commonweal.models.budget import Usage
    from commonweal.models.choice import INSPECT

    if order.model.replies == "replay":
        # Nobody is asked.
        return 0.0
    predicted = _predicted(planned)
    most = Usage(predicted["model_calls"], predicted["prompt_tokens"], predicted["new_tokens"])
    return order.model.prices.cost(order.model.name.removeprefix(INSPECT), order.model.url, most)


def _cost(planned: dict[str, object], order: Order) -> str:
    predicted = _predicted(planned)
    told = f"{predicted['trials']:,} trials"
    if predicted["model_calls"]:
        dollars = _dollars(planned, order)
        price = (
            "at an unknown price" if dollars is None else f"at most {dollars:.2f} US dollars" if dollars else "free of charge"
        )
        tokens = predicted["prompt_tokens"] + predicted["new_tokens"]
        told += f", about {predicted['model_calls']:,} calls of a language model (at most {tokens:,} tokens, {price})"
    return f"{told}, about {predicted['seconds']:.0f} core-seconds"


def _confirm(given: argparse.Namespace, planned: dict[str, object], order: Order) -> None:
    """Ask before much is spent.

    Raises:
        StudyError: the answer is no, or nobody is there to be asked.
    """
    dollars = _dollars(planned, order) if _predicted(planned)["model_calls"] else 0.0
    if given.yes or (dollars is not None and dollars <= given.confirm_above):
        return
    if given.max_usd is not None and given.max_usd <= given.confirm_above:
        return
    table = order.model.prices.words
    what = f"calls of unknown price ({table})" if dollars is None else f"up to {dollars:.2f} US dollars ({table})"
    if sys.stdin.isatty():
        if input(f"This may cost {what}. Go on? [y/N] ").strip().lower() in ("y", "yes"):
            return
        raise StudyError(f"nothing was run; to go on without being asked, {_advice(dollars)}")
    raise StudyError(f"this may cost {what}, and nobody is there to be asked: {_advice(dollars)}")


def _advice(dollars: float | None) -> str:
    """What to do where an estimate is above what is spent unasked."""
    if dollars is None:
        return "give the model's price with --prices FILE, or add --yes"
    return "set a budget with --max-usd, raise --confirm-above, or add --yes"


def _analyse(directory: Path) -> None:
    import json

    from commonweal.analysis.crate import write_crate
    from commonweal.analysis.estimates import write_estimates
    from commonweal.analysis.report import write_report
    from commonweal.analysis.trials import write_table

    write_table(directory)
    estimates = write_estimates(directory)
    write_report(directory)
    write_crate(directory)
    print(json.loads(estimates.read_text())["answer"])


def positive(text: str) -> int:
    """A whole number of the command line, at least 1.

    Args:
        text: as it was typed.
    """
    if not text.strip().lstrip("+-").isdecimal():
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number")
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is below 1")
    return int(text)
