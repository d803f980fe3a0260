"""How far a report can be trusted: computed from the files of the run, with all that is missing named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from commonweal.analysis.cards import Card
from commonweal.analysis.findings import Findings
from commonweal.analysis.judging.judge_card import JudgeCard
from commonweal.analysis.plans import Plan
from commonweal.analysis.science import floor_of
from commonweal.statistics.equivalence import Equivalence

HELD = 0.8
"""Least share of specifications of an audit in which a claim holds that is called robust."""
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


@dataclass(frozen=True)
class Evidence:
    """What a grade rests on beside plan and findings."""

    missing: Mapping[str, int]
    """Planned trials that are not in the table, by part."""
    card: Card | None = None
    """The model's mind card."""
    judge: JudgeCard | None = None
    """The judge card."""


def grade_report(plan: Plan, findings: Findings, evidence: Evidence) -> Grade:
    """The grade of a run's report.

    C asks for a sound estimate of one declared outcome. B asks for what a sceptic asks next: a lock that was kept, an audit
    that the claim survives, a smallest effect that matters, start states that were covered; and of a claim about language
    minds a model that is no negative control, a card that qualifies it, an effect beyond the wording floor. A asks for what
    takes a claim beyond its own set-up: a prediction for a larger society that was met, two model families, a calibrated
    judge where one was used. A null model never raises a grade.

    Args:
        plan: What was planned.
        findings: What was found.
        evidence: Missing trials, mind card, judge card.

    Source: the grades A, B, C and "exploratory" follow PIMMUR (arXiv 2509.18052) and TRAILS (2605.18890).
    """
    hosted = plan.part(plan.primary.part).engine == "hosted"
    requirements = (
        *_sound(plan, findings, sum(evidence.missing.values())),
        *_kept(plan, findings),
        *(_language(plan, findings, evidence.card) if hosted else ()),
        *_beyond(plan, findings, evidence, hosted),
    )
    letter = GRADES[0]
    for grade in GRADES[1:]:
        if not all(requirement.met for requirement in requirements if requirement.grade == grade):
            break
        letter = grade
    return Grade(letter, requirements)


def _sound(plan: Plan, findings: Findings, missing: int) -> tuple[Requirement, ...]:
    """What grade C asks for."""
    primary = findings.primary
    beside = any(cell.theory is not None for cell in plan.part(plan.primary.part).cells) or plan.theory == "none known"
    smallest = min(primary.control.n, primary.treatment.n)
    return (
        Requirement("C", "a plan with a digest, fixed before the run", bool(plan.digest)),
        Requirement("C", f"all planned trials finished ({missing:,} are missing)", missing == 0),
        Requirement("C", f"at least 10 trials in each arm (the smaller has {smallest:,})", smallest >= 10),
        Requirement("C", "an interval over trials and a permutation test", primary.finding.low is not None),
        Requirement("C", "theory beside the simulation, or the words that none is known", beside),
        Requirement("C", "a primary outcome that does not stand on a null model", not primary.null_model),
        Requirement("C", "hypotheses stated in the plan", bool(plan.hypotheses)),
        Requirement("C", "a model description (ODD)", bool(plan.odd)),
    )


def _kept(plan: Plan, findings: Findings) -> tuple[Requirement, ...]:
    """What grade B asks of any study."""
    science, audit = findings.science, findings.science.robustness
    mark = science.registration.mark(plan.primary.part, plan.primary.metric)
    verdict = science.verdicts.equivalence
    share = 0.0 if audit is None or not audit.counted else audit.held / audit.counted
    survived = f" ({audit.held} of {audit.counted})" if audit is not None else ""
    covered = next((found for found in science.coverage if found.part == plan.primary.part), None)
    rows = (
        ("a lock closed before the run, and no deviation that touches the primary outcome", mark == "confirmatory"),
        ("a smallest effect of interest, and an outcome that is not undecided", _decided(verdict)),
        (f"a robustness audit in which the claim holds in 80 % of specifications{survived}", share >= HELD),
        ("a claim that is not authored by the choice of minds", audit is not None and audit.label != "authored"),
        ("no mind that behaves because it is watched", audit is not None and bool(audit.cue) and not audit.cue_flagged),
        ("a negative control, or a baseline of the audit, in which the claim does not hold", _controlled(findings)),
        ("start states whose coverage is measured", covered is not None),
    )
    return tuple(Requirement("B", words, met) for words, met in rows)


def _controlled(findings: Findings) -> bool:
    """Whether something was tried in which there should be nothing, and the claim is not found there.

    A null model in a part of its own, or a baseline of the audit: no interaction, no reading of the others, minds at random.
    """
    science = findings.science
    primary = science.verdicts.primary
    null = [test.estimate for test in science.verdicts.tests if test.null_model and test.metric == primary.metric]
    empty = [not (own.above_zero if primary.estimate.above_zero else own.below_zero) for own in null if own.bounded]
    audit = science.robustness
    base = [] if audit is None else [own for own in audit.specifications if own.group == "baseline"]
    return any(empty) or any(own.verdict in ("undecided", "reversed") for own in base)


def _decided(verdict: Equivalence | None) -> bool:
    return verdict is not None and verdict.verdict != "undecided"


def _language(plan: Plan, findings: Findings, card: Card | None) -> tuple[Requirement, ...]:
    """What grade B asks of a claim about language minds."""
    real = plan.model is not None and not plan.part(plan.primary.part).null_model
    floor, found = floor_of(plan, findings.science), findings.primary.finding
    beyond = False
    if floor is not None and found.low is not None and found.high is not None:
        beyond = found.low > floor[1] or found.high < -floor[1]
    return (
        Requirement("B", "language minds of a model that is no negative control", real),
        Requirement("B", "an effect beyond the wording floor of a null model", beyond),
        *card_requirements(card if real else None, plan.model.digest if plan.model else ""),
    )


def _beyond(plan: Plan, findings: Findings, evidence: Evidence, hosted: bool) -> tuple[Requirement, ...]:
    """What grade A asks for."""
    ladders = [ladder for ladder in findings.science.ladders if not ladder.null_model and ladder.metric == plan.primary.metric]
    held = [held for ladder in ladders for held in ladder.held]
    met = bool(held) and all(one.hit is True and one.reproduced for one in held)
    rows = [Requirement("A", "a prediction for a larger society, written before it was run, that was met", met)]
    families = Requirement("A", "at least two model families", False)
    rows += [families] if hosted else []
    judge = evidence.judge
    if judge is not None:
        rows.append(Requirement("A", "a judge that is no null model, calibrated on labelled trials", _calibrated(judge)))
    return tuple(rows)


def _calibrated(judge: JudgeCard) -> bool:
    return not judge.judge.null_model and judge.labels > 0


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
