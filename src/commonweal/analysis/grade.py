"""How far a report can be trusted: computed from the files of the run, with all that is missing named."""

from __future__ import annotations

from dataclasses import dataclass

from commonweal.analysis.findings import Findings
from commonweal.analysis.plans import Plan

GRADES = ("exploratory", "C", "B", "A")
"""From least to most trusted."""


@dataclass(frozen=True)
class Requirement:
    """One thing that a reviewer asks for."""

    grade: str
    """The grade that needs it."""
    words: str
    """What it is."""
    met: bool
    """Whether the run has it."""


@dataclass(frozen=True)
class Grade:
    """The grade of a report."""

    letter: str
    """One of `GRADES`."""
    requirements: tuple[Requirement, ...]
    """Everything asked for, met or missing."""

    @property
    def line(self) -> str:
        """The grade and what the next one lacks, in one sentence."""
        if self.letter == GRADES[-1]:
            return f"Grade {self.letter}: everything that is asked for is there."
        following = GRADES[GRADES.index(self.letter) + 1]
        missing = [r.words for r in self.requirements if not r.met and r.grade == following]
        name = self.letter if self.letter == GRADES[0] else f"Grade {self.letter}"
        return f"{name[:1].upper()}{name[1:]}. For grade {following} it lacks: {'; '.join(missing)}."


def grade_report(plan: Plan, findings: Findings, missing: int, card: bool) -> Grade:
    """The grade of a run's report.

    C asks for a sound estimate of one declared outcome; B for a language model that is no negative control; A for what
    one run's files cannot hold yet, so no report of one run has it. A null model never raises a grade.

    Args:
        plan: What was planned.
        findings: What was found.
        missing: Planned trials that are not in the table.
        card: Whether the model's mind card is there.

    Source: the grades A, B, C and "exploratory" follow PIMMUR (arXiv 2509.18052) and TRAILS (2605.18890).
    """
    primary = findings.primary
    real = any(part.engine == "hosted" and not part.null_model for part in plan.parts) and plan.model is not None
    beside = any(cell.theory is not None for cell in plan.part(plan.primary.part).cells) or plan.theory == "none known"
    smallest = min(primary.control.n, primary.treatment.n)
    requirements = (
        Requirement("C", "a plan with a digest, fixed before the run", bool(plan.digest)),
        Requirement("C", f"all planned trials finished ({missing:,} are missing)", missing == 0),
        Requirement("C", f"at least 10 trials in each arm (the smaller has {smallest:,})", smallest >= 10),
        Requirement("C", "an interval over trials and a permutation test", primary.finding.low is not None),
        Requirement("C", "theory beside the simulation, or the words that none is known", beside),
        Requirement("C", "a primary outcome that does not stand on a null model", not primary.null_model),
        Requirement("C", "hypotheses stated in the plan", bool(plan.hypotheses)),
        Requirement("C", "a model description (ODD)", bool(plan.odd)),
        Requirement("B", "a part with a language model that is not a negative control", real),
        Requirement("B", "that model's mind card", real and card),
        Requirement("B", "at least one control part", any(part.role == "control" for part in plan.parts)),
        Requirement("A", "at least two model families", False),
        Requirement("A", "a registration dated before the run by a third party", False),
        Requirement("A", "a prediction for a larger society or a newer model that was then met", False),
    )
    letter = GRADES[0]
    for grade in GRADES[1:]:
        if not all(requirement.met for requirement in requirements if requirement.grade == grade):
            break
        letter = grade
    return Grade(letter, requirements)
