"""What was locked before a run, what the run did otherwise, and which figures are confirmatory because of it.

A figure is confirmatory when the run's folder holds a whole lock, written before the first trial, that declares the figure
(the primary outcome or a metric of the declared family), and no deviation touches it. Everything else is exploratory. To
stop early by the locked rule is no deviation.

Source: design/002-files-of-a-run.md.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from commonweal.analysis.plans import Part, Plan
from commonweal.analysis.trials import Trials
from commonweal.analysis.unit import read_stopped
from commonweal.core.errors import LogError

LOCK_SCHEMA = "commonweal.lock/1"
"""The only version of `lock.json` that this version reads."""

_Json = dict[str, object]
_CHECKED = ("name", "hypotheses", "primary", "family", "exclusions", "stopping", "code")
_PART = ("role", "engine", "ticks", "seeds", "society_digest", "design", "constrained", "specification", "factors")
_SECOND = datetime.timedelta(seconds=1)


@dataclass(frozen=True)
class Deviation:
    """One thing that the run did otherwise than its lock."""

    field: str
    """What, as in `parts.scripted.seeds`."""
    locked: str
    """In the lock, as text."""
    run: str
    """In the run, as text."""
    part: str = ""
    """The part that it touches; empty: all."""
    metric: str = ""
    """The metric that it touches; empty: all."""


@dataclass(frozen=True)
class Registration:
    """A run's lock, compared with the run."""

    locked: bool
    """Whether the folder holds a lock at all."""
    sound: bool
    """Whether the lock's digest fits its words; a lock that does not is no lock."""
    written: str
    """When it was closed, UTC; empty without a lock."""
    digest: str
    """Its digest; empty without a lock."""
    commit: str
    """Git commit of the study's file, and whether the file was as committed; empty: none."""
    model: str
    """The locked model, or the rule in its place; empty: none."""
    declared: tuple[tuple[str, str], ...]
    """(part, metric) of the primary outcome and of the declared family, as locked."""
    deviations: tuple[Deviation, ...]
    """What the run did otherwise."""
    earlier: tuple[tuple[str, str], ...] = ()
    """(when it was closed, digest) of each earlier lock of the study that the lock names, the oldest first."""

    def mark(self, part: str, metric: str) -> Literal["confirmatory", "exploratory"]:
        """Whether the primary contrast of a metric in a part is confirmatory.

        Args:
            part: the part whose trials it is estimated on.
            metric: the metric.
        """
        if not self.locked or not self.sound or (part, metric) not in self.declared:
            return "exploratory"
        touched = any(one.part in ("", part) and one.metric in ("", metric) for one in self.deviations)
        return "exploratory" if touched else "confirmatory"

    @property
    def words(self) -> str:
        """How it stands, in one sentence or two."""
        if not self.locked:
            return "Not locked: nothing was written down before the run, so every figure is exploratory."
        if not self.sound:
            return (
                "The lock was changed after it was closed: its digest does not fit its words. It counts for nothing, and every "
                "figure is exploratory."
            )
        commit = f", {self.commit}" if self.commit else ", in no commit"
        confirmed = [metric for part, metric in self.declared if self.mark(part, metric) == "confirmatory"]
        count = len(self.deviations)
        deviations = "no deviation" if not count else "1 deviation" if count == 1 else f"{count} deviations"
        figures = f"confirmatory: {', '.join(confirmed)}" if confirmed else "no figure is confirmatory"
        return f"Locked {self.written}{commit}{self.history}; {deviations}; {figures}."

    @property
    def history(self) -> str:
        """What is to be known of earlier locks, as the rest of a sentence; empty: there were none."""
        if not self.earlier:
            return ""
        dates = ", ".join(written for written, _ in self.earlier)
        return f", after {len(self.earlier)} earlier {'lock' if len(self.earlier) == 1 else 'locks'} of this study ({dates})"


NOT_LOCKED = Registration(False, False, "", "", "", "", (), ())
"""A run without a lock."""


def find_registration(directory: Path, plan: Plan, trials: Trials) -> Registration:
    """Compare a run with its lock.

    Args:
        directory: the run's folder.
        plan: of the run.
        trials: its table.

    Raises:
        LogError: `lock.json` is damaged or of another version.
    """
    directory = Path(directory)
    path = directory / "lock.json"
    if not path.exists():
        return NOT_LOCKED
    try:
        lock = cast("_Json", json.loads(path.read_text(encoding="utf-8")))
        raw = cast("_Json", json.loads((directory / "plan.json").read_text(encoding="utf-8")))
        if lock.get("schema") != LOCK_SCHEMA:
            raise ValueError(f"schema {lock.get('schema')!r}, expected {LOCK_SCHEMA!r}")
        study, primary = _inner(lock, "study"), _inner(_inner(lock, "study"), "primary")
        part = str(primary["part"])
        family = cast("list[str]", study.get("family") or [])
        declared = tuple(dict.fromkeys((part, str(metric)) for metric in (primary["metric"], *family)))
        deviations = [*_compare_study(lock, raw), *_compare_parts(lock, raw), *_compare_metrics(lock, raw)]
        stopped = read_stopped(directory) if study.get("stopping") is not None else None
        ends = {own.name: stopped.n if stopped is not None and own.name == part else None for own in plan.parts}
        deviations += [one for own in plan.parts if (one := _count(own, trials, ends[own.name])) is not None]
        deviations += _compare_dates(directory, str(lock["written"]))
        return Registration(
            locked=True,
            sound=_digest(lock) == lock.get("digest"),
            written=str(lock["written"]),
            digest=str(lock["digest"]),
            commit=_say_commit(lock.get("commit")),
            model=_say_model(lock.get("model")),
            declared=declared,
            deviations=tuple(deviations),
            earlier=tuple((str(one["written"]), str(one["digest"])) for one in cast("list[_Json]", lock.get("supersedes", []))),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LogError(
            f"{path} is damaged or of another version ({type(error).__name__}: {error}); expected what `commonweal lock` "
            "wrote: put the lock back, or move it away and have an exploratory report"
        ) from error


def _inner(raw: Mapping[str, object], name: str) -> _Json:
    value = raw[name]
    if not isinstance(value, dict):
        raise TypeError(f"{name} is no object")
    return cast("_Json", value)


def _digest(lock: _Json) -> str:
    rest = {name: value for name, value in lock.items() if name != "digest"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _say(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text if len(text) <= 200 else f"{text[:197]}..."


def _say_commit(commit: object) -> str:
    if not isinstance(commit, dict):
        return ""
    own = cast("_Json", commit)
    return f"commit {str(own.get('commit'))[:12]}" + ("" if own.get("clean") else ", with changes of the study's file after it")


def _say_model(model: object) -> str:
    if not isinstance(model, dict):
        return ""
    own = cast("_Json", model)
    return str(own["rule"]) if "rule" in own else f"{own.get('name')} {own.get('digest')}"


def _compare(field: str, locked: object, run: object, part: str = "", metric: str = "") -> list[Deviation]:
    """One row for each leaf at which two JSON values differ."""
    if isinstance(locked, dict) and isinstance(run, dict):
        one, two = cast("_Json", locked), cast("_Json", run)
        rows = [_compare(f"{field}.{name}", one.get(name), two.get(name), part, metric) for name in sorted({*one, *two})]
        return [row for found in rows for row in found]
    same = _digest({"value": locked}) == _digest({"value": run})
    return [] if same else [Deviation(field, _say(locked), _say(run), part, metric)]


def _compare_study(lock: _Json, raw: _Json) -> list[Deviation]:
    own, run = _inner(lock, "study"), _inner(raw, "study")
    found = [row for name in _CHECKED for row in _compare(name, own.get(name), run.get(name))]
    found += _compare("version of commonweal", lock.get("version"), _inner(raw, "versions").get("commonweal"))
    found += _compare("judges", lock.get("judges"), raw.get("judges"))
    found += _compare("theory", lock.get("theory"), raw.get("theory"))
    model = lock.get("model")
    if not (isinstance(model, dict) and "rule" in model):
        hosted = [part for part in _parts(raw).values() if part.get("engine") == "hosted"]
        # Who plays only in some parts moves no figure of the others.
        for part in hosted:
            found += _compare("model", model, raw.get("model"), part=str(part["name"]))
    return found


def _parts(raw: _Json) -> dict[str, _Json]:
    return {str(part["name"]): part for part in cast("list[_Json]", raw["parts"])}


def _compare_parts(lock: _Json, raw: _Json) -> list[Deviation]:
    locked, run, found = _parts(lock), _parts(raw), list[Deviation]()
    for name in dict.fromkeys((*locked, *run)):
        if name not in locked and run[name].get("role") == "audit":
            # An audit asks the locked question under other specifications: it adds to a run and moves nothing in it.
            continue
        if name not in run or name not in locked:
            there = ("planned", "not run") if name in locked else ("not planned", "run")
            found.append(Deviation(f"parts.{name}", *there, part=name))
            continue
        own, other = locked[name], run[name]
        for field in _PART:
            found += _compare(f"parts.{name}.{field}", own.get(field), other.get(field), part=name)
        cells = cast("list[_Json]", other["cells"])
        rows = [{key: cell.get(key) for key in ("cell", "levels", "society_digest", "seeds", "theory")} for cell in cells]
        if own.get("cells_digest") != f"sha256:{_sha(rows)}" and not any(
            one.field.startswith(f"parts.{name}.") for one in found
        ):
            found.append(Deviation(f"parts.{name}.cells", f"{own.get('cells')} cells", f"{len(cells)} other cells", part=name))
    return found


def _sha(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _compare_metrics(lock: _Json, raw: _Json) -> list[Deviation]:
    locked, run = _inner(lock, "metrics"), _inner(raw, "metrics")
    names = dict.fromkeys((*locked, *run))
    return [row for name in names for row in _compare(f"metrics.{name}", locked.get(name), run.get(name), metric=name)]


def _count(part: Part, trials: Trials, stopped: int | None) -> Deviation | None:
    """Trials that were planned and are not there; a part that its rule stopped has at least the seeds that the rule saw."""
    own = trials.where(trials.part == part.name)
    planned = sum(cell.seeds[1] for cell in part.cells)
    if len(own) >= planned:
        return None
    if stopped is not None:
        needed = {cell.cell: set(range(cell.seeds[0], cell.seeds[0] + min(cell.seeds[1], stopped))) for cell in part.cells}
        if all(seeds <= set(own.seed[own.cell == cell].tolist()) for cell, seeds in needed.items()):
            return None
    return Deviation(f"parts.{part.name}.trials", f"{planned}", f"{len(own)}", part=part.name)


def _compare_dates(directory: Path, written: str) -> list[Deviation]:
    """A lock that is younger than the first trial was no lock; file times only grow when a folder is copied."""
    times = [path.stat().st_mtime for path in (directory / "logs").glob("*.parquet")]
    if not times:
        return []
    first = datetime.datetime.fromtimestamp(min(times), datetime.UTC)
    if datetime.datetime.fromisoformat(written) <= first + _SECOND:
        return []
    return [
        Deviation("written", "before the first trial", f"lock {written}, first trial {first.isoformat(timespec='seconds')}")
    ]
