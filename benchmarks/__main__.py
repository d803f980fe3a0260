"""Run benchmarks by name: each measures ours and its peers in one run, on one core, and prints what it found.

With all names (the default), the table `docs/benchmarks.md` and its picture are written too.
"""

import argparse
import importlib
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.machine import ROOT, Row, peer
from benchmarks.table import write_table

NAMES = ("society", "sweep", "tournament", "graphs", "memory", "scheduler", "embedded")
EVIDENCE = ("threshold", "zoom", "inference", "ladder", "discovery", "manipulability", "pairs", "posters", "dump", "detectable")
"""Properties of the statistics rather than speeds: by name only, minutes to an hour each."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which of {', '.join((*NAMES, *EVIDENCE))}; default: {', '.join(NAMES)}")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--from", dest="given", type=Path, help="measure nothing: write table and picture from these figures")
    given = parser.parse_args()
    wrong = [name for name in given.names if name not in (*NAMES, *EVIDENCE)]
    if wrong:
        parser.error(f"there is no benchmark {wrong[0]!r}; choose from {', '.join((*NAMES, *EVIDENCE))}")
    found: dict[str, list[Row]] = json.loads(given.given.read_text()) if given.given else {}
    for name in () if given.given else given.names or NAMES:
        print(f"\n{name}", flush=True)
        found[name] = importlib.import_module(f"benchmarks.{name}").measure()
        for row in found[name]:
            print("  " + "  ".join(f"{key} {_show(value)}" for key, value in row.items()), flush=True)
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))
    if set(found) == set(NAMES):
        write_table(found, ROOT / "docs" / "benchmarks.md")
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(json.dumps(found))
            file.flush()
            peer("picture", ("matplotlib",), file.name, str(ROOT / "docs" / "benchmarks.png"))
    return 0


def _show(value: float | int | str) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
