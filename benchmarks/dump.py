"""A platform's whole log: 300,000 posts and 1,800,000 comments with vectors of 384 numbers, read and put through every metric.

The dump is made up, in the schema of Moltbook's. Reading and measuring are a process of their own, whose memory is its peak
resident set. The bar is 10 minutes and 8 GB. `COMMONWEAL_DUMP_SCALE=0.1` takes a tenth of the posts, and says so.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import ROOT, Row

POSTS, COMMENTS, PARTS = 300_000, 1_800_000, 384


def measure() -> list[Row]:
    scale = float(os.environ.get("COMMONWEAL_DUMP_SCALE", "1"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dump.parquet"
        own = (str(round(POSTS * scale)), str(round(COMMENTS * scale)), str(path))
        made = _child("make", *own)
        found = _child("measure", *own)
        size = path.stat().st_size / 1e9
    return [
        {
            "posts": round(POSTS * scale),
            "comments": round(COMMENTS * scale),
            "dump (GB)": size,
            "made (s)": made["seconds"],
            "read (s)": found["read"],
            "measured (s)": found["measured"],
            "read and measured (s)": found["read"] + found["measured"],
            "processor (s)": found["processor"],
            "peak memory (GB)": found["peak"],
            "metrics": found["metrics"],
        },
        *[{"metric": name, "seconds": seconds} for name, seconds in found["each"].items()],
    ]


def _child(*arguments: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.dump", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def _make(posts: int, comments: int, path: Path) -> dict:
    from commonweal.analysis.dumps.synthetic import SOURCE, START, Recipe, synthesize
    from commonweal.analysis.dumps.writing import write_dump

    began = time.perf_counter()
    write_dump(synthesize(Recipe(posts, comments, parts=PARTS)), path, SOURCE, START)
    return {"seconds": time.perf_counter() - began}


def _measure(path: Path) -> dict:
    from commonweal.analysis.dumps.reading import read_dump
    from commonweal.analysis.forum_report import measure_forum, name_dump

    began = time.perf_counter()
    log = name_dump(read_dump([path]))
    read = time.perf_counter()

    def tell(name: str, done: int, metrics: int) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"  {name} ({done + 1} of {metrics}) after {time.perf_counter() - began:.0f} s, {peak:.1f} GB", file=sys.stderr)

    report = measure_forum((log,), shuffles=0, progress=tell)
    return {
        "read": read - began,
        "measured": time.perf_counter() - read,
        "processor": time.process_time(),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "metrics": len(report.cards),
        "each": {card.name: own[0].seconds for card, own in zip(report.cards, report.values, strict=True)},
    }


if __name__ == "__main__":
    what, posts, comments, file = sys.argv[1:]
    print(json.dumps(_make(int(posts), int(comments), Path(file)) if what == "make" else _measure(Path(file))))
