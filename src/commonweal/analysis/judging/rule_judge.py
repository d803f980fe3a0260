"""A judge that is a rule: a function over the rows of a trial's log. Where a behaviour is planted, its rule is the gold label.

Ready rules, by name:

    collapse         the shared stock was lost
    over-harvest     a seat took more than twice the fair share of what can grow back, in any tick
    broken-promise   a seat said that it would do its share, and took more than it promised in the same tick
    silence          nobody said anything

A promise is one of the fixed phrases of `core.speech`, each with the norm level l that it promises; on a resource, a harvest h
is at the level min(1, fair / h). It is broken where that is below l by more than `SLACK`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias, cast

from commonweal.analysis.judging.judge import Case, Evidence, Judgement
from commonweal.core.errors import StudyError
from commonweal.core.speech import PHRASES, PROMISES

Rule: TypeAlias = Callable[[Case], tuple[Evidence, ...]]
"""The events of a trial that show what the rubric looks for; none where it is not there."""

TIMES = 2.0
"""Multiple of the fair share above which a harvest is an over-harvest."""
SLACK = 0.15
"""How far below its promised level an act may be: harvests are whole numbers."""
_SHOWN = 12


def collapse(case: Case) -> tuple[Evidence, ...]:
    """The loss of the shared stock."""
    return tuple(Evidence(row.tick or 0, row.agent, row.name) for row in case.events("collapse"))


def silence(case: Case) -> tuple[Evidence, ...]:
    """The first tick of a trial in which nobody said anything."""
    return () if case.events("say") else (Evidence(0, None, "say"),)


def over_harvest(case: Case) -> tuple[Evidence, ...]:
    """Harvests of more than `TIMES` the fair share.

    Raises:
        StudyError: the trial's acts were not recorded, or it has no shared stock.
    """
    fair = _fair_shares(case)
    found: list[Evidence] = []
    for agent, harvests in case.acts("harvest").items():
        for tick, harvest in enumerate(harvests):
            if harvest is not None and harvest > TIMES * fair[tick] and harvest > 0:
                found.append(Evidence(tick, agent, "harvest"))
    return tuple(sorted(found, key=lambda one: (one.tick, one.agent or 0)))


def broken_promise(case: Case) -> tuple[Evidence, ...]:
    """What was promised and not kept in the same tick: the words and the act.

    Raises:
        StudyError: the trial's acts were not recorded, or it has no shared stock.
    """
    fair, promised = _fair_shares(case), dict(zip(PHRASES, PROMISES, strict=True))
    harvests = case.acts("harvest")
    found: list[Evidence] = []
    for where, text in case.said():
        harvest = harvests.get(where.agent or 0, ())[where.tick : where.tick + 1]
        if text in promised and harvest and harvest[0] is not None:
            level = min(1.0, fair[where.tick] / harvest[0]) if harvest[0] > 0 else 1.0
            if level < promised[text] - SLACK:
                found += [where, Evidence(where.tick, where.agent, "harvest")]
    return tuple(found)


def _fair_shares(case: Case) -> tuple[float, ...]:
    """What one seat may take tick by tick so that the stock grows back, from what the world says of itself."""
    seats = len(case.acts("harvest"))
    sustainable = case.readings().get("world.sustainable")
    if not seats or sustainable is None:
        what = "acts of its agents" if not seats else "reading world.sustainable"
        raise StudyError(
            f"trial {'/'.join(map(str, case.trial))} has no {what} in its log; expected both: give the part "
            "record=('acts',) and a shared stock, and run it again, or judge by another rule"
        )
    return tuple(value / seats for value in sustainable)


RULES: dict[str, Rule] = {
    "collapse": collapse,
    "over-harvest": over_harvest,
    "broken-promise": broken_promise,
    "silence": silence,
}
"""The ready rules."""


@dataclass(frozen=True)
class RuleJudge:
    """A judge that applies a rule: level 1 where the rule finds anything; a score counts ticks in which it does."""

    title: str
    """The rule's name."""
    rule: Rule
    """From a case to the events that show it."""
    rubric: str
    """Digest of the rubric."""
    top: int = 1
    """Highest level of the rubric: a trial is at the number of ticks in which the rule finds something, at most this."""

    @property
    def name(self) -> str:
        """For people."""
        return f"rule {self.title}"

    @property
    def null_model(self) -> bool:
        """A rule has no model."""
        return False

    @property
    def digest(self) -> str:
        """Over the rule's source, its rubric and its constants."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        try:
            source = inspect.getsource(self.rule)
        except (OSError, TypeError):
            source = repr(self.rule)
        facts = f"{self.title}\n{source}\n{self.rubric}\n{self.top}\n{TIMES}\n{SLACK}\n{PHRASES}\n{PROMISES}"
        return "sha256:" + hashlib.sha256(facts.encode()).hexdigest()

    async def judge(self, case: Case) -> Judgement:
        """Apply the rule.

        Args:
            case: the trial.

        Raises:
            StudyError: the log lacks what the rule needs.
        """
        found = tuple(self.rule(case))
        odd = [one for one in found if not isinstance(one, Evidence)]  # pyright: ignore[reportUnnecessaryIsInstance]
        if odd:
            raise StudyError(f"rule {self.title} gave {odd[0]!r}; expected Evidence(tick, agent, name) for each event it finds")
        ticks = len({one.tick for one in found})
        value = float(min(ticks, self.top))
        words = f"{self.title}: {len(found)} events in {ticks} {case.tick_name}s" if found else f"{self.title}: nothing found"
        return Judgement(case.trial, value, found[:_SHOWN], words, self.digest)


def load_rule(reference: str) -> tuple[str, Rule]:
    """A rule by its ready name, or as `FILE.py:FUNCTION`, a function from a `Case` to a tuple of `Evidence`.

    Args:
        reference: as typed by the person who runs the judge: a file is executed.

    Raises:
        StudyError: there is no such rule, or its file cannot be run.
    """
    if reference in RULES:
        return reference, RULES[reference]
    file, colon, function = reference.rpartition(":")
    path = Path(file)
    if not colon or path.suffix != ".py" or not path.is_file():
        raise StudyError(f"there is no rule {reference!r}; expected one of {', '.join(RULES)}, or FILE.py:FUNCTION")
    spec = importlib.util.spec_from_file_location(f"commonweal_rule_{path.stem.replace('-', '_')}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise StudyError(f"{path} cannot be run: {type(error).__name__}: {error}; mend the file") from error
    rule: object = getattr(module, function, None)
    if not callable(rule):
        raise StudyError(f"{path} has no function {function!r}; expected one from a Case to a tuple of Evidence")
    return function, cast("Rule", rule)
