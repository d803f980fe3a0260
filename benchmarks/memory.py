"""Memory: the reference society of a million seats with a metric on, for 50 ticks and for 1,000.

Each length runs in a process of its own, so that each has its own peak. What grows with ticks are the readings, some twenty
whole numbers a tick for the whole society.
"""

import sys

from benchmarks.machine import Row, cpu_seconds, ours, peak_mb, say

SEATS = 1_000_000
LENGTHS = (50, 1_000)


def measure() -> list[Row]:
    """One row a length: peak memory and agent-steps per core-second."""
    rows = [row for ticks in LENGTHS for row in ours("memory", SEATS, ticks)]
    for row in rows[1:]:
        row["more_mb_than_shortest"] = float(row["memory_mb"]) - float(rows[0]["memory_mb"])
    return rows


def _ours(n: int, ticks: int) -> Row:
    from benchmarks.reference import society
    from commonweal.core.named import Named
    from commonweal.engine.compiled import run
    from commonweal.metrics.cooperation import Cooperation

    began = cpu_seconds()
    log = run(society(n), 1, ticks, Named.of(("cooperation", Cooperation())))
    spent = cpu_seconds() - began
    row: Row = {"who": "commonweal", "n": n, "ticks": ticks, "memory_mb": peak_mb(), "cpu_s_with_compilation": spent}
    return row | {"per_core_s": n * ticks / spent, "cooperation": log.values["cooperation"], "digest": log.digest[7:19]}


if __name__ == "__main__":
    say(_ours(int(sys.argv[1]), int(sys.argv[2])))
