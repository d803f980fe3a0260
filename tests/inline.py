"""Runs of tests: one without other processes, chunk by chunk, and one that is killed."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from commonweal.lab.growth import Growth
from commonweal.lab.ledger import Ledger, Progress
from commonweal.lab.logs import chunk_path, write_logs
from commonweal.lab.order import Order, prepare
from commonweal.lab.run import plan_run
from commonweal.lab.worker import run_trials

COMMONS = """
import jax.numpy as jnp
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.institutions.audit import Audit
from commonweal.lab.designs.ladder import Ladder
from commonweal.lab.designs.sobol import Sobol
from commonweal.lab.designs.zoom import Zoom
from commonweal.lab.study import Factor, Part, Primary, Study
from commonweal.metrics.cooperation import Cooperation
from commonweal.metrics.survival import Survival
from commonweal.minds.scripted import Scripted
from commonweal.statistics.sequential import Stopping
from commonweal.statistics.variation import Assumed, Share
from commonweal.worlds.commons import Commons

society = Society(
    Commons(),
    Named.of(("civil", Scripted()), ("ruthless", Scripted(greed=3.0))),
    Seating(5, Named.of(("ruthless", jnp.float32(0.0)))),
    Named.of(("audit", Audit())),
)
share, detect = lens.share("ruthless"), lens.rule("audit", Audit, lambda audit: audit.detect)
"""
"""What a study file of a small commons begins with; a test adds the study."""
_KILLED = """
import os, signal, sys
from pathlib import Path
from commonweal.lab.order import Order
from commonweal.lab.run import plan_run, run_study

def report(progress):
    if any(directory.glob(sys.argv[3])):
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    directory, order = Path(sys.argv[2]), Order(sys.argv[1])
    plan_run(order, directory)
    run_study(order, directory, 1, report)
"""


def run_killed(order: Order, directory: Path, when: str) -> None:
    """Run a study in a process of its own with one job, which is killed with signal 9 as soon as a certain file is there.

    Args:
        order: what is asked for.
        directory: the run's folder.
        when: pattern of the file's path inside the folder, as in `stages/*.json`.
    """
    script = directory.with_suffix(".py")
    script.write_text(_KILLED)
    command = [sys.executable, str(script), order.reference, str(directory), when]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


def run_inline(order: Order, directory: Path, until: Callable[[], bool] = lambda: False) -> Progress:
    """Plan a run and do its compiled work chunk by chunk, looking for new stages and an early stop after each.

    Args:
        order: what is asked for.
        directory: the run's folder; what is finished there is kept.
        until: asked after each chunk whether the run is cut off here.
    """
    plan_run(order, directory)
    ledger = Ledger(directory / "ledger.sqlite")
    growth, prepared = Growth(order, directory, ledger), prepare(order)
    growth.step()
    parts = tuple(part.name for part in prepared.study.parts if not part.society.hosted)
    while (chunk := ledger.lease("inline", parts)) is not None:
        prepared = prepared.staged(directory)
        logs = run_trials(prepared, prepared.study.part(chunk.part), chunk.trials)
        trials = [(cell, seed, log) for (cell, seed), log in zip(chunk.trials, logs, strict=True)]
        write_logs(chunk_path(directory, chunk.part, chunk.id), chunk.part, trials)
        ledger.finish(chunk, 0.0)
        if until():
            break
        growth.step()
    ledger.expect(False)
    return ledger.progress()
