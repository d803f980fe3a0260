"""Sweeps, cells x seeds: what a trial costs as their number grows, how many compilations they need, and their peak memory.

Ours only; 100 seats and 200 ticks a trial, ten seeds a cell. The reference society, varied in its strength of selection; and
the well-mixed commons of two scripted minds, varied in their shares. `simulated_per_core_s` counts the compiled program alone;
`per_core_s` checks, logs and digests of all trials besides; `with_files_per_core_s` the Parquet files of all logs too. The
first group's cost has compilation in it.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.machine import Row, cpu_seconds, ours, peak_mb, say

SEATS, TICKS, SEEDS = 100, 200, 10
TRIALS = (10, 100, 1_000, 10_000)
CHUNK = 500


def measure() -> list[Row]:
    """A row for each society and number of trials."""
    return [row for name in ("reference", "commons") for trials in TRIALS for row in ours("sweep", name, trials)]


def _society(name: str) -> tuple[Any, Any, Any]:
    """A society, its metrics, and the lens on what is varied."""
    import jax.numpy as jnp

    from benchmarks.reference import society
    from commonweal.core import lens
    from commonweal.core.named import Named
    from commonweal.core.seats import Seating
    from commonweal.core.society import Society
    from commonweal.institutions.fermi import Fermi
    from commonweal.metrics.cooperation import Cooperation
    from commonweal.metrics.survival import Survival
    from commonweal.minds.scripted import Scripted
    from commonweal.worlds.commons import Commons

    if name == "commons":
        minds = Named.of(("civil", Scripted()), ("ruthless", Scripted(greed=3.0)))
        commons = Society(Commons(), minds, Seating(SEATS, Named.of(("ruthless", jnp.float32(0.1)))))
        return commons, Named.of(("survived", Survival())), lens.share("ruthless")
    beta = lens.rule("evolution", Fermi, lambda rule: rule.beta)
    return society(SEATS), Named.of(("cooperation", Cooperation())), beta


def _ours(name: str, trials: int) -> Row:
    import numpy as np

    from commonweal.engine.compiled import run_chunks
    from commonweal.lab.logs import write_logs

    society, metrics, lens = _society(name)
    cells = max(1, trials // SEEDS)
    varied = np.repeat(np.linspace(0.0, 1.0, cells), SEEDS).astype(np.float32)[:trials]
    seeds = np.tile(np.arange(SEEDS), cells)[:trials]
    compiled, simulated = _Compilations(), _Simulated()
    began = cpu_seconds()
    for _ in run_chunks(society, ((lens, varied),), seeds, TICKS, metrics):
        break
    first, began, writing, simulated.seconds = cpu_seconds() - began, cpu_seconds(), 0.0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        kept = []
        for row, log in run_chunks(society, ((lens, varied),), seeds, TICKS, metrics):
            kept.append((row // SEEDS, row % SEEDS, log))
            assert log.digest
            if len(kept) == CHUNK or row == trials - 1:
                at = cpu_seconds()
                write_logs(Path(folder) / f"{row}.parquet", name, kept)
                writing += cpu_seconds() - at
                kept = []
    spent, steps = cpu_seconds() - began, SEATS * TICKS * trials
    return {
        "who": "commonweal",
        "what": "reference society" if name == "reference" else "well-mixed commons",
        "trials": trials,
        "simulated_per_core_s": steps / simulated.seconds,
        "per_core_s": steps / (spent - writing),
        "with_files_per_core_s": steps / spent,
        "ms_a_trial": 1000 * spent / trials,
        "first_group_s": first,
        "compilations": compiled.count,
        "memory_mb": peak_mb(),
    }


class _Simulated:
    """Counts the time that the compiled program of a batch takes."""

    def __init__(self) -> None:
        import jax

        from commonweal.engine import compiled

        self.seconds = 0.0
        run = compiled._run_lanes

        def timed(*given: Any) -> Any:
            began = cpu_seconds()
            done = jax.block_until_ready(run(*given))
            self.seconds += cpu_seconds() - began
            return done

        compiled._run_lanes = timed


class _Compilations:
    """Counts how often a batch's program is compiled."""

    def __init__(self) -> None:
        import jax.monitoring

        self.count = 0
        jax.monitoring.register_event_duration_secs_listener(self._listen)

    def _listen(self, event: str, seconds: float, **facts: object) -> None:
        self.count += event.endswith("jaxpr_to_mlir_module_duration") and "run_lanes" in str(facts.get("fun_name"))


if __name__ == "__main__":
    say(_ours(sys.argv[1], int(sys.argv[2])))
