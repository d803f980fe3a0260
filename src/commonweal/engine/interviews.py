"""What the seats of a trial would say if they were asked now: an interview on a fork, of which the trial knows nothing.

Source: ours; forks of a trial as in `engine.trial`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonweal.core.errors import StudyError
from commonweal.core.parts import Institution
from commonweal.engine.compiled import advance
from commonweal.engine.hosted import advance as advance_hosted
from commonweal.engine.hosted import run_sync
from commonweal.engine.trial import Trial, fork

RULE = "interview"
"""Name of the rule that asks, in the fork."""


@dataclass(frozen=True)
class Answers:
    """What the seats said."""

    answer: NDArray[np.int64]
    """Each seat's answer; 0 names nothing. [a]"""
    answered: NDArray[np.bool_]
    """Who gave a legal answer. [a]"""

    @property
    def named(self) -> NDArray[np.bool_]:
        """Who named something. [a]"""
        return self.answered & (self.answer > 0)

    @property
    def agreement(self) -> float:
        """Of all pairs of seats that named something, the share that named the same; NaN of fewer than two."""
        _, counts = np.unique(self.answer[self.named], return_counts=True)
        n = int(counts.sum())
        return float((counts * (counts - 1)).sum() / (n * (n - 1))) if n > 1 else float("nan")


def interview(trial: Trial, rule: Institution, question: str) -> Answers:
    """Ask every seat of a trial one question, on a fork that is then thrown away.

    Args:
        trial: as far as it has come; it is not changed.
        rule: asks the question at its first tick, as `Interview(ticks=1)`.
        question: its name.

    Raises:
        StudyError: the society has a rule of the name `interview` already, or the rule asks no such question.
    """
    society = trial.society
    asked = dataclasses.replace(society, rules=society.rules.add(RULE, rule))
    other = dataclasses.replace(fork(trial, asked), record=("acts",), traces={})
    after = run_sync(advance_hosted(other, 1)) if society.hosted else advance(other, 1)
    if f"act.{question}" not in after.traces:
        raise StudyError(
            f"an interview was to read the answers to {question!r}, which its rule does not ask; expected one of "
            f"{', '.join(name.removeprefix('act.') for name in after.traces if name.startswith('act.'))}"
        )
    return Answers(after.traces[f"act.{question}"][-1].astype(np.int64), after.traces[f"answered.{question}"][-1].astype(bool))
