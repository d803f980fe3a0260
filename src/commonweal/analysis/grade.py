"""How far a report can be trusted: computed from the files of the run, with all that is missing named."""

from __future__ import annotations

from dataclasses import dataclass

from commonweal.analysis.cards import Card
from commonweal.analysis.findings import Findings
from commonweal.analysis.plans import Plan

GRADES = ("exploratory", "C", "B", "A")
"""From least to most trusted."""
LEGAL = 0.95
"""Least share of legal answers: below it what a study shows is partly its defaults."""


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


def grade_report(plan: Plan, findings: Findings, missing: int, card: Card | None) -> Grade:
    """The grade of a run's report.

    C asks for a sound estimate of one declared outcome; B for a language model that is no negative control; A for what
    one run's files cannot hold yet, so no report of one run has it. A null model never raises a grade.

    Args:
        plan: What was planned.
        findings: What was found.
        missing: Planned trials that are not in the table.
        card: The model's mind card, if there is one.

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
        *card_requirements(card if real else None, plan.model.digest if plan.model else ""),
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


def card_requirements(card: Card | None, digest: str) -> tuple[Requirement, ...]:
    """What a mind card must show before a study of that model is believed; nothing is met by a null model's card.

    - Legal answers, by letters and by forms: what is not answered is a default, which is the author's and not the model's.
    - Payoffs move it up with an interval off 0, and further than the order of options and another wording do: else what
      looks like strategy may be format (TRAILS found up to 76 points of cooperation moved by format alone).
    - The same call gets the same reply, alone and among many, or its spread is stated and smaller than the payoff effect.
    - It does not name the hypothesis in its own words more often than the rule fires by accident. That it finds it in a
      list asks less of it, since a list shows the answer: that holds back grade A alone.

    Args:
        card: the card; None: there is none, or it stands for no model that counts.
        digest: of the model that the study ran.

    Source: PIMMUR, arXiv 2509.18052 (unawareness); TRAILS, arXiv 2605.18890 (format and order); the limits are our own.
    """
    own = card is not None and card.digest == digest and not card.null_model
    rows: list[tuple[str, str, bool]] = [("B", "that model's mind card", own)]
    if card is None or not own:
        names = "legal answers, payoffs, order and wording, repeated calls, calls in flight, awareness"
        return (*(Requirement(*row) for row in rows), Requirement("B", f"what the card must show ({names})", False))
    payoffs = _size(card, "payoffs")
    least = min((card.legal[way].value or 0.0 for way in ("letters", "forms")), default=0.0)
    rows.append(
        ("B", f"legal answers to at least {LEGAL:.0%} of questions (found {least:.0%})".replace("%", " %"), least >= LEGAL)
    )
    probe = card.probe("payoffs")
    up = probe is not None and probe.effect.low is not None and probe.effect.low > 0
    rows.append(("B", "choices that move with payoffs, in the right direction, with an interval off 0", up))
    format_ = max(_size(card, "option order, size"), _size(card, "paraphrase, size"))
    words = f"payoffs that move choices more than option order and wording do ({payoffs:.2f} against {format_:.2f})"
    rows.append(("B", words, up and payoffs > format_))
    steady = card.steadiness
    small = steady.spread.high is not None and steady.spread.high < payoffs
    alike = steady.same == steady.calls and steady.texts_same == steady.texts
    rows.append(
        (
            "B",
            "the same reply to the same call, or a stated spread below the payoff effect",
            steady.calls > 0 and (alike or small),
        )
    )
    rows.append(("B", "replies that calls in flight do not move, or by less than payoffs do", _still(card, payoffs)))
    aware = card.awareness
    named = aware.beyond.low is None or aware.beyond.low > 0
    rows.append(("B", "a hypothesis that the model does not name in its own words", not named))
    found = aware.chosen.low is None or aware.chosen.low > aware.chance
    rows.append(("A", f"a hypothesis that the model does not find in a list above chance ({aware.chance:.2f})", not found))
    return tuple(Requirement(*row) for row in rows)


def _size(card: Card, name: str) -> float:
    """The size of an effect; infinite where it was not measured, unless it is the payoffs', which then count nothing."""
    probe = card.probe(name)
    if probe is None or probe.effect.value is None:
        return 0.0 if name == "payoffs" else float("inf")
    return abs(probe.effect.value)


def _still(card: Card, payoffs: float) -> bool:
    """Whether what calls in flight do is nothing, or less than what payoffs do."""
    steady = card.steadiness
    if steady.calls > 0 and steady.same_together == steady.calls:
        return True
    return steady.largest is not None and steady.largest < payoffs
