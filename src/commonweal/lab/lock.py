"""The lock: what a study will test and how, written down, hashed and dated before anything is run (pre-registration).

A lock copies from the plan what an analyst could bend afterwards (hypotheses, estimands, design, exclusions, stopping rule,
smallest effect of interest, metrics, model, judges), adds how it will be analysed, the digest of the study's file and the
commit it lies in, and is closed with a SHA-256 over the canonical JSON of it all. Who can change the file can reckon the
digest anew: a lock proves as much as the commit, mail or archive it was handed to.

A study may be locked again, since a plan may turn out wrong before it is run. Every lock after the first holds the digests and
dates of those before it (`supersedes`), and the report tells them: or one could lock until a lock pleases, unseen.

Source: design/002-files-of-a-run.md; the eligible-model rule is of arXiv 2606.27687.
"""

from __future__ import annotations

import datetime
import hashlib
import itertools
import json
import subprocess
from pathlib import Path
from typing import cast

from commonweal.core.errors import LogError, StudyError
from commonweal.lab.plan import Json, canonical
from commonweal.lab.study import Study, source_file

SCHEMA = "commonweal.lock/1"
DRAFT = "commonweal.lock-draft/1"
"""What `commonweal discover --promote` writes: a lock that no study stands behind yet."""
FIRST_ELIGIBLE = "the first eligible model that is released after this lock"
"""A rule in the place of a model, under which nobody can choose the model that gives the wished-for answer."""

ANALYSIS: dict[str, str] = {
    "unit": "the trial, never the agent",
    "primary": "difference in means between the two levels of the primary factor, pairs and blocks kept, 95 % interval",
    "test": "permutation of arms within blocks or pairs, two-sided, at 5 %",
    "family": "the primary outcome and the declared family by Holm; everything else is exploratory, by Benjamini-Hochberg",
    "missing": "a trial without a value is left out and counted",
}
"""How the figures of a locked study are made."""

_STUDY = ("name", "question", "hypotheses", "primary", "family", "exclusions", "stopping", "mechanism", "scope", "code")
_PART = (
    "name",
    "role",
    "engine",
    "ticks",
    "seeds",
    "society_digest",
    "design",
    "constrained",
    "specification",
    "factors",
)


def make_lock(study: Study, plan: Json, eligible: str = "") -> Json:
    """The lock of a planned study, without commit.

    Args:
        study: the study.
        plan: its plan, as `commonweal.lab.plan.make_plan` gives it.
        eligible: a rule for the model, as `FIRST_ELIGIBLE`; empty: the plan's model is locked by its digest.

    Returns:
        JSON with `digest` over all the rest.

    Raises:
        StudyError: the plan is of another study.
    """
    own = cast("Json", plan["study"])
    if own["name"] != study.name:
        raise StudyError(f"the plan is of {own['name']!r}, not of {study.name!r}; plan the study that is to be locked")
    model: object = {"rule": eligible} if eligible else plan["model"]
    lock: Json = {
        "schema": SCHEMA,
        "study": {name: own.get(name) for name in _STUDY},
        "metrics": plan["metrics"],
        "parts": [_part(part) for part in cast("list[Json]", plan["parts"])],
        "model": model,
        "judges": plan.get("judges"),
        "theory": plan["theory"],
        "analysis": dict(ANALYSIS),
        "version": cast("Json", plan["versions"])["commonweal"],
    }
    return close_lock(lock)


def _part(part: Json) -> Json:
    cells = cast("list[Json]", part["cells"])
    rows = [{name: cell.get(name) for name in ("cell", "levels", "society_digest", "seeds", "theory")} for cell in cells]
    return {name: part.get(name) for name in _PART} | {"cells": len(cells), "cells_digest": digest_of(rows)}


def digest_of(value: object) -> str:
    """SHA-256 of canonical JSON, as `sha256:...`.

    Args:
        value: anything JSON can hold.
    """
    return f"sha256:{hashlib.sha256(canonical(value)).hexdigest()}"


def close_lock(lock: Json, commit: Json | None = None) -> Json:
    """The lock dated now (UTC) and closed with its digest.

    Args:
        lock: everything else; an older date or digest is replaced.
        commit: the commit of the study's file, as `find_commit` gives it.
    """
    open_ = {name: value for name, value in lock.items() if name != "digest"}
    open_["written"] = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    if commit is not None or "commit" not in open_:
        open_["commit"] = commit
    return open_ | {"digest": digest_of(open_)}


def find_commit(path: Path | None) -> Json | None:
    """The git commit that a file lies in, and whether the file is as it was committed; None: there is no commit.

    Args:
        path: the study's file.
    """
    if path is None:
        return None
    head = _git(path.parent, "rev-parse", "HEAD")
    known = _git(path.parent, "ls-files", "--error-unmatch", path.name)
    if not head or known is None:
        return None
    changed = _git(path.parent, "status", "--porcelain", "--", path.name)
    return {"commit": head, "clean": changed == ""}


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def place_lock(reference: str) -> Path:
    """Where a study's lock lies: next to its file, or in the working folder if it is of the catalogue.

    Args:
        reference: as in `commonweal run`.
    """
    path = Path(reference)
    return path.with_suffix(".lock.json") if path.suffix == ".py" else Path(f"{reference}.lock.json")


def find_lock(reference: str) -> Path | None:
    """The lock that lies with a study: where `commonweal lock` puts it, or shipped beside a study of the catalogue.

    Args:
        reference: as in `commonweal run`.
    """
    own, source = place_lock(reference), source_file(reference)
    shipped = None if source is None else source.with_suffix(".lock.json")
    return next((path for path in (own, shipped) if path is not None and path.is_file()), None)


def save_lock(study: Study, plan: Json, reference: str, out: Path | None = None, eligible: str = "") -> Path:
    """Make a lock and write it; nothing is ever lost.

    Where `out` is a lock of the study already, that one is kept beside it under the next number (`x.lock.1.json`), and the new
    one says that it supersedes it, and the lock that lies with the study where `out` is another place.

    Args:
        study: the study.
        plan: its plan.
        reference: the study as it was named, a file or a name of the catalogue.
        out: where the lock goes; None: `place_lock`.
        eligible: a rule for the model; empty: the plan's model.

    Returns:
        Where it lies.

    Raises:
        StudyError: there is such a file already, and it was not named, or is no whole lock of the study.
        LogError: it cannot be written.
    """
    path = place_lock(reference) if out is None else out
    if out is None and path.exists():
        raise StudyError(
            f"{path} is there already, and a lock is never overwritten; to lock the study again name a file with --out: with "
            f"--out {path} this lock is kept under another name, and the new one says that there was one before"
        )
    lock, earlier = make_lock(study, plan, eligible), find_earlier(reference, path, study.name)
    if earlier:
        lock["supersedes"] = earlier
    text = json.dumps(close_lock(lock, find_commit(source_file(reference))), indent=1, sort_keys=True) + "\n"
    try:
        if path.exists():
            numbers = itertools.count(1)
            path.rename(next(kept for n in numbers if not (kept := path.with_suffix(f".{n}{path.suffix}")).exists()))
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise LogError(f"{path} cannot be written: {error}; choose another file with --out") from error
    return path


def find_earlier(reference: str, path: Path, name: str) -> list[Json]:
    """The locks that a new lock of a study comes after, each with `digest` and `written`, the oldest first.

    Args:
        reference: the study as it was named.
        path: where the new lock goes.
        name: of the study.

    Raises:
        StudyError: a file that is there is no whole lock of the study.
    """
    found: dict[str, Json] = {}
    for own in dict.fromkeys(place for place in (path, find_lock(reference)) if place is not None and place.is_file()):
        check_lock(own, name)
        lock = cast("Json", json.loads(own.read_text(encoding="utf-8")))
        for one in (*cast("list[Json]", lock.get("supersedes", [])), lock):
            found[str(one["digest"])] = {key: one[key] for key in ("digest", "written")}
    return sorted(found.values(), key=lambda one: str(one["written"]))


def check_lock(path: Path, name: str) -> None:
    """Refuse a file that is no whole lock of a study.

    Args:
        path: the file.
        name: of the study.

    Raises:
        StudyError: it is damaged, a draft, of another study, or was changed after it was closed.
    """
    try:
        lock = json.loads(path.read_text(encoding="utf-8"))
        schema, own = lock.get("schema"), lock.get("study", {}).get("name")
    except FileNotFoundError as error:
        raise StudyError(f"there is no file {path}; expected a lock that `commonweal lock {name}` wrote") from error
    except (OSError, ValueError, AttributeError) as error:
        raise StudyError(f"{path} is no lock ({error}); expected a file that `commonweal lock {name}` wrote") from error
    if schema == DRAFT:
        raise StudyError(f"{path} is a draft: write the study that tests it, and lock that with `commonweal lock FILE.py`")
    if schema != SCHEMA:
        raise StudyError(f"{path} has schema {schema!r}, expected {SCHEMA!r}; lock the study again with this version")
    if own != name:
        raise StudyError(f"{path} locks the study {own!r}, not {name!r}; name this study's lock with --lock")
    if digest_of({key: value for key, value in lock.items() if key != "digest"}) != lock.get("digest"):
        raise StudyError(f"{path} was changed after it was locked: its digest does not fit; restore it, or run without a lock")


def copy_lock(path: Path, directory: Path, name: str) -> Path:
    """Copy a lock into a run's folder before anything is run.

    Args:
        path: the lock.
        directory: the run's folder.
        name: of the study that is run.

    Returns:
        The copy, `lock.json`.

    Raises:
        StudyError: it is no whole lock of this study, or the folder was begun without it or with another.
        LogError: it cannot be copied.
    """
    check_lock(path, name)
    own, text = directory / "lock.json", path.read_bytes()
    try:
        if own.exists():
            if own.read_bytes() != text:
                raise StudyError(f"{directory} was begun under another lock; use another folder with --out, or its own lock")
            return own
        if any((directory / "logs").glob("*.parquet")):
            raise StudyError(
                f"{directory} has trials already, which no lock was written before; run into another folder with --out"
            )
        directory.mkdir(parents=True, exist_ok=True)
        draft = own.with_suffix(".tmp")
        draft.write_bytes(text)
        draft.replace(own)
    except OSError as error:
        raise LogError(f"{own} cannot be written: {error}; free space or choose another folder with --out") from error
    return own
