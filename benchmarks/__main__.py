"""Run benchmarks by name: each measures ours and its peers in one run, per core-second, and prints a table."""

import argparse
import json
import sys
from pathlib import Path

from benchmarks import network

NAMES = {"network": network.measure}


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help="which; default: all")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    given = parser.parse_args()
    found = {name: NAMES[name]() for name in given.names or NAMES}
    for name, rows in found.items():
        print(f"\n{name}")
        for row in rows:
            print(
                "  "
                + "  ".join(
                    f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}" for key, value in row.items()
                )
            )
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
