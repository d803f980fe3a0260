"""The prisoner's dilemma on a random 8-regular graph with imitation: ours (with an audit besides) and Mesa, in one run.

Ours does more a step than Mesa's model: an audit inspects and fines, Fermi imitation draws a logistic choice, four metrics
and a 64-bit ledger are read every tick. Mesa's has neither audit nor ledger and copies a random better neighbour.
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

PEER = Path(__file__).parent / "peers" / "mesa_network.py"
SIZES = (1_000, 10_000, 100_000)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def ours(n: int, repeats: int = 5) -> dict[str, float | int | str]:
    """Agent-steps per core-second of the compiled engine, metrics and ledger on: the median of several runs."""
    import jax
    import jax.numpy as jnp

    from commonweal.core.named import Named
    from commonweal.core.networks import Regular
    from commonweal.core.seats import Seating
    from commonweal.core.society import Society
    from commonweal.engine.compiled import advance
    from commonweal.engine.trial import begin
    from commonweal.institutions.audit import Audit
    from commonweal.institutions.fermi import Fermi
    from commonweal.metrics.cooperation import Cooperation
    from commonweal.minds.scripted import Scripted
    from commonweal.worlds.network_game import NetworkGame

    society = Society(
        NetworkGame.dilemma(3, 0, 5, 1),
        Named.of(("cooperator", Scripted(level=1.0, tremble=0.01)), ("defector", Scripted(level=0.0, tremble=0.01))),
        Seating(n, Named.of(("defector", jnp.float32(0.5))), network=Regular(8)),
        Named.of(("audit", Audit(detect=0.1, hold_after=0)), ("imitation", Fermi(beta=0.1))),
    )
    ticks = max(20, 4_000_000 // n)
    trial = begin(society, 1, Named.of(("cooperation", Cooperation())))
    began = time.perf_counter()
    jax.block_until_ready(advance(trial, ticks).state)
    first = time.perf_counter() - began
    rates = []
    for _ in range(repeats):
        cpu = _cpu()
        jax.block_until_ready(advance(trial, ticks).state)
        rates.append(n * ticks / (_cpu() - cpu))
    rates.sort()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "who": "commonweal",
        "n": n,
        "per_core_s": rates[len(rates) // 2],
        "low": rates[0],
        "high": rates[-1],
        "first_run_s": first,
        "memory_mb": memory,
    }


def measure() -> list[dict[str, float | int | str]]:
    """Ours and Mesa's rows, and the ratio at each size."""
    rows = [ours(n) for n in SIZES]
    command = ["uv", "run", "--no-project", "--python", sys.executable, "--with", "mesa<3.4", "--with", "networkx"]
    command = [sys.executable, "-m", *command] if not _has_uv() else command
    done = subprocess.run([*command, "python", str(PEER), *map(str, SIZES)], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"Mesa could not be measured: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return rows
    peers = [json.loads(line) for line in done.stdout.splitlines()]
    for own, peer in zip(rows, peers, strict=True):
        own["times_mesa"] = float(own["per_core_s"]) / float(peer["per_core_s"])
    return [*rows, *peers]


def _has_uv() -> bool:
    import shutil

    return shutil.which("uv") is not None
