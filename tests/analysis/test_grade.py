"""What makes each grade, and that each thing that is missing lowers it and is named. A null model never raises one."""

import dataclasses
import json

import numpy as np
import pytest

from audits import Made, pairs, run_of
from commonweal.analysis.cards import read_card
from commonweal.analysis.estimates import write_estimates
from commonweal.analysis.findings import read_findings
from commonweal.analysis.grade import GRADES, Evidence, grade_report
from commonweal.analysis.ladder import HeldOut, Ladder, Rail
from commonweal.analysis.plans import read_plan
from commonweal.analysis.registration import Deviation, Registration
from commonweal.analysis.robustness import find_robustness
from commonweal.analysis.specifications import CUE
from commonweal.analysis.verdicts import Tested as OneTest
from commonweal.statistics.equivalence import Equivalence
from commonweal.statistics.inference import Estimate
from promises import a_card

NOTHING_MISSING = Evidence({})
KEPT = Registration(
    True, True, "2026-01-01", "sha256:l", "commit", "m", (("scripted", "survived"), ("language", "survived")), ()
)


@pytest.fixture(scope="module")
def run(finished):
    """A run that has what grade C asks for, and no more: scripted minds, a null model as its control."""
    return read_plan(finished), read_findings(write_estimates(finished).parent)


def with_science(findings, **changes):
    return dataclasses.replace(findings, science=dataclasses.replace(findings.science, **changes))


def verdict_of(verdict):
    return Equivalence(Estimate(0.3, 0.2, 0.4, 0.9, "t", 40), 0.1, 0.9, 0.001, verdict)


def audited(share=1.0, baseline=0.0):
    """An audit of 10 specifications, of which the claim holds in a share; the author's choice of minds does not matter."""
    rng = np.random.default_rng(3)
    held = round(8 * share)
    made = [
        Made(None, *pairs(0.5, rng)),
        Made(("random minds", "draw 1"), *pairs(0.5, rng)),
        Made(("norm scale", "squared"), *pairs(0.5, rng)),
    ]
    made += [Made(("topology", f"ring {i}"), *pairs(0.5 if i < held else -0.5, rng)) for i in range(7)]
    control, treatment = pairs(0.5, rng)
    cued = (
        [value + noise for value, noise in zip(arm, rng.normal(0, 0.01, len(arm)), strict=True)] for arm in (control, treatment)
    )
    made.append(Made((CUE, "all are told"), control, treatment, (*cued,)))
    made.append(Made(("baseline", "random choices"), *pairs(baseline, rng)))
    return find_robustness(*run_of(made))


@pytest.fixture(scope="module")
def kept(run):
    """The same run with all that grade B asks of scripted minds."""
    plan, findings = run
    verdicts = dataclasses.replace(findings.science.verdicts, equivalence=verdict_of("effect"))
    return plan, with_science(findings, registration=KEPT, verdicts=verdicts, robustness=audited())


def ladder(hit=True, null_model=False, judged=True):
    """A ladder with one held-out size, whose prediction was 0.4 to 0.6."""
    measured = Estimate(0.5 if hit else 0.9, 0.4, 1.0, 0.95, "t", 20 if judged else 0)
    held = HeldOut({}, 128.0, 0.5, 0.4, 0.6, (), "2026-01-01", measured, True)
    return Ladder("scripted", "population", "survived", "1", 0.95, (Rail({}, (), (held,), (), ()),), null_model)


@pytest.fixture
def good(synthetic):
    """The card of a model that reads payoffs, repeats itself and names no hypothesis."""
    own = synthetic.make_card(null_model=False)
    own["probes"][0] |= {"effect": 3.0, "low": 2.5, "high": 3.5}
    return own


def read(card, folder):
    (folder / "card.json").write_text(json.dumps(card))
    return read_card(folder)


def spoken(kept, effect=(0.2, 0.4), floor=0.1, null_model=False):
    """The same with language minds in the primary part, and a null model whose contrast moves by up to `floor`."""
    plan, findings = kept
    model = dataclasses.replace(plan.model, null_model=null_model)
    main = dataclasses.replace(plan.part("scripted"), engine="hosted", null_model=null_model)
    plan = dataclasses.replace(plan, parts=(main, plan.part("language")), model=model)
    moved = OneTest("language", "survived", Estimate(0.0, -floor, floor / 2, 0.95, "t", 10), 1.0, 1.0, False, True)
    tests = (*findings.science.verdicts.tests, *((moved,) if floor is not None else ()))
    findings = with_science(findings, verdicts=dataclasses.replace(findings.science.verdicts, tests=tests))
    finding = dataclasses.replace(findings.primary.finding, low=effect[0], high=effect[1])
    return plan, dataclasses.replace(findings, primary=dataclasses.replace(findings.primary, finding=finding))


def test_each_thing_that_grade_c_asks_for(run):
    plan, findings = run
    assert grade_report(plan, findings, NOTHING_MISSING).letter == "C"
    bare = tuple(dataclasses.replace(cell, theory=None) for cell in plan.parts[0].cells)
    primary = findings.primary
    few = dataclasses.replace(primary, control=dataclasses.replace(primary.control, n=9))
    open_ended = dataclasses.replace(primary, finding=dataclasses.replace(primary.finding, low=None, high=None))
    null = dataclasses.replace(primary, null_model=True)
    without_theory = (dataclasses.replace(plan.parts[0], cells=bare), plan.parts[1])
    for changed, found, missing, words in (
        (plan, findings, {"scripted": 3}, "3 are missing"),
        (dataclasses.replace(plan, digest=""), findings, {}, "a plan with a digest"),
        (dataclasses.replace(plan, hypotheses=()), findings, {}, "hypotheses"),
        (dataclasses.replace(plan, odd={}), findings, {}, "(ODD)"),
        (dataclasses.replace(plan, parts=without_theory), findings, {}, "theory"),
        (plan, dataclasses.replace(findings, primary=few), {}, "at least 10 trials in each arm (the smaller has 9)"),
        (plan, dataclasses.replace(findings, primary=open_ended), {}, "an interval"),
        (plan, dataclasses.replace(findings, primary=null), {}, "null model"),
    ):
        grade = grade_report(changed, found, Evidence(missing))
        assert grade.letter == GRADES[0]
        assert grade.line.startswith("Exploratory. For grade C it lacks: ")
        assert words in grade.line
        assert grade.line.count(";") == 0
    known = dataclasses.replace(plan, parts=without_theory, theory="none known")
    assert grade_report(known, findings, NOTHING_MISSING).letter == "C"


def test_what_was_kept_makes_a_b(kept):
    grade = grade_report(*kept, NOTHING_MISSING)
    assert grade.letter == "B"
    assert grade.line == (
        "Grade B. For grade A it lacks: a prediction for a larger society, written before it was run, that was met."
    )


def deviating(field, part, metric=""):
    return dataclasses.replace(KEPT, deviations=(Deviation(field, "a", "b", part, metric),))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda science: {"registration": dataclasses.replace(KEPT, locked=False)}, "a lock closed before the run"),
        (lambda science: {"registration": dataclasses.replace(KEPT, sound=False)}, "a lock closed before the run"),
        (lambda science: {"registration": deviating("parts.scripted.ticks", "scripted")}, "a lock closed before the run"),
        (lambda science: {"registration": deviating("written", "")}, "a lock closed before the run"),
        (lambda science: {"registration": dataclasses.replace(KEPT, declared=(("scripted", "welfare"),))}, "a lock closed"),
        (
            lambda science: {"verdicts": dataclasses.replace(science.verdicts, equivalence=None)},
            "a smallest effect of interest",
        ),
        (lambda science: {"verdicts": dataclasses.replace(science.verdicts, equivalence=verdict_of("undecided"))}, "undecided"),
        (lambda science: {"robustness": None}, "a robustness audit in which the claim holds in 80 % of specifications"),
        (lambda science: {"robustness": audited(0.5)}, "of specifications (7 of 10)"),
        (
            lambda science: {"robustness": dataclasses.replace(science.robustness, label="authored")},
            "not authored by the choice",
        ),
        (
            lambda science: {"robustness": dataclasses.replace(science.robustness, cue_flagged=True)},
            "because it is watched",
        ),
        (lambda science: {"coverage": ()}, "start states whose coverage is measured"),
        (lambda science: {"coverage": science.coverage[1:]}, "start states whose coverage is measured"),
    ],
    ids=[
        "not locked", "changed lock", "deviation", "late lock", "other outcome declared", "no smallest effect", "undecided",
        "no audit", "half of the audit", "authored", "watched", "no coverage", "coverage of another part",
    ],
)  # fmt: skip
def test_each_thing_that_grade_b_asks_of_any_study(kept, change, words):
    plan, findings = kept
    grade = grade_report(plan, with_science(findings, **change(findings.science)), NOTHING_MISSING)
    assert grade.letter == "C"
    assert words in grade.line


def test_what_touches_another_outcome_costs_nothing(kept):
    plan, findings = kept
    for registration in (deviating("parts.language.ticks", "language"), deviating("metrics.welfare.doc", "", "welfare")):
        assert grade_report(plan, with_science(findings, registration=registration), NOTHING_MISSING).letter == "B"
    smaller = dataclasses.replace(findings.science.verdicts, equivalence=verdict_of("effect, but smaller than matters"))
    assert grade_report(plan, with_science(findings, verdicts=smaller), NOTHING_MISSING).letter == "B"
    absent = dataclasses.replace(findings.science.verdicts, equivalence=verdict_of("equivalent"))
    assert grade_report(plan, with_science(findings, verdicts=absent), NOTHING_MISSING).letter == "B"
    assert grade_report(plan, with_science(findings, robustness=audited(0.75)), NOTHING_MISSING).letter == "B"  # 8 of 10


NULLS = ((0.0, -0.1, 0.1), (0.3, 0.2, 0.4))
"""A null model's contrast that shows nothing, and one that shows the claim."""


def test_without_a_negative_control_there_is_no_b(kept):
    plan, findings = kept
    grade = grade_report(plan, with_science(findings, robustness=audited(baseline=0.5)), NOTHING_MISSING)
    assert grade.letter == "C"
    assert "a negative control" in grade.line
    null = [OneTest("language", "survived", Estimate(*own, 0.95, "t", 10), 1.0, 1.0, False, True) for own in NULLS]
    for test, letter in zip(null, ("B", "C"), strict=True):
        tests = (*findings.science.verdicts.tests, test)
        own = dataclasses.replace(findings.science.verdicts, tests=tests)
        both = with_science(findings, robustness=audited(baseline=0.5), verdicts=own)
        assert grade_report(plan, both, NOTHING_MISSING).letter == letter


def test_a_cue_that_was_not_tried_flags_nobody(kept):
    plan, findings = kept
    untold = dataclasses.replace(findings.science.robustness, cue=())
    grade = grade_report(plan, with_science(findings, robustness=untold), NOTHING_MISSING)
    assert grade.letter == "C"
    assert "because it is watched" in grade.line


def test_a_met_prediction_makes_an_a(kept):
    plan, findings = kept
    assert grade_report(plan, with_science(findings, ladders=(ladder(),)), NOTHING_MISSING).line == (
        "Grade A: everything that is asked for is there."
    )
    forged = ladder()
    rail = dataclasses.replace(forged.rails[0], held=(dataclasses.replace(forged.rails[0].held[0], reproduced=False),))
    for ladders in (
        (dataclasses.replace(forged, rails=(rail,)),),
        (ladder(hit=False),),
        (ladder(), ladder(hit=False)),
        (ladder(judged=False),),
        (),
    ):
        assert grade_report(plan, with_science(findings, ladders=ladders), NOTHING_MISSING).letter == "B"


def test_a_grade_needs_all_of_those_below_it(kept):
    """Everything of A does not make up for one thing of C."""
    plan, findings = kept
    findings = with_science(findings, ladders=(ladder(),))
    assert grade_report(plan, findings, Evidence({"scripted": 1})).letter == "exploratory"
    assert grade_report(plan, with_science(findings, robustness=None), NOTHING_MISSING).letter == "C"


@pytest.mark.parametrize(
    ("judge", "labels", "letter"),
    [({}, 40, "A"), ({"null_model": True}, 40, "B"), ({}, 0, "B")],
    ids=["calibrated", "a null model", "no labels"],
)
def test_a_judge_that_was_used_must_be_calibrated(kept, judge, labels, letter):
    plan, findings = kept
    card = a_card()
    card = dataclasses.replace(card, judge=dataclasses.replace(card.judge, **judge), labels=labels)
    grade = grade_report(plan, with_science(findings, ladders=(ladder(),)), Evidence({}, None, card))
    assert grade.letter == letter
    assert ("calibrated on labelled trials" in grade.line) is (letter == "B")


def test_a_null_model_never_raises_the_grade(run, kept, good, synthetic, tmp_path):
    """Not by its card, not as the minds of the primary part, not by its ladder."""
    cards = (None, read(synthetic.make_card(), tmp_path), read(good, tmp_path), read(good | {"null_model": True}, tmp_path))
    for card in cards:
        assert grade_report(*run, Evidence({}, card)).letter == "C"
        spoke = spoken(kept, null_model=True)
        grade = grade_report(*spoke, Evidence({}, card))
        assert grade.letter == "C"
        assert "language minds of a model that is no negative control" in grade.line
        headline = dataclasses.replace(spoke[1], primary=dataclasses.replace(spoke[1].primary, null_model=True))
        assert grade_report(spoke[0], headline, Evidence({}, card)).letter == "exploratory"
    plan, findings = kept
    assert grade_report(plan, with_science(findings, ladders=(ladder(null_model=True),)), NOTHING_MISSING).letter == "B"
    both = (ladder(null_model=True, hit=False), ladder())
    assert grade_report(plan, with_science(findings, ladders=both), NOTHING_MISSING).letter == "A"


def test_a_real_model_with_a_good_card_beyond_the_floor_gives_b(kept, good, tmp_path):
    plan, findings = spoken(kept)
    grade = grade_report(plan, findings, Evidence({}, read(good, tmp_path)))
    assert grade.letter == "B"
    assert "at least two model families" in grade.line
    ladders = with_science(findings, ladders=(ladder(),))
    assert grade_report(plan, ladders, Evidence({}, read(good, tmp_path))).letter == "B"  # one family is no A
    assert grade_report(plan, findings, Evidence({})).letter == "C"


@pytest.mark.parametrize(
    ("effect", "floor", "letter"),
    [
        ((0.2, 0.4), 0.1, "B"),
        ((0.2, 0.4), 0.2, "C"),
        ((-0.4, -0.2), 0.1, "B"),
        ((-0.4, -0.05), 0.1, "C"),
        ((0.05, 0.4), 0.1, "C"),
    ],
)
def test_a_language_effect_counts_beyond_the_wording_floor_only(kept, good, tmp_path, effect, floor, letter):
    grade = grade_report(*spoken(kept, effect, floor), Evidence({}, read(good, tmp_path)))
    assert grade.letter == letter
    assert ("beyond the wording floor" in grade.line) is (letter == "C")


def test_a_floor_that_was_not_measured_is_not_exceeded(kept, good, tmp_path):
    plan, findings = spoken(kept)
    tests = tuple(test for test in findings.science.verdicts.tests if not test.null_model)
    bare = with_science(findings, verdicts=dataclasses.replace(findings.science.verdicts, tests=tests))
    grade = grade_report(plan, bare, Evidence({}, read(good, tmp_path)))
    assert (grade.letter, "wording floor" in grade.line) == ("C", True)


def test_scripted_minds_are_asked_for_no_card_and_no_second_family(kept):
    words = [requirement.words for requirement in grade_report(*kept, NOTHING_MISSING).requirements]
    assert not [one for one in words if "card" in one or "famil" in one or "wording" in one]


def set_path(card, path, value):
    inner = card
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({("null_model",): True}, "that model's mind card"),
        ({("digest",): "sha256:other"}, "that model's mind card"),
        ({("legal", "letters", "share"): 0.94}, "legal answers to at least 95 % of questions (found 94 %)"),
        ({("legal", "forms", "share"): 0.5}, "legal answers"),
        ({("legal", "forms", "share"): None}, "legal answers"),
        ({("probes", 0, "low"): -0.1}, "move with payoffs, in the right direction"),
        ({("probes", 0, "low"): None}, "move with payoffs, in the right direction"),
        ({("probes", 0, "effect"): -3.0, ("probes", 0, "low"): -3.5, ("probes", 0, "high"): -2.5}, "in the right direction"),
        ({("probes", 2, "effect"): 3.1}, "more than option order and wording do (3.00 against 3.10)"),
        ({("probes", 3, "effect"): 3.1}, "more than option order and wording do"),
        ({("probes", 3, "effect"): None}, "more than option order and wording do"),
        ({("determinism", "same"): 3, ("determinism", "high"): 3.2}, "the same reply to the same call"),
        ({("determinism", "texts_same"): 3, ("determinism", "high"): None}, "the same reply to the same call"),
        ({("determinism", "calls"): 0}, "the same reply to the same call"),
        ({("batch", "same"): 0, ("batch", "largest"): 3.3}, "calls in flight do not move"),
        ({("batch", "same"): 0, ("batch", "largest"): None}, "calls in flight do not move"),
        ({("awareness", "text", "low"): 0.1}, "does not name in its own words"),
        ({("awareness", "text", "low"): None}, "does not name in its own words"),
    ],
)
def test_each_thing_a_card_must_show_holds_back_grade_b(kept, good, tmp_path, changes, words):
    plan, findings = spoken(kept)
    for path, value in changes.items():
        set_path(good, path, value)
    grade = grade_report(plan, findings, Evidence({}, read(good, tmp_path)))
    assert grade.letter == "C"
    assert words in grade.line


def test_a_stated_spread_below_the_payoff_effect_is_enough(kept, good, tmp_path):
    plan, findings = spoken(kept)
    good["determinism"] |= {"same": 0, "texts_same": 0, "spread": 0.4, "low": 0.3, "high": 0.5}
    good["batch"] |= {"same": 0, "largest": 0.9}
    assert grade_report(plan, findings, Evidence({}, read(good, tmp_path))).letter == "B"


def test_finding_the_hypothesis_in_a_list_holds_back_grade_a_alone(kept, good, tmp_path):
    plan, findings = spoken(kept)
    good["awareness"]["list"] |= {"share": 0.9, "low": 0.7, "high": 1.0}
    grade = grade_report(plan, findings, Evidence({}, read(good, tmp_path)))
    assert grade.letter == "B"
    assert "does not find in a list above chance (0.17)" in grade.line
