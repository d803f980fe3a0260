"""Every institution on every world that admits it: its laws, compiled, among 1,000 seats.

Kept or not, pair by pair: the ledger balances at every tick; the compiled engine in pieces of two ticks and the hosted one,
which resumes the trial at every tick, give one log; absent behind `If`, and at no strength, the rule is the identity (acts,
payoffs, purses, minds, readings); it moves no norm scale and asks nobody what the world did not ask. Some rules stand in one
society, one of them in force at a time, so that they share a program.

    uv run python -m benchmarks.pairs                    all pairs of the catalogue but those known in the file of results
    uv run python -m benchmarks.pairs --only audit       one institution, on all worlds
    uv run python -m benchmarks.pairs --write            the table docs/institutions.md, from the file of results
    uv run python -m benchmarks.pairs --only tax --small all laws of `testing.check_institution`, at 12 seats, instead

Two core-seconds a pair, most of it compilation; with --small some twenty. A result holds for the sources and parameters that it
was found with.
"""

import argparse
import dataclasses
import functools
import hashlib
import inspect
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

if __name__ == "__main__":
    # Compiled in three quarters of the time; whole numbers are the same.
    os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int32

from benchmarks import pairs_table
from benchmarks.machine import ROOT, Row, cpu_seconds
from benchmarks.pairs_cases import MOVERS, Case, case_of, world_of
from commonweal.channels.broadcast import Broadcast
from commonweal.core.arrays import whole
from commonweal.core.catalogue import Entry, entries
from commonweal.core.errors import LawError, StudyError
from commonweal.core.menu import Menu
from commonweal.core.named import Named
from commonweal.core.parts import Institution, Mind, NoChannel, World
from commonweal.core.questions import Act, Amount, Choice, Question
from commonweal.core.seats import Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import Decision, View
from commonweal.engine.check import check
from commonweal.engine.compiled import advance
from commonweal.engine.hosted import advance as advance_hosted
from commonweal.engine.hosted import run_sync
from commonweal.engine.log import TrialLog
from commonweal.engine.phases import offer
from commonweal.engine.trial import Trial, begin
from commonweal.institutions.one_of import OneOf
from commonweal.institutions.presence import If
from commonweal.testing import RECORD, check_institution, society_for

SEATS = 1_000
PIECE = 2
"""Ticks that are compiled at a time; a trial has two such pieces."""
SEED = 20
RESULTS = Path(tempfile.gettempdir()) / "commonweal-pairs.json"
HOLDS, IDLE, REFUSED, BROKEN = "holds", "idle", "refused", "broken"
"""What is found of a pair. Idle: the laws hold, and nothing came of the rule in these trials, as where no act has a partner."""
TOGETHER = 8
"""Rules that are compiled in one society; which of them is in force is data."""


def measure() -> list[Row]:
    """One row a pair; the table in the docs is written too."""
    rows = _all(RESULTS)
    pairs_table.write(rows, ROOT / "docs" / "institutions.md")
    return rows


def parts(shelf: str) -> list[Entry]:
    """What is on a shelf of the catalogue, ours alone: plugins bring their own tests."""
    return [entry for entry in entries(shelf) if entry.package == "commonweal"]


def _all(path: Path, rules: Sequence[str] = (), worlds: Sequence[str] = ()) -> list[Row]:
    """All pairs, those of the file that still hold left as they are; the file is written group by group."""
    known: dict[str, Row] = json.loads(path.read_text()) if path.exists() else {}
    for world in (own for own in parts("worlds") if not worlds or own.name in worlds):
        cases = _cases(world.name, rules)
        codes = {name: _code(case, world) for name, case in cases.items()}
        todo = {name: own for name, own in cases.items() if known.get(f"{name} {world.name}", {}).get("code") != codes[name]}
        for group in _groups(todo):
            for name, row in _group(group, world.name).items():
                own = {"institution": name, "world": world.name, "code": codes[name]} | row
                known[f"{name} {world.name}"] = own
                print("  ".join(f"{key} {value}" for key, value in own.items() if key != "code"), flush=True)
            path.write_text(json.dumps(known, indent=1))
            jax.clear_caches()
    return [known[name] for name in sorted(known)]


def _cases(world: str, rules: Sequence[str]) -> dict[str, Case]:
    menu = _menu(world_of(world))
    return {own.name: case_of(own.name, menu) for own in parts("institutions") if not rules or own.name in rules}


def _code(case: Case, world: Entry) -> str:
    """A digest of what is run: the sources of both parts, and their parameters."""
    situation = world_of(world.name)
    texts = [Path(inspect.getfile(type(part))).read_text() for part in (case.rule, situation)]
    rules = [rule for rule in (case.rule, case.inert) if rule is not None]
    texts += [society_for(situation, rules=(("tried", rule),), channel=case.channel).digest for rule in rules]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


def _groups(cases: dict[str, Case]) -> list[dict[str, Case]]:
    """Rules that are compiled together; those that need a channel are together."""
    order = sorted(cases, key=lambda name: isinstance(cases[name].channel, NoChannel))
    return [{name: cases[name] for name in order[at : at + TOGETHER]} for at in range(0, len(order), TOGETHER)]


def _menu(world: World) -> Menu:
    """What the world asks at first."""
    society = society_for(world)
    seats = society.seats.seat(society.minds.names, society.seats.links(), Key.root(0))
    start = world.reset(Key.root(1), seats)
    return world.menu(start.state, seats, start.endowment)


def _group(cases: dict[str, Case], world: str) -> dict[str, Row]:
    """What is found of rules on a world."""
    began = cpu_seconds()
    trying = Together(cases, world)
    try:
        check(trying.society(None), Named((), ()))
        found = {name: _kept(functools.partial(trying.laws, name)) for name in cases}
    except Exception as wrong:  # a StudyError, or a part that cannot run where nothing refused it: which one?
        if len(cases) > 1:
            return _apart(cases, world)
        found = {next(iter(cases)): _told(wrong)}
    each = round((cpu_seconds() - began) / len(cases), 1)
    return {name: row | {"cpu_s": each} for name, row in found.items()}


def _apart(cases: dict[str, Case], world: str) -> dict[str, Row]:
    """What is found of rules that cannot stand together: without those that are refused, or in two halves."""
    found: dict[str, Row] = {}
    for name, case in cases.items():
        try:
            check(Together({name: case}, world).society(None), Named((), ()))
        except Exception as wrong:  # as above
            found[name] = _told(wrong)
    rest = [name for name in cases if name not in found]
    half = len(rest) if found else len(rest) // 2
    for some in (rest[:half], rest[half:]):
        found |= _group({name: cases[name] for name in some}, world) if some else {}
    return found


def _kept(laws: Callable[[], str]) -> Row:
    try:
        return {"verdict": laws(), "why": ""}
    except (StudyError, LawError) as wrong:
        return _told(wrong)


def _told(wrong: Exception) -> Row:
    if isinstance(wrong, StudyError):
        return {"verdict": REFUSED, "why": str(wrong)}
    return {"verdict": BROKEN, "why": str(wrong) if isinstance(wrong, LawError) else f"{type(wrong).__name__}: {wrong}"[:600]}


class Erring(Mind):
    """Random answers, but amounts with a norm scale mostly near the norm: no commons outlives a thousand wild ones."""

    family: ClassVar[bool] = True
    errs: Int32[Array, ""] = eqx.field(converter=whole, default=1)
    """How often, in eighths, such an answer has a level of 1/4; else it is 13/16 to 1."""

    def init(self, key: Key, seats: Seats) -> tuple[()]:
        return ()

    def act(self, memory: tuple[()], view: View, key: Key) -> Decision:
        return Decision(Named.of(*((name, self._answer(own, key.child(name))) for name, own in view.menu.items())), ())

    def _answer(self, question: Question, key: Key) -> Act:
        if not (isinstance(question, Amount) and question.scaled):
            return question.draw(key)
        n = question.asked.shape[0]
        near = 1 - key.child("near").below(4, n).astype(jnp.float32) / 16
        return question.at(jnp.where(key.child("errs").below(8, n) < self.errs, 0.25, near), key.child("at"))


@dataclasses.dataclass(frozen=True)
class Together:
    """Rules that stand in one society, of which one at most is in force: which one, and how strong, is data."""

    cases: dict[str, Case]
    world: str

    def society(self, active: str | None, inert: bool = False) -> Society:
        """The society with one of the rules in force, or none."""
        rules: list[tuple[str, Institution]] = []
        movers: list[tuple[str, Institution]] = []
        for name, case in self.cases.items():
            rule = case.inert if inert and name == active and case.inert is not None else case.rule
            (movers if name in MOVERS else rules).append((name, If(rule, on=name == active)))
        if movers:
            names = [name for name, _ in movers]
            rules.append(("movers", OneOf(Named.of(*movers), names.index(active) + 1 if active in names else 0)))
        return self._among(tuple(rules))

    def _among(self, rules: tuple[tuple[str, Institution], ...]) -> Society:
        channels = {type(case.channel): case.channel for case in self.cases.values()}
        channel = channels.pop(Broadcast, None) or NoChannel()
        society = society_for(world_of(self.world), rules=rules, channel=channel, n=SEATS)
        return dataclasses.replace(society, minds=Named.of(("tried", Erring(1)), ("other", Erring(4))))

    @property
    def bare(self) -> TrialLog:
        """The log of the society without rules."""
        return _bare(self._among(()), self.world)

    def _check_absence(self) -> None:
        """With all rules absent the society is the one without rules."""
        _same(self.bare, _ran(begin(self.society(None), SEED, record=RECORD)).log(), "absent behind `If`")

    def laws(self, name: str) -> str:
        """The laws of one of the rules: whether it was felt.

        Raises:
            LawError: a law is broken.
        """
        first = begin(self.society(name), SEED, record=RECORD)
        done = _ran(first)
        log = done.log()
        if run_sync(advance_hosted(first, 2 * PIECE)).log().digest != log.digest:
            raise LawError("the hosted engine, which resumes the trial at every tick, gave another log than the compiled one")
        self._check_menu(done)
        self._check_absence()
        if self.cases[name].inert is not None:
            _same(self.bare, _ran(begin(self.society(name, inert=True), SEED, record=RECORD)).log(), "inert")
        told = any(np.asarray(leaf).any() for leaf in jax.tree.leaves(done.state.public))
        seated = not _equal(done.state.seats, first.state.seats)
        return HOLDS if told or seated or _differing(self.bare, log) else IDLE

    def _check_menu(self, trial: Trial) -> None:
        """No norm scale is moved, and nobody asked what the world did not ask."""
        state = trial.state
        without = dataclasses.replace(trial.society, rules=Named((), ()))
        bare = dataclasses.replace(state, rules=(), public=Named((), ()))
        ruled, menu = jax.device_get(_menus(without, trial.society, state, bare))
        for name, question in menu.items():
            if not _equal(_scale(question), _scale(ruled[name])):
                raise LawError(f"the norm scale of {name!r} is moved; no rule may")
            if (ruled[name].asked & ~question.asked).any():
                raise LawError(f"seats are asked {name!r} that the world did not ask")


def _ran(first: Trial) -> Trial:
    return advance(advance(first, PIECE), PIECE)


_BARE: dict[tuple[str, str], TrialLog] = {}


def _bare(society: Society, world: str) -> TrialLog:
    """The log of a society without rules, run once."""
    own = world, type(society.channel).__name__
    if own not in _BARE:
        _BARE[own] = _ran(begin(society, SEED, record=RECORD)).log()
    return _BARE[own]


def _differing(bare: TrialLog, log: TrialLog) -> list[str]:
    """What differs from the log without the rule, of all that it has."""
    pairs = ((bare.readings, log.readings), (bare.traces, log.traces))
    return [name for old, new in pairs for name, series in old.items() if not np.array_equal(series, new[name])]


def _same(bare: TrialLog, log: TrialLog, what: str) -> None:
    differing = _differing(bare, log)
    if differing:
        raise LawError(f"{what}, the rule changes {', '.join(differing[:4])}; expected the identity")


@eqx.filter_jit
def _menus(society: Society, ruled: Society, state: Any, bare: Any) -> tuple[Menu, Menu]:
    return offer(ruled, state).menu, offer(society, bare).menu


def _scale(question: Any) -> Any:
    return question.serves if isinstance(question, Choice) else getattr(question, "scale", None)


def _equal(one: Any, other: Any) -> bool:
    left, right = jax.tree.flatten(one), jax.tree.flatten(other)
    return left[1] == right[1] and all(np.array_equal(a, b) for a, b in zip(left[0], right[0], strict=True))


def small(rules: Sequence[str], worlds: Sequence[str]) -> int:
    """All laws of institutions at 12 seats, pair by pair: how many pairs break one."""
    broken = 0
    for world in (own.name for own in parts("worlds") if not worlds or own.name in worlds):
        for name, case in _cases(world, rules).items():
            row = _kept(functools.partial(_small, case, world_of(world)))
            print(f"{name}  {world}  {row['verdict']}  {row['why']}", flush=True)
            broken += row["verdict"] == BROKEN
            jax.clear_caches()
    return broken


def _small(case: Case, world: World) -> str:
    check_institution(case.rule, case.inert, world)
    return HOLDS


def main() -> int:
    """Run, or write the table."""
    parser = argparse.ArgumentParser(prog="benchmarks.pairs", description=__doc__)
    parser.add_argument("--only", nargs="*", default=(), help="institutions; default: all of the catalogue")
    parser.add_argument("--worlds", nargs="*", default=(), help="worlds; default: all of the catalogue")
    parser.add_argument("--small", action="store_true", help="all laws of check_institution at 12 seats, nothing kept")
    parser.add_argument("--results", type=Path, default=RESULTS, help="file that results are kept in (%(default)s)")
    parser.add_argument("--write", action="store_true", help="run nothing: write docs/institutions.md from the results")
    given = parser.parse_args()
    if given.write:
        pairs_table.write(list(json.loads(given.results.read_text()).values()), ROOT / "docs" / "institutions.md")
        return 0
    if given.small:
        return min(small(given.only, given.worlds), 1)
    broken = [row for row in _all(given.results, given.only, given.worlds) if row["verdict"] == BROKEN]
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
