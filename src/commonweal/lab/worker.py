"""One process of a run's compiled trials: it leases chunks, runs them, writes their logs, until nothing is open."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from commonweal.core.errors import CommonwealError, LogError, TransientModelError
from commonweal.engine.compiled import run_chunks
from commonweal.engine.log import TrialLog
from commonweal.lab.batches import data_factors, is_traced, trial_seed
from commonweal.lab.ledger import Chunk, Ledger
from commonweal.lab.logs import chunk_path, write_logs
from commonweal.lab.order import Order, Prepared, prepare
from commonweal.lab.renewal import Renewal
from commonweal.lab.study import Part

TRACED = ("acts", "payoff", "purse", "mind")


def work(order: Order, directory: Path, parent: int) -> None:
    """Run the chunks of compiled parts until none is open. Ends itself when its parent is gone.

    Args:
        order: what the run was asked to do.
        directory: the run's folder.
        parent: process id of the coordinator.
    """
    # Ctrl-C is the coordinator's to answer: it ends its workers, and a lease that lapses is run again.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with(parent)
    try:
        _work(order, directory, Ledger(directory / "ledger.sqlite"), f"{os.getpid()}")
    except LogError as error:
        # The folder cannot be used any more; the coordinator says so once.
        note_end(directory, error)
        sys.exit(1)


def _work(order: Order, directory: Path, ledger: Ledger, owner: str) -> None:
    prepared: Prepared | None = None
    parts = parts_of(directory, "compiled")
    renewal = Renewal(ledger, owner)
    try:
        while ledger.left(parts) or ledger.growing:
            chunk = ledger.lease(owner, parts)
            if chunk is None:
                time.sleep(0.1)
                continue
            began = time.perf_counter()
            report = renewal.hold(chunk)
            try:
                prepared = prepared or prepare(order).staged(directory)
                part = prepared.study.part(chunk.part)
                if any(cell >= len(part.plan) for cell, _ in chunk.trials):
                    prepared = prepared.staged(directory)
                    part = prepared.study.part(chunk.part)
                logs = run_trials(prepared, part, chunk.trials, None, report)
                trials = [(cell, seed, log) for (cell, seed), log in zip(chunk.trials, logs, strict=True)]
                write_logs(chunk_path(directory, part.name, chunk.id), part.name, trials)
                ledger.finish(chunk, time.perf_counter() - began)
            except Exception as error:
                note_failure(ledger, directory, chunk, error)
            finally:
                renewal.drop(chunk)
    finally:
        renewal.stop()


def parts_of(directory: Path, engine: str) -> tuple[str, ...]:
    """The names of a planned run's parts that one engine runs.

    Args:
        directory: the run's folder.
        engine: `compiled` or `hosted`.
    """
    plan = json.loads((directory / "plan.json").read_text())
    return tuple(part["name"] for part in plan["parts"] if part["engine"] == engine)


def note_failure(ledger: Ledger, directory: Path, chunk: Chunk, error: Exception) -> None:
    """Put into the ledger what ended a chunk, and what nobody foresaw into `errors.log` too.

    Args:
        ledger: of the run.
        directory: the run's folder.
        chunk: that was run.
        error: what was raised.
    """
    if isinstance(error, CommonwealError):
        ledger.fail(chunk, str(error), final=not isinstance(error, TransientModelError))
        return
    with (directory / "errors.log").open("a") as file:
        traceback.print_exception(error, file=file)
    ledger.fail(chunk, f"{type(error).__name__}: {error} (see {directory / 'errors.log'})", final=True)


def note_end(directory: Path, error: LogError) -> None:
    """Put into `errors.log` why a worker ends before its work is done.

    Args:
        directory: the run's folder.
        error: what ends it.
    """
    with suppress(OSError), (directory / "errors.log").open("a") as file:
        print(error, file=file)


def run_trials(
    prepared: Prepared,
    part: Part,
    trials: tuple[tuple[int, int], ...],
    record: tuple[str, ...] | None = None,
    report: Callable[[float], None] | None = None,
) -> list[TrialLog]:
    """Run some trials of a part, (cell, seed) each, which differ in data only, compiled together.

    Args:
        prepared: the study.
        part: whose trials.
        trials: (cell, seed) of each.
        record: what is traced per agent; None: what `traces_of` says.
        report: told how much is done, 0 to 1, now and then.
    """
    cells = part.cells()
    first = cells[trials[0][0]]
    base = part.society
    for factor in part.factors:
        if factor.lens.static(part.society):
            base = factor.lens.set(base, factor.value(first[factor.label]))
    vary = tuple(
        (factor.lens, [factor.value(cells[cell][factor.label]) for cell, _ in trials]) for factor in data_factors(part)
    )
    seeds = tuple(trial_seed(prepared.study, part, cell, seed) for cell, seed in trials)
    traced = traces_of(part, base.seats.n, trials) if record is None else record
    logs = dict(run_chunks(base, vary, seeds, part.ticks_of(first), prepared.study.metrics, traced, report))
    return [logs[row] for row in range(len(trials))]


def traces_of(part: Part, agents: int, trials: tuple[tuple[int, int], ...]) -> tuple[str, ...]:
    """What is traced in these trials: what the part asks for; else everything in first seeds of small plain cells."""
    if part.record:
        return part.record
    return TRACED if all(is_traced(part, agents, trial) for trial in trials) else ()


def end_with(parent: int) -> None:
    """End this process when its parent is gone, so that a killed run leaves nothing behind.

    Args:
        parent: its process id.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
