"""One process of a run: it leases chunks, runs them, writes their logs, until nothing is open."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from commonweal.core.errors import CommonwealError, LogError, TransientModelError
from commonweal.engine.compiled import run_chunks
from commonweal.engine.hosted import advance
from commonweal.engine.log import TrialLog
from commonweal.engine.trial import begin
from commonweal.lab.card import mind_card
from commonweal.lab.ledger import CARD, LEASE_S, Chunk, Ledger
from commonweal.lab.logs import chunk_path, write_logs
from commonweal.lab.order import Order, Prepared, prepare
from commonweal.lab.plan import SMALL, data_factors, trial_seed
from commonweal.lab.study import Part

REPORT_S = 0.2
"""Shortest time between two reports of a chunk's progress."""
TRACED = ("acts", "payoff", "purse", "mind")


def work(order: Order, directory: Path, parent: int) -> None:
    """Run chunks until none is open. Ends itself when its parent is gone.

    Args:
        order: what the run was asked to do.
        directory: the run's folder.
        parent: process id of the coordinator.
    """
    # Ctrl-C is the coordinator's to answer: it ends its workers, and a lease that lapses is run again.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _watch(parent)
    try:
        asyncio.run(_work(order, directory, Ledger(directory / "ledger.sqlite"), f"{os.getpid()}"))
    except LogError:
        # The folder cannot be used any more; the coordinator finds the same and says so once.
        sys.exit(1)


async def _work(order: Order, directory: Path, ledger: Ledger, owner: str) -> None:
    prepared: Prepared | None = None
    try:
        while True:
            chunk = ledger.lease(owner)
            if chunk is None:
                if ledger.progress().open == 0:
                    return
                await asyncio.sleep(0.5)
                continue
            began = time.perf_counter()
            renewal = _Renewal(ledger, chunk, owner)
            try:
                prepared = prepared or prepare(order, directory / "replies.sqlite")
                await _run_chunk(prepared, directory, chunk, renewal)
                ledger.finish(chunk, time.perf_counter() - began)
            except CommonwealError as error:
                ledger.fail(chunk, str(error), final=not isinstance(error, TransientModelError))
            except Exception as error:
                with (directory / "errors.log").open("a") as file:
                    traceback.print_exc(file=file)
                ledger.fail(chunk, f"{type(error).__name__}: {error} (see {directory / 'errors.log'})", final=True)
            finally:
                renewal.stop()
    finally:
        if prepared is not None and prepared.model is not None:
            await prepared.model.close()


async def _run_chunk(prepared: Prepared, directory: Path, chunk: Chunk, renewal: _Renewal) -> None:
    if chunk.part == CARD:
        assert prepared.model is not None
        card = await mind_card(prepared.model, renewal.report)
        draft = directory / "card.json.tmp"
        draft.write_text(json.dumps(card, indent=1))
        draft.replace(directory / "card.json")
        return
    part = prepared.study.part(chunk.part)
    if part.society.hosted:
        logs = [await _hosted_trial(prepared, part, cell, seed, renewal) for cell, seed in chunk.trials]
    else:
        logs = await asyncio.to_thread(run_trials, prepared, part, chunk.trials, None, renewal.report)
    trials = [(cell, seed, log) for (cell, seed), log in zip(chunk.trials, logs, strict=True)]
    await asyncio.to_thread(write_logs, chunk_path(directory, part.name, chunk.id), part.name, trials)


async def _hosted_trial(prepared: Prepared, part: Part, cell: int, seed: int, renewal: _Renewal) -> TrialLog:
    society = part.society_of(part.cells()[cell])
    trial = begin(society, trial_seed(prepared.study.name, part.name, seed), prepared.study.metrics, part.record or TRACED)
    for tick in range(part.ticks):
        trial = await advance(trial, 1)
        renewal.report((tick + 1) / part.ticks)
    return trial.log()


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
    seeds = tuple(trial_seed(prepared.study.name, part.name, seed) for _, seed in trials)
    traced = traces_of(part, base.seats.n, trials) if record is None else record
    logs = dict(run_chunks(base, vary, seeds, part.ticks, prepared.study.metrics, traced, report))
    return [logs[row] for row in range(len(trials))]


def traces_of(part: Part, n: int, trials: tuple[tuple[int, int], ...]) -> tuple[str, ...]:
    """What is traced in these trials: what the part asks for; else everything in first seeds of small societies."""
    if part.record:
        return part.record
    return TRACED if n <= SMALL and all(seed == 0 for _, seed in trials) else ()


class _Renewal:
    """Renews a lease from a thread of its own, so that long compilations do not lose it."""

    def __init__(self, ledger: Ledger, chunk: Chunk, owner: str) -> None:
        """Start renewing."""
        self._done = threading.Event()
        self._said = 0.0
        self._call = (ledger, chunk, owner)
        self._thread = threading.Thread(target=self._renew, daemon=True)
        self._thread.start()

    def _renew(self) -> None:
        ledger, chunk, owner = self._call
        while not self._done.wait(LEASE_S / 4):
            ledger.renew(chunk, owner)

    def report(self, progress: float) -> None:
        """Say how much of the chunk is done, 0 to 1; said at most a few times a second, as each is a write to disk."""
        if time.monotonic() - self._said > REPORT_S:
            self._said = time.monotonic()
            ledger, chunk, owner = self._call
            ledger.renew(chunk, owner, progress)

    def stop(self) -> None:
        """Renew no more."""
        self._done.set()
        self._thread.join()


def _watch(parent: int) -> None:
    """End this process when its parent is gone, so that a killed run leaves nothing behind."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
