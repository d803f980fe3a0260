"""The process that runs all hosted trials of a run, side by side in one event loop, over one scheduler for each model.

Trials are begun while the seats of those in flight are fewer than `AHEAD` times the calls that may be in flight: a barrier in
one society then leaves nothing idle, and the trials that are closest to their end are served first.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from commonweal.core.errors import BudgetSpentError, LogError, ModelRefusedError, TransientModelError
from commonweal.core.society import Society
from commonweal.engine.hosted import advance, warm_up
from commonweal.engine.log import TrialLog
from commonweal.engine.trial import Trial, begin
from commonweal.lab.batches import static_factors, trial_seed
from commonweal.lab.card import save_card
from commonweal.lab.desk import served
from commonweal.lab.ledger import CARD, Chunk, Ledger
from commonweal.lab.logs import chunk_path, write_logs
from commonweal.lab.order import Order, Prepared, prepare
from commonweal.lab.renewal import Renewal, Report
from commonweal.lab.study import Part
from commonweal.lab.worker import TRACED, end_with, note_end, note_failure, parts_of
from commonweal.minds.desk import named_trial

AHEAD = 4
"""Seats of trials in flight, to each call that may be in flight."""


def host(order: Order, directory: Path, parent: int) -> None:
    """Run hosted trials, and the card, until none is open or the budget is spent. Ends itself when its parent is gone.

    Args:
        order: what the run was asked to do.
        directory: the run's folder.
        parent: process id of the coordinator.
    """
    # Ctrl-C is the coordinator's to answer: it ends its workers, and a lease that lapses is run again.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with(parent)
    try:
        asyncio.run(_host(order, directory))
    except LogError as error:
        # The folder cannot be used any more; the coordinator says so once.
        note_end(directory, error)
        sys.exit(1)


async def _host(order: Order, directory: Path) -> None:
    ledger = Ledger(directory / "ledger.sqlite")
    house = _House(order, directory, ledger, prepare(order, directory / "replies.sqlite").staged(directory))
    try:
        async with served(house.prepared.desk, directory):
            await house.run()
    except BaseException as error:
        if isinstance(error, Exception) and not isinstance(error, LogError):
            ledger.stop(str(error))
        raise
    finally:
        house.renewal.stop()
        if house.prepared.model is not None:
            await house.prepared.model.close()


class _House:
    """The hosted trials in flight."""

    def __init__(self, order: Order, directory: Path, ledger: Ledger, prepared: Prepared) -> None:
        self.directory, self.ledger, self.prepared = directory, ledger, prepared
        self.owner = f"{os.getpid()}"
        self.renewal = Renewal(ledger, self.owner)
        self.parts = (*parts_of(directory, "hosted"), CARD)
        self.room = AHEAD * order.model.at_once
        self.patience_s = (order.model.limits or order.model.usual_limits).patience_s
        self.stopped = False
        self.answered = False
        self._compiled: dict[object, asyncio.Lock] = {}
        self._warm: set[object] = set()

    async def run(self) -> None:
        """Begin trials while there is room, until nothing is left."""
        running: dict[asyncio.Task[None], int] = {}
        while True:
            while not self.stopped and (len(running) < 2 or sum(running.values()) < self.room):
                chunk = self.ledger.lease(self.owner, self.parts)
                if chunk is None:
                    break
                running[asyncio.create_task(self._chunk(chunk))] = self._seats(chunk)
            if not running:
                if self.stopped or not (self.ledger.left(self.parts) or self.ledger.growing):
                    return
                await asyncio.sleep(0.2)
                continue
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                del running[task]
                task.result()

    def _seats(self, chunk: Chunk) -> int:
        """Seats of a chunk's trials; the card asks as many calls at once as a small society."""
        return 16 if chunk.part == CARD else self.prepared.study.part(chunk.part).society.seats.n

    async def _chunk(self, chunk: Chunk) -> None:
        """One chunk from lease to log."""
        began = time.perf_counter()
        report = self.renewal.hold(chunk)
        try:
            if chunk.part == CARD:
                await self._card(report)
            else:
                part = self.prepared.study.part(chunk.part)
                if any(cell >= len(part.plan) for cell, _ in chunk.trials):
                    self.prepared = self.prepared.staged(self.directory)
                    part = self.prepared.study.part(chunk.part)
                trials = [(cell, seed, await self._trial(part, cell, seed, report)) for cell, seed in chunk.trials]
                await asyncio.to_thread(write_logs, chunk_path(self.directory, part.name, chunk.id), part.name, trials)
            self.ledger.finish(chunk, time.perf_counter() - began)
        except BudgetSpentError as error:
            self.ledger.give_back(chunk)
            self._stop(str(error))
        except TransientModelError as error:
            if error.wait_s > self.patience_s:
                # The model wants to be left alone for longer than anybody waits.
                self.ledger.give_back(chunk)
                self._stop(str(error))
            else:
                note_failure(self.ledger, self.directory, chunk, error)
        except Exception as error:
            note_failure(self.ledger, self.directory, chunk, error)
            if isinstance(error, ModelRefusedError) and not self.answered:
                # A wrong name or key: the other trials would be refused like this one.
                self._stop(str(error))
        finally:
            self.renewal.drop(chunk)

    def _stop(self, why: str) -> None:
        """Begin no more trials; those in flight go on as far as they come."""
        self.stopped = True
        self.ledger.stop(why)

    async def _card(self, report: Report) -> None:
        assert self.prepared.model is not None
        await save_card(self.prepared.model, self.directory, report)
        self.answered = True

    async def _trial(self, part: Part, cell: int, seed: int, report: Report) -> TrialLog:
        levels = part.plan[cell].levels
        number = trial_seed(self.prepared.study, part, cell, seed)
        shape = (part.name, *(levels[factor.label] for factor in static_factors(part)))
        # Programs are compiled once for each shape, in a thread, so that other trials go on.
        async with self._compiled.setdefault(shape, asyncio.Lock()):
            trial = await asyncio.to_thread(
                _begun, self.prepared, part.society_of(levels), number, part.record or TRACED, shape not in self._warm
            )
            self._warm.add(shape)
        with named_trial(f"{part.name}/{cell}/{seed}"):
            ticks = part.ticks_of(levels)
            for tick in range(ticks):
                trial = await advance(trial, 1, ticks - tick - 1)
                self.answered = True
                report((tick + 1) / ticks)
        return trial.log()


def _begun(prepared: Prepared, society: Society, seed: int, record: tuple[str, ...], cold: bool) -> Trial:
    trial = begin(society, seed, prepared.study.metrics, record)
    if cold:
        warm_up(trial)
    return trial
