"""Language societies over a loopback endpoint of 64 slots: how full it is kept, and what a call costs us.

Each decision is a harvest and a message, in one call; 128 calls are in flight at most, so that a slot that falls free never
waits for us. `filled` is ideal time (calls / slots x latency) over wall time from the first call to the last answer; a
barrier a round leaves one society of 50 at most 0.78. The bare loop, in the same run, has no barrier, no society, and one
constant prompt. CPU is that of our process alone, the HTTP client included.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from benchmarks.machine import PEERS, ROOT, Row, cpu_seconds, ours, peak_mb, peer, say

SLOTS, LATENCY_S = 64, 0.2
# More calls than slots are on their way, so that a slot that falls free does not wait for us.
IN_FLIGHT = 128
KILLS = 100


def measure() -> list[Row]:
    """Rows of ours and of the bare loop."""
    rows: list[Row] = []
    with endpoint() as url:
        for agents, rounds, latency in ((50, 5, LATENCY_S), (256, 20, LATENCY_S), (50, 20, 0.0)):
            reset(url, latency)
            bare = peer("bare_loop", ("aiohttp",), url, agents, rounds, SLOTS)[0]
            rows.append(_row("bare loop", agents, rounds, 1, latency, stats(url), bare))
        for agents, rounds, trials, latency in (
            (50, 5, 1, LATENCY_S),
            (50, 5, 16, LATENCY_S),
            (256, 20, 1, LATENCY_S),
            (50, 20, 1, 0.0),
            (1000, 10, 1, 0.0),
        ):
            reset(url, latency)
            own = ours("scheduler", "run", url, agents, rounds, trials, IN_FLIGHT)[0]
            rows.append(_row("commonweal", agents, rounds, trials, latency, stats(url), own))
        rows += _same(url)
    return rows


def _row(who: str, agents: int, rounds: int, trials: int, latency: float, seen: dict, own: Row) -> Row:
    calls, span = seen["calls"], seen["span_s"]
    return {
        "who": who,
        "agents": agents,
        "rounds": rounds,
        "trials": trials,
        "latency_s": latency,
        "calls": calls,
        "calls_per_decision": calls / (agents * rounds * trials),
        "wall_s": span,
        "filled": calls / SLOTS * latency / span,
        "calls_per_s": calls / span,
        "cpu_ms_a_call": 1000 * float(own["cpu_s"]) / calls,
        "memory_mb": own["memory_mb"],
        "mean_prompt_tokens": seen["mean_prompt"],
        "longest_prompt_tokens": seen["longest_prompt"],
        "digest": own.get("digest", ""),
    }


def _same(url: str) -> list[Row]:
    """One study at 1, 8 and 64 calls at once, killed again and again, and from its store alone: the digests."""
    rows: list[Row] = []
    for slots in (1, 8, 64):
        reset(url, 0.0)
        own = ours("scheduler", "run", url, 12, 6, 3, slots)[0]
        rows.append({"who": "same log", "trials": 3, "slots": slots, "calls": stats(url)["calls"], "digest": own["digest"]})
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "replies.sqlite"
        reset(url, 0.005)
        digest, kills = _killed(url, store)
        seen = stats(url)
        row: Row = {"who": "killed and resumed", "trials": 3, "kills": kills, "calls": seen["calls"], "digest": digest}
        rows.append(row | {"asked_twice": seen["repeats"]})
        reset(url, 0.0)
        own = ours("scheduler", "run", url, 12, 6, 3, 64, store)[0]
        rows.append({"who": "from the store", "trials": 3, "calls": stats(url)["calls"], "digest": own["digest"]})
    return rows


def _killed(url: str, store: Path) -> tuple[str, int]:
    """Kills the run at random moments until `KILLS` kills are done or it ends; then lets it end."""
    import random

    draws, kills = random.Random(1), 0
    command = [sys.executable, "-m", "benchmarks.scheduler", "run", url, "12", "6", "3", "4", str(store)]
    while True:
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            assert process.stdout is not None
            if kills < KILLS:
                # The run says when it begins to call; a kill before that would only test Python's imports.
                ready = process.stdout.readline()
                time.sleep(draws.uniform(0.0, 0.012))
                if ready.startswith("{"):
                    return str(json.loads(ready)["digest"]), kills
                os.kill(process.pid, signal.SIGKILL)
                kills += 1
                continue
            last = process.communicate()[0].strip().splitlines()[-1]
            return str(json.loads(last)["digest"]), kills


@contextlib.contextmanager
def endpoint(latency: float = LATENCY_S, slots: int = SLOTS) -> Iterator[str]:
    """A loopback endpoint in a process of its own, on the other core; gives its base address."""
    uv = ["uv"] if shutil.which("uv") else [sys.executable, "-m", "uv"]
    core = ["taskset", "-c", str(min(os.sched_getaffinity(0)))] if shutil.which("taskset") else []
    packages = ["--with", "aiohttp", "--with", "uvloop"]
    command = [*core, *uv, "run", "--quiet", "--no-project", "--python", sys.executable, *packages, "python"]
    command += [str(PEERS / "loopback.py"), str(latency), str(slots)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        try:
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait()


def stats(url: str) -> dict:
    with urllib.request.urlopen(url.replace("/v1", "/stats")) as response:
        return json.load(response)


def reset(url: str, latency: float, slots: int = SLOTS) -> None:
    body = json.dumps({"latency": latency, "slots": slots}).encode()
    urllib.request.urlopen(urllib.request.Request(url.replace("/v1", "/reset"), body)).close()


def society(agents: int, model: object) -> object:
    """Language minds around a commons that talk to each other."""
    from commonweal.channels.broadcast import Broadcast
    from commonweal.core.named import Named
    from commonweal.core.seats import Seating
    from commonweal.core.society import Society
    from commonweal.minds.language import Language
    from commonweal.worlds.commons import Commons

    # Above temperature 0 each seat has its own draw, so that no two trials share a call.
    words = ("You live from this resource with your neighbours.", "You want it to last.")
    mind = Language(model=model, persona=words[0], disposition=words[1], temperature=1.0)
    return Society(world=Commons(), minds=Named.of(("civil", mind)), seats=Seating(agents), channel=Broadcast())


async def _run(url: str, agents: int, rounds: int, trials: int, slots: int, store: Path) -> Row:
    from commonweal.engine.hosted import advance, warm_up
    from commonweal.engine.trial import begin
    from commonweal.models.choice import ModelChoice
    from commonweal.models.scheduler import Limits

    choice = ModelChoice("m", url, scoring="schema", limits=Limits(in_flight=slots))
    model = choice.open(store)
    begun = [begin(society(agents, model), seed) for seed in range(trials)]
    # What JAX compiles once for a process is compiled before the clock runs: a tick, and how a log is made.
    warm_up(begun[0])
    begun[0].log()
    print("ready", flush=True)
    began = cpu_seconds()
    logs = [trial.log() for trial in await asyncio.gather(*(advance(trial, rounds) for trial in begun))]
    spent = cpu_seconds() - began
    await model.close()
    import hashlib

    digest = hashlib.sha256("\n".join(log.digest for log in logs).encode()).hexdigest()[:12]
    return {"who": "commonweal", "cpu_s": spent, "memory_mb": peak_mb(), "digest": digest}


def _ours(url: str, agents: str, rounds: str, trials: str, slots: str, store: str | None = None) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(store) if store else Path(folder) / "replies.sqlite"
        return asyncio.run(_run(url, int(agents), int(rounds), int(trials), int(slots), path))


if __name__ == "__main__":
    say(_ours(*sys.argv[2:]))
