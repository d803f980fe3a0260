"""Measuring on a shared machine: each measurement in a process of its own on one core, work per second of that core's time."""

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

Row = dict[str, float | int | str]
ROOT = Path(__file__).parent.parent
PEERS = Path(__file__).parent / "peers"


def cpu_seconds() -> float:
    """Processor time of this process so far, all threads together."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mb() -> float:
    """The most memory this process ever held, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def rates(work: Callable[[], object], amount: float, repeats: int = 5) -> Row:
    """Amount of work per core-second: median, lowest and highest of several runs, after one that is not counted."""
    began = cpu_seconds()
    work()
    first = cpu_seconds() - began
    found: list[float] = []
    for _ in range(repeats):
        began = cpu_seconds()
        work()
        found.append(amount / (cpu_seconds() - began))
    found.sort()
    return {"per_core_s": found[len(found) // 2], "low": found[0], "high": found[-1], "first_run_s": first}


def say(row: Row) -> None:
    """Hand a row to the process that started this one."""
    print(json.dumps(row), flush=True)


def ours(module: str, *given: object) -> list[Row]:
    """The rows that `python -m benchmarks.MODULE` says, on one core."""
    return _rows([sys.executable, "-m", f"benchmarks.{module}", *map(str, given)], module)


def peer(script: str, packages: tuple[str, ...], *given: object) -> list[Row]:
    """The rows that a peer's script says, on one core, in an environment of its own with these packages."""
    uv = ["uv"] if shutil.which("uv") else [sys.executable, "-m", "uv"]
    command = [*uv, "run", "--quiet", "--no-project", "--python", sys.executable]
    for package in packages:
        command += ["--with", package]
    return _rows([*command, "python", str(PEERS / f"{script}.py"), *map(str, given)], script)


def _rows(command: list[str], who: str) -> list[Row]:
    kept = {name: value for name, value in os.environ.items() if name not in ("XLA_FLAGS", "PYTHONPATH")}
    done = subprocess.run([*_one_core(), *command], cwd=ROOT, env=kept, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        print(f"{who} could not be measured: {' '.join(last)}", file=sys.stderr, flush=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def _one_core() -> list[str]:
    """The start of a command that runs on one core, where the system can do that."""
    if shutil.which("taskset") is None or not hasattr(os, "sched_getaffinity"):
        return []
    return ["taskset", "-c", str(max(os.sched_getaffinity(0)))]
