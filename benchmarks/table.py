"""What was measured, as a table in Markdown: one section a benchmark, with what differs between the models."""

import importlib
import os
import platform
from collections.abc import Sequence
from pathlib import Path

from benchmarks.machine import Row

Found = dict[str, list[Row]]
_NAMES = {
    "per_core_s": "per core-second",
    "low": "lowest",
    "high": "highest",
    "n": "seats",
    "memory_mb": "peak memory, MB",
    "compile_s": "compilation, s",
    "cpu_s": "core-seconds",
    "wall_s": "seconds",
}


def machine() -> str:
    """The machine in words."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}; every measurement on one core"


def write_table(found: Found, path: Path) -> None:
    """Write all rows that were found to a Markdown file."""
    parts = [
        "# Benchmarks",
        f"`uv run python -m benchmarks` on {machine()}. Work is counted per second of processor time, median of several runs "
        "after one that is not counted; what compilation costs stands in a column of its own.",
    ]
    for name, rows in found.items():
        doc = importlib.import_module(f"benchmarks.{name}").__doc__ or ""
        parts += [f"## {name}", " ".join(doc.split()), _table(rows)]
    path.write_text("\n\n".join(parts) + "\n")


def _table(rows: Sequence[Row]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    head = [_NAMES.get(name, name.replace("_", " ")) for name in names]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(names)}"]
    lines += [f"| {' | '.join(_cell(row.get(name, '')) for name in names)} |" for row in rows]
    return "\n".join(lines)


def _cell(value: float | int | str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.2e}" if abs(value) >= 1e5 else f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"
