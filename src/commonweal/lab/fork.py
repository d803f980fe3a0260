"""A fork: a finished trial again, with one thing changed from tick t on. Same past, same randomness after it.

The past is played from the parent's store of replies and costs no call; it must come out as the parent's log has it. From
then on the model is asked for what no store holds. A fork lies in DIR/forks/NAME, with a plan, a log and replies of its own:
nothing that the parent's run wrote is written again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import jax
import numpy as np

from commonweal.core.errors import LogError, ModelRefusedError, StudyError
from commonweal.core.lens import parse
from commonweal.core.named import Named
from commonweal.core.society import Society
from commonweal.engine import compiled, hosted
from commonweal.engine.check import check
from commonweal.engine.log import TrialLog
from commonweal.engine.trial import Trial, begin, fork, outline
from commonweal.lab.finished import Finished, TrialKey, read_finished, trial_name
from commonweal.lab.logs import chunk_path, write_logs
from commonweal.lab.order import Prepared, prepare
from commonweal.lab.plan import Json
from commonweal.lab.replay import read_order
from commonweal.lab.study import Part
from commonweal.models.model import Model
from commonweal.models.recalled import Recalled
from commonweal.models.store import ReplyStore
from commonweal.models.stored import Stored

SCHEMA = "commonweal.fork/1"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=-]{0,99}")
_LONGEST = 60
"""Characters of a name that is made from what changed; a longer one is cut and told apart by a digest."""


@dataclasses.dataclass(frozen=True)
class Request:
    """What is to be forked, where and how."""

    trial: TrialKey
    """Part, cell and seed of the parent."""
    tick: int
    """The first tick that is played anew, from 0."""
    changes: tuple[tuple[str, str], ...]
    """What is changed: (lens as it prints, value as text) each."""
    name: str = ""
    """The fork's folder under `forks`; empty: made from the trial, the tick and the change."""

    def __post_init__(self) -> None:
        """Refuse what no fork can be, before anything runs."""
        if self.name and not _NAME.fullmatch(self.name):
            raise StudyError(
                f"a fork named {self.name[:80]!r}; expected 1 to 100 of A-Z a-z 0-9 . _ = -, a letter or digit first"
            )
        lenses = [lens for lens, _ in self.changes]
        if len(set(lenses)) != len(lenses):
            raise StudyError(f"one thing is set twice in {', '.join(lenses)}; expected each once")
        if len(lenses) > 1 and not self.name:
            raise StudyError(
                f"{len(lenses)} things are set at once, and what follows could be due to any; fork once for each, or name "
                "the change as a whole with --name"
            )

    @property
    def folder(self) -> str:
        """The fork's folder under `forks`."""
        if self.name:
            return self.name
        words = "-".join([*map(str, self.trial), "at", str(self.tick), *(f"{lens}={value}" for lens, value in self.changes)])
        plain = re.sub(r"[^A-Za-z0-9._=-]+", "-", words).strip("-.")
        if plain == words and len(plain) <= _LONGEST:
            return plain
        return f"{plain[:_LONGEST]}-{hashlib.sha256(words.encode()).hexdigest()[:8]}"


@dataclasses.dataclass(frozen=True)
class _Change:
    """One thing that is changed."""

    lens: str
    was: object
    value: object


def fork_trial(directory: Path, request: Request) -> Path:
    """Run a finished trial again from a tick on, with what the request changes; a finished fork is left as it is.

    Args:
        directory: the run's folder.
        request: what is forked.

    Returns:
        The fork's folder.

    Raises:
        StudyError: a lens names nothing, the tick is not in the trial, the study has changed, or the name is taken.
        LogError: the trial is not in the logs, its past is not what the log says, or the store lacks a reply of it.
        ModelError: the model could not be asked for what is new; what it answered is kept, and the same call goes on.
    """
    plan = _read_plan(directory)
    order = read_order(str(plan.get("order", "")))
    prepared = prepare(order)
    if prepared.plan()["digest"] != plan["digest"]:
        raise StudyError(f"study {order.reference!r} has changed since {directory} was run; check out that version to fork it")
    part = prepared.study.part(request.trial[0])
    if prepared.desk is not None and part.society.hosted:
        raise StudyError(
            f"part {part.name!r} may seat minds from outside, and nobody is there to hold their seats in a fork; fork a part "
            "without such seats, or run the changed society as a study"
        )
    finished = read_finished(directory, request.trial)
    if not 0 <= request.tick < finished.log.ticks:
        raise StudyError(
            f"a fork at {request.tick}; expected a tick of the trial, 0 to {finished.log.ticks - 1}, counted from 0"
        )
    society = part.society_of(part.cells()[request.trial[1]])
    changed, changes = _changed(society, request.changes)
    check(changed, prepared.study.metrics)
    into = directory / "forks" / request.folder
    facts: Json = {
        "schema": SCHEMA,
        "parent": {"plan": plan["digest"], "trial": list(request.trial), "log_digest": finished.digest},
        "tick": request.tick,
        "changed": [dataclasses.asdict(change) for change in changes],
    }
    if _is_there(into, facts):
        return into
    play = _Play(prepared, part, request, finished, directory, into)
    log, before = hosted.run_sync(play.run(society, changed))
    (into / "logs").mkdir(parents=True, exist_ok=True)
    # Not the parent's order: what is here is one trial, which that command would not give.
    _write(into / "plan.json", plan | {"order": f"commonweal fork {trial_name(request.trial)} --at {request.tick}"})
    write_logs(chunk_path(into, part.name, 1), part.name, [(request.trial[1], request.trial[2], log)])
    calls = {"before": before, "after": log.costs.get("calls", 0) - before}
    _write(into / "fork.json", facts | {"calls": calls, "log_digest": log.digest, "society_digest": log.society_digest})
    return into


def _read_plan(directory: Path) -> Json:
    try:
        return json.loads((directory / "plan.json").read_text())
    except (OSError, ValueError) as error:
        raise LogError(f"{directory} is no run's folder: {error}; name a folder that `commonweal run` wrote") from error


def _write(path: Path, value: Json) -> None:
    try:
        draft = path.with_suffix(".tmp")
        draft.write_text(json.dumps(value, indent=1, sort_keys=True))
        draft.replace(path)
    except OSError as error:
        raise LogError(f"{path} cannot be written: {error}; free space or choose another folder") from error


def _is_there(into: Path, facts: Json) -> bool:
    """Whether this very fork is finished; one that was begun goes on, since replies are kept by what was asked."""
    path = into / "fork.json"
    if not path.exists():
        return False
    old = json.loads(path.read_text())
    if any(old.get(name) != json.loads(json.dumps(value)) for name, value in facts.items()):
        raise StudyError(f"{into} holds another fork; choose another --name, or remove it")
    return True


def _changed(society: Society, given: tuple[tuple[str, str], ...]) -> tuple[Society, tuple[_Change, ...]]:
    """The society with what is changed, and what that was before."""
    changes: list[_Change] = []
    for text, value in given:
        lens = parse(text, society)
        if lens.shelf == "seats":
            raise StudyError(
                f"{lens} was drawn before tick 0, and a fork keeps who sits where; expected a number or word of the world, a "
                "mind, a rule or the channel. Run another cell or seed of the study instead"
            )
        old = lens.get(society)
        society = lens.set(society, lens.read(society, value))
        changes.append(_Change(str(lens), _plain(old), _plain(lens.get(society))))
    return society, tuple(changes)


def _plain(value: object) -> object:
    """A value for a JSON file: words, or numbers as they are written (0.1, and not the nearest 32-bit number)."""
    return value if isinstance(value, str) else np.asarray(value).astype(str).tolist()


def recorded_of(traced: tuple[str, ...]) -> tuple[str, ...]:
    """What was asked to be recorded, by the names of the traces that came of it."""
    found = ["acts" if name.startswith(("act.", "answered.")) else name for name in traced]
    return tuple(dict.fromkeys(found))


@dataclasses.dataclass(frozen=True)
class _Play:
    """The two acts of a fork: the past again, and what comes of the change."""

    prepared: Prepared
    part: Part
    request: Request
    finished: Finished
    directory: Path
    into: Path

    async def run(self, society: Society, changed: Society) -> tuple[TrialLog, int]:
        """The fork's log, and the calls that its past made: 0."""
        bare = self.prepared.model if society.hosted else None
        past = now = bare
        if bare is not None:
            if not (self.directory / "replies.sqlite").exists():
                raise LogError(
                    f"{self.directory} holds no replies.sqlite, where a fork's past comes from; expected the run's replies: "
                    "`commonweal replies import` brings them back"
                )
            self.into.mkdir(parents=True, exist_ok=True)
            own, parents = ReplyStore(self.into / "replies.sqlite"), ReplyStore(self.directory / "replies.sqlite")
            # Both keep what they use in the fork's own store, so that its folder can be replayed without the parent's.
            past = Stored(Stored(bare, parents, "replay"), own, "record")
            now = Stored(Recalled(bare, parents), own, "record")
        try:
            trial = await self._past(_with_model(society, bare, past))
            before = trial.costs.get("calls", 0)
            if before:
                raise LogError(
                    f"the past of {trial_name(self.request.trial)} made {before} calls; expected none: a mind asks a model "
                    "that is not the run's, whose replies no store holds"
                )
            branch = fork(trial, _with_model(changed, bare, now))
            self._keeps_shape(branch)
            log = (await _advanced(branch, self.finished.log.ticks - self.request.tick)).log()
        finally:
            if now is not None:
                await now.close()
        self._keeps_past(trial, log)
        return log, before

    async def _past(self, society: Society) -> Trial:
        """The trial before its first changed tick."""
        trial = begin(society, self.finished.log.seed, self.prepared.study.metrics, recorded_of(self.finished.traced))
        try:
            return await _advanced(trial, self.request.tick)
        except ModelRefusedError as error:
            raise LogError(
                f"{self.directory / 'replies.sqlite'} lacks a reply that {trial_name(self.request.trial)} was given before "
                f"tick {self.request.tick}: {error}. A fork never asks a model for its past; import the run's replies with "
                "`commonweal replies import`, or run the trial again"
            ) from error

    def _keeps_shape(self, branch: Trial) -> None:
        """Refuse a change after which the state of the past no longer fits."""
        fresh = outline(branch.society, branch.metrics, branch.record, branch.links).state
        for (path, want), (_, have) in zip(
            jax.tree.flatten_with_path(fresh)[0], jax.tree.flatten_with_path(branch.state)[0], strict=False
        ):
            if want.shape != have.shape or want.dtype != have.dtype:
                raise StudyError(
                    f"after {self.request.changes} the trial's {jax.tree_util.keystr(path)} would have shape {want.shape}, "
                    f"and its past has {have.shape}; expected a change that leaves shapes alone: run it from the start instead"
                )

    def _keeps_past(self, trial: Trial, log: TrialLog) -> None:
        """Refuse a fork whose past is not its parent's."""
        tick, old = self.request.tick, self.finished.log
        same = trial.texts == old.texts[: len(trial.texts)]
        for mine, theirs in ((log.readings, old.readings), (log.traces, old.traces)):
            for name, series in theirs.items():
                # What is read once, after the last tick, is no part of the past.
                if len(series) == old.ticks:
                    same &= name in mine and np.array_equal(mine[name][:tick], series[:tick])
        same &= [own for own in log.events if own.tick < tick] == [own for own in old.events if own.tick < tick]
        if not same:
            raise LogError(
                f"the past of {trial_name(self.request.trial)} did not come out as {self.directory} has it; expected the same "
                "log before the fork: fork it with the version of commonweal and of the model that ran it"
            )


async def _advanced(trial: Trial, ticks: int) -> Trial:
    if ticks == 0:
        return trial
    return await hosted.advance(trial, ticks) if trial.society.hosted else compiled.advance(trial, ticks)


def _with_model(society: Society, bare: Model | None, model: Model | None) -> Society:
    """The society with another model in every mind that holds the run's."""

    def bind(mind: Any) -> Any:
        holds = bare is not None and getattr(mind, "model", None) is bare
        return dataclasses.replace(mind, model=model) if holds else mind

    minds = society.minds
    return dataclasses.replace(society, minds=Named(minds.names, tuple(bind(mind) for mind in minds.values)))
