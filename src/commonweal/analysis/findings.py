"""What a run found, as it stands in `estimates.json`.

Source: design/002-files-of-a-run.md.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

from commonweal.statistics.inference import Estimate
from commonweal.core.errors import LogError

ESTIMATES_SCHEMA = "commonweal.estimates/1"
"""Version of `estimates.json`."""

THEORY = "theory"
"""Estimand of a row that holds a cell's theory value."""


@dataclass(frozen=True)
class Finding:
    """One estimate of a run."""

    name: str
    """Metric that is estimated."""
    part: str
    """Part whose trials it is estimated on."""
    cell: int | None
    """Cell; None where it is estimated on many."""
    estimand: str
    """What is estimated: `mean over trials`, `theory`, or a difference in words."""
    value: float | None
    """The estimate; None without trials."""
    low: float | None
    """Lower limit; None where the data cannot give one."""
    high: float | None
    """Upper limit; None where the data cannot give one."""
    level: float
    """Nominal coverage of the interval."""
    method: str
    """How it was made."""
    n: int
    """Trials, or pairs of trials."""
    unit: str
    """Unit of the value."""
    source: str
    """Where the metric is defined."""


@dataclass(frozen=True)
class Headline:
    """The primary outcome."""

    finding: Finding
    """Difference in the metric's mean between the two levels."""
    control: Finding
    """The control arm's mean."""
    treatment: Finding
    """The treatment arm's mean."""
    p_value: float | None
    """Of the permutation test, two-sided."""
    p_method: str
    """What was permuted."""
    paired: bool
    """Whether trials were compared in pairs."""
    blocks: int
    """Combinations of the other factors' levels."""
    left_out: int
    """Trials of the two arms that had no counterpart."""
    null_model: bool
    """Whether the part's language model is a negative control: then this is no headline."""


@dataclass(frozen=True)
class Findings:
    """Everything estimated from a run."""

    log_digest: str
    """Digest of the logs of all trials."""
    answer: str
    """The answer to the study's question in one sentence."""
    primary: Headline
    """The primary outcome."""
    estimates: tuple[Finding, ...]
    """All other estimates."""
    rates: Mapping[str, Mapping[str, float | None]]
    """Of each part with language minds: calls, answers, repairs, defaults, refusals; their shares with intervals."""
    costs: Mapping[str, Mapping[str, float]]
    """Of each part, of `total`, and as `predicted`: trials, calls, tokens, wall and processor seconds."""

    def index_means(self) -> dict[tuple[str, int, str], Finding]:
        """The mean of each metric in each cell, by (part, cell, metric)."""
        return {
            (finding.part, finding.cell, finding.name): finding
            for finding in self.estimates
            if finding.cell is not None and finding.estimand != THEORY
        }


def make_finding(estimate: Estimate, name: str, part: str, cell: int | None, estimand: str, unit: str, source: str) -> Finding:
    """A finding from an estimate; what is not finite becomes None, since JSON has no NaN."""
    value, low, high = (x if math.isfinite(x) else None for x in (estimate.value, estimate.low, estimate.high))
    return Finding(name, part, cell, estimand, value, low, high, estimate.level, estimate.method, estimate.n, unit, source)


def write_findings(directory: Path, findings: Findings) -> Path:
    """Write `estimates.json`; the file is replaced whole or not at all. Raises LogError if it cannot be written."""
    path = Path(directory) / "estimates.json"
    text = json.dumps({"schema": ESTIMATES_SCHEMA, **asdict(findings)}, indent=1, sort_keys=True, allow_nan=False)
    scratch = path.with_suffix(".json.part")
    try:
        scratch.write_text(text + "\n", encoding="utf-8")
        os.replace(scratch, path)
    except OSError as error:
        raise LogError(f"{path}: cannot be written ({error.strerror}). Make room or a writable folder.") from error
    return path


def read_findings(directory: Path) -> Findings:
    """The findings in `directory`. Raises LogError if they are missing, damaged, or of another version."""
    path = Path(directory) / "estimates.json"
    try:
        raw = cast("dict[str, object]", json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise LogError(f"{path}: cannot be read ({error.strerror}). Write the estimates first.") from error
    except ValueError as error:
        raise LogError(f"{path}: found text that is not JSON ({error}). Write the estimates again.") from error
    schema = raw.pop("schema", None)
    if schema != ESTIMATES_SCHEMA:
        raise LogError(f"{path}: found schema {schema!r}, expected {ESTIMATES_SCHEMA!r}. Write the estimates again.")
    try:
        primary = dict(cast("dict[str, object]", raw.pop("primary")))
        rows = cast("list[dict[str, object]]", raw.pop("estimates"))
        nested = {
            name: Finding(**cast("dict[str, object]", primary.pop(name)))  # pyright: ignore[reportArgumentType]
            for name in ("finding", "control", "treatment")
        }
        return Findings(
            primary=Headline(**nested, **primary),  # pyright: ignore[reportArgumentType]
            estimates=tuple(Finding(**row) for row in rows),  # pyright: ignore[reportArgumentType]
            **raw,  # pyright: ignore[reportArgumentType]
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise LogError(f"{path}: found fields that do not fit ({error}). Write the estimates again.") from error
