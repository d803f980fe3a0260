"""One large society: ours from catalogue parts, the same idea fused by hand in JAX and blocked by hand in numba, and Mesa.

Ours does more a step than the hand-written ones: 16-bit trembles where they have 8, an inspection that must find its money,
purses, a 64-bit ledger checked every tick, counts of all minds, a metric, and logs. Theirs compares a fading sum of payoffs
where ours compares the last round's. Mesa's model is simpler than all: no memory of past rounds, no tremble, no institution,
one act for all contacts, and it copies a random better contact.
"""

import sys

from benchmarks.machine import Row, ours, peak_mb, peer, rates, say

SIZES = (1_000, 10_000, 100_000, 1_000_000)
MESA_SIZES = SIZES[:3]
MESA = ("mesa<3.4", "networkx")


def measure() -> list[Row]:
    """Rows of ours and the peers; ours say how many times the peer's speed they reach at each size."""
    own = [row for size in SIZES for row in ours("society", size)]
    others = [row for size in SIZES for row in peer("fused_jax", ("jax", "numpy"), size)]
    others += [row for size in SIZES for row in peer("blocked_numba", ("numba", "numpy"), size)]
    others += [row for size in MESA_SIZES for row in peer("mesa_network", MESA, size)]
    for row in own:
        for other in others:
            if other["n"] == row["n"]:
                name = str(other["who"]).split()[0].replace("-", "_")
                row[f"times_{name}"] = float(row["per_core_s"]) / float(other["per_core_s"])
    return [*own, *others]


def _ours(n: int) -> Row:
    import jax

    from benchmarks.reference import society
    from commonweal.core.named import Named
    from commonweal.engine.compiled import advance
    from commonweal.engine.trial import begin
    from commonweal.metrics.cooperation import Cooperation

    ticks = max(20, 4_000_000 // n)
    trial = begin(society(n), 1, Named.of(("cooperation", Cooperation())))
    found = rates(lambda: jax.block_until_ready(advance(trial, ticks).state), n * ticks)
    found["compile_s"] = float(found.pop("first_run_s")) - n * ticks / float(found["per_core_s"])
    return {"who": "commonweal", "n": n, **found, "memory_mb": peak_mb()}


if __name__ == "__main__":
    say(_ours(int(sys.argv[1])))
