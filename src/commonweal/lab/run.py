"""Run a study: plan, ledger, worker processes, progress. The same call on a begun folder goes on where it stopped."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path

from commonweal.core.errors import LogError, StudyError
from commonweal.lab.batches import batches
from commonweal.lab.growth import Growth
from commonweal.lab.ledger import CARD, Ledger, Progress
from commonweal.lab.lock import copy_lock
from commonweal.lab.order import Order, prepare
from commonweal.lab.plan import write_plan
from commonweal.lab.sizing import size_study
from commonweal.lab.stopping import stopped_part

Report = Callable[[Progress], None]
CARD_S = 30.0


def plan_run(order: Order, directory: Path, pilot: Path | None = None, lock: Path | None = None) -> dict[str, object]:
    """Write (or check) the plan of a run and return it.

    Args:
        order: what is asked for.
        directory: the run's folder.
        pilot: folder of an earlier run, from which power is reckoned; None: there is none.
        lock: what was declared before the run; it is copied into the folder before anything runs. None: nothing was.

    Raises:
        StudyError: the study cannot be run, or the folder holds another plan.
        ModelRefusedError: its model cannot be had.
        LogError: the folder cannot be written.
    """
    prepared = prepare(order)
    plan = prepared.plan() | {"order": order.words()}
    predicted = plan["predicted"]
    assert isinstance(predicted, dict)
    plan["power"] = size_study(prepared.study, predicted, pilot)
    if lock is not None:
        directory.mkdir(parents=True, exist_ok=True)
        copy_lock(lock, directory, prepared.study.name)
    write_plan(plan, directory)
    ledger = Ledger(directory / "ledger.sqlite")
    done = ledger.done()
    stopped = stopped_part(directory)
    parts = [part for part in prepared.staged(directory).study.parts if part.name != stopped]
    rule = prepared.study.stopping
    blocks = {} if rule is None else {prepared.study.primary.part: rule.every}
    work = [own for part in parts for own in batches(part, done.get(part.name, frozenset()), blocks.get(part.name))]
    chunks = [(own.part, own.trials, own.seconds) for own in work]
    if prepared.model is not None and CARD not in done:
        chunks.append((CARD, (), CARD_S))
    ledger.enter(chunks)
    return plan


def run_study(order: Order, directory: Path, jobs: int, report: Report) -> Progress:
    """Run what is left of a planned run.

    Args:
        order: what is asked for, as it was planned.
        directory: the run's folder.
        jobs: worker processes of compiled trials, at least 1, each with one XLA thread; one more runs all hosted trials.
        report: called a few times a second with how far the run has come.

    Returns:
        How it ended: nothing open, or `stopped` says why; `failed` says what went wrong.

    Raises:
        StudyError: `jobs` is below 1, or another process runs this folder.
        LogError: the folder cannot be used.
    """
    if jobs < 1:
        raise StudyError(f"--jobs {jobs}; expected at least 1")
    ledger = Ledger(directory / "ledger.sqlite")
    with _alone(directory):
        ledger.release()
        growth = Growth(order, directory, ledger)
        # Before the workers are counted: a stage that is due may be all that an engine has to do.
        if not growth.step() and ledger.progress().open == 0:
            return ledger.progress()
        _one_thread_each()
        limit_s, began = order.model.budget.seconds, time.time()
        progress, workers = ledger.progress(), _workers(order, directory, jobs, ledger)
        for worker in workers:
            worker.start()
        try:
            while True:
                grown = growth.step()
                progress = ledger.progress()
                report(progress)
                if progress.open == 0 and not grown:
                    break
                if limit_s is not None and time.time() - began > limit_s:
                    ledger.stop(f"the budget of {limit_s:g} seconds is spent; what is finished is kept: run again to go on")
                    progress = ledger.progress()
                    break
                if not any(worker.is_alive() for worker in workers):
                    progress = ledger.progress()
                    if progress.open == 0 or progress.stopped:
                        break
                    raise LogError(_last_words(directory, began))
                time.sleep(0.2)
        finally:
            ledger.expect(False)
            _end(workers, patient=progress.open == 0)
        return ledger.progress()


def _last_words(directory: Path, began: float) -> str:
    """What is said when all workers ended early: why the last one did, if it could still write it down."""
    path = directory / "errors.log"
    with suppress(OSError, IndexError):
        if path.stat().st_mtime >= began:
            return path.read_text(errors="replace").splitlines()[-1]
    return f"all workers ended early and left no {path}; were they killed? What is finished is kept: run again"


def _workers(order: Order, directory: Path, jobs: int, ledger: Ledger) -> list[BaseProcess]:
    """The processes of a run: one for all hosted trials, and the others for compiled ones."""
    from commonweal.lab.host import host
    from commonweal.lab.worker import parts_of, work

    context = multiprocessing.get_context("spawn")
    compiled = min(jobs, ledger.left(parts_of(directory, "compiled")))
    hosted = min(1, ledger.left((*parts_of(directory, "hosted"), CARD)))
    return [
        context.Process(target=target, args=(order, directory, os.getpid())) for target in [host] * hosted + [work] * compiled
    ]


def is_finished(directory: Path) -> bool:
    """Whether every chunk of a folder's run is done and its report is written."""
    if not (directory / "report.html").exists() or not (directory / "ledger.sqlite").exists():
        return False
    progress = Ledger(directory / "ledger.sqlite").progress()
    return progress.open == 0 and not progress.failed


def _end(workers: Sequence[BaseProcess], patient: bool) -> None:
    """End the workers: let them finish their last words, else ask them to stop, else stop them."""
    for worker in workers:
        worker.join(10 if patient else 0)
        if worker.is_alive():
            worker.terminate()
            worker.join(5)
        if worker.is_alive():
            worker.kill()


def _one_thread_each() -> None:
    """Environment of the workers: one thread for XLA and for linear algebra each."""
    flags = os.environ.get("XLA_FLAGS", "")
    if "xla_cpu_multi_thread_eigen" not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()
    for name in ("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")


@contextmanager
def _alone(directory: Path) -> Generator[None]:
    """Hold the folder's lock: two runs of one folder would lease each other's chunks."""
    try:
        with (directory / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StudyError(
                    f"{directory} is being run by another process; wait for it, or choose another --out"
                ) from error
            yield
    except OSError as error:
        raise LogError(f"{directory} cannot be written: {error}; free space or choose another folder with --out") from error
