"""Gold labels: a random sample of trials, labelled by people in a spreadsheet or by a rule.

A sheet has one row a trial and a column a rater. Its rows are named by a digest, and each trial's transcript lies beside it
without the levels of its cell, so that raters do not know the arm that they read.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from commonweal.analysis.judging.judge import Case
from commonweal.analysis.judging.language_judge import split_windows
from commonweal.analysis.judging.rubric import Rubric
from commonweal.analysis.logs import TrialKey
from commonweal.analysis.transcript import clean_text
from commonweal.analysis.trials import Trials
from commonweal.core.errors import LogError, StudyError

_FIXED = ("trial", "transcript")
_MOST_BYTES, _MOST_RATERS = 20_000_000, 50


@dataclass(frozen=True)
class Gold:
    """Labels of trials, by one or more raters."""

    trials: tuple[TrialKey, ...]
    """The labelled trials."""
    ratings: NDArray[np.float64]
    """Levels, NaN where a rater left a trial out. [m, n]"""
    raters: tuple[str, ...]
    """Who rated, in words; data where people wrote it."""

    def consensus(self) -> NDArray[np.float64]:
        """The mean of each trial's ratings, [n]; NaN where nobody rated it."""
        known = np.isfinite(self.ratings)
        count = known.sum(0)
        return np.where(count > 0, np.where(known, self.ratings, 0.0).sum(0) / np.maximum(count, 1), np.nan)


def list_keys(trials: Trials) -> list[TrialKey]:
    """The names of a table's trials, in its order."""
    columns = (trials.part.tolist(), trials.cell.tolist(), trials.seed.tolist())
    return [(str(part), int(cell), int(seed)) for part, cell, seed in zip(*columns, strict=True)]


def draw_sample(keys: Sequence[TrialKey], n: int, seed: int = 0) -> tuple[TrialKey, ...]:
    """A random sample of trials, spread evenly over parts and cells; each trial is as likely to be drawn as any other.

    Trials in random order within their cell, cells side by side, every (r / n)-th from a random start.

    Args:
        keys: all trials, [r].
        n: how many, 1 to r.
        seed: of the draw.

    Raises:
        StudyError: n is not from 1 to r.

    Source: systematic sampling, W. Madow and L. Madow, Annals of Mathematical Statistics 15 (1944).
    """
    if not 1 <= n <= len(keys):
        raise StudyError(f"a sample of {n} trials; expected 1 to {len(keys)}, the trials that are there")
    rng = np.random.default_rng(seed)
    shuffled = [keys[place] for place in rng.permutation(len(keys)).tolist()]
    ordered = sorted(shuffled, key=lambda key: key[:2])
    places = np.floor((rng.random() + np.arange(n)) * len(keys) / n).astype(np.int64)
    return tuple(sorted(ordered[place] for place in places.tolist()))


def name_row(key: TrialKey, rubric: Rubric) -> str:
    """The name of a trial on a sheet: it says nothing of part, cell or seed, and no spreadsheet takes it for a number."""
    raw = hashlib.sha256(f"{rubric.digest}\n{key[0]}\n{key[1]}\n{key[2]}".encode()).hexdigest()
    return f"t{raw[:12]}"


def write_sheet(path: Path, cases: Iterable[Case], rubric: Rubric) -> Path:
    """Write a sheet with an empty column for a rater, and the transcripts in a folder beside it.

    Args:
        path: of the CSV file.
        cases: the trials of the sample.
        rubric: what is looked for; its levels stand in the head of the column.

    Raises:
        LogError: it cannot be written, or is there already: labels are never written over.
    """
    path = Path(path)
    folder = path.with_suffix("")
    if path.exists():
        raise LogError(f"{path} is there already and may hold labels; move it away, or read it with --gold {path}")
    rows: list[tuple[str, str]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for case in cases:
            name = name_row(case.trial, rubric)
            text = [f"{rubric.name}: {' | '.join(rubric.levels)}", "", rubric.text, "", "-" * 20]
            text += [line for window in split_windows(case, 10**9) for line in window.lines]
            (folder / f"{name}.txt").write_text("\n".join(text) + "\n", encoding="utf-8")
            rows.append((name, f"{folder.name}/{name}.txt"))
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        writer.writerow([*_FIXED, guard_cell(f"label: {' | '.join(rubric.levels)}")])
        # By name, so that trials of one cell do not stand together.
        writer.writerows([*map(guard_cell, row), ""] for row in sorted(rows))
        scratch = path.with_suffix(".csv.part")
        scratch.write_text(buffer.getvalue(), encoding="utf-8")
        os.replace(scratch, path)
    except OSError as error:
        raise LogError(f"{path}: cannot be written ({error.strerror}). Make room or name a writable folder.") from error
    return path


def guard_cell(text: str) -> str:
    """A cell that no spreadsheet runs: what begins like a formula gets an apostrophe before it.

    Args:
        text: anything.

    Source: OWASP, "CSV Injection".
    """
    plain = clean_text(text, 400)
    return f"'{plain}" if plain[:1] in ("=", "+", "-", "@", "|", "%") else plain


def read_sheet(path: Path, keys: Sequence[TrialKey], rubric: Rubric) -> Gold:
    """The labels on a sheet; every further column is a rater.

    Args:
        path: of the CSV file, as `write_sheet` made it, labels filled in by name or number of the level.
        keys: all trials of the run.
        rubric: by which it was labelled.

    Raises:
        LogError: it cannot be read, has no label, or a row is no trial of this run and rubric.
    """
    path = Path(path)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise LogError(f"{path}: found more than {_MOST_BYTES:,} bytes, expected a sheet of labels. Name the right file.")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise LogError(f"{path}: the labels cannot be read ({error}). Name a CSV file in UTF-8.") from error
    # Spreadsheets in some languages part columns by semicolons.
    first = text.splitlines()[0] if text.strip() else ""
    table = list(csv.reader(io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ","))
    if not table or tuple(table[0][:2]) != _FIXED or not 3 <= len(table[0]) <= 2 + _MOST_RATERS:
        raise LogError(f"{path}: found the head {first[:80]!r}, expected trial,transcript and a column a rater. Keep the head.")
    names = {name_row(key, rubric): key for key in keys}
    found: dict[TrialKey, list[float]] = {}
    for number, row in enumerate(table[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        key = names.get(row[0].strip().lstrip("'"))
        if key is None or key in found:
            what = "twice" if key else "as a trial"
            raise LogError(
                f"{path}, line {number}: found {row[0][:40]!r} {what}, expected each trial of this run and rubric once. "
                "Use the sheet that was written for this run and this rubric."
            )
        cells = (row[2:] + [""] * len(table[0]))[: len(table[0]) - 2]
        found[key] = [_read_label(cell, rubric, f"{path}, line {number}") for cell in cells]
    ratings = np.array(list(found.values()), dtype=np.float64).reshape(len(found), -1).T
    if not np.isfinite(ratings).any():
        raise LogError(f"{path}: found no label, expected one a trial: {' | '.join(rubric.levels)}. Fill the sheet in.")
    some = np.flatnonzero(np.isfinite(ratings).any(0))
    keys_found = list(found)
    kept = tuple(keys_found[place] for place in some.tolist())
    raters = tuple(clean_text(name, 60) or f"rater {place + 1}" for place, name in enumerate(table[0][2:]))
    return Gold(kept, ratings[:, some], raters)


def _read_label(cell: str, rubric: Rubric, place: str) -> float:
    if not cell.strip():
        return float("nan")
    level = rubric.level_of(cell)
    if level is None:
        raise LogError(f"{place}: found the label {cell[:40]!r}, expected {' | '.join(rubric.levels)}, its number, or nothing.")
    return float(level)
