import dataclasses
import json

import pytest

from commonweal.analysis.cards import read_card
from commonweal.analysis.estimates import write_estimates
from commonweal.analysis.findings import read_findings
from commonweal.analysis.grade import GRADES, grade_report
from commonweal.analysis.plans import read_plan


@pytest.fixture(scope="module")
def run(finished):
    return read_plan(finished), read_findings(write_estimates(finished).parent)


@pytest.fixture
def good(synthetic, tmp_path):
    """The card of a model that reads payoffs, repeats itself and names no hypothesis."""
    own = synthetic.make_card(null_model=False)
    own["probes"][0] |= {"effect": 3.0, "low": 2.5, "high": 3.5}
    return own


def read(card, folder):
    (folder / "card.json").write_text(json.dumps(card))
    return read_card(folder)


def real(plan):
    parts = tuple(dataclasses.replace(part, null_model=False) for part in plan.parts)
    return dataclasses.replace(plan, parts=parts, model=dataclasses.replace(plan.model, null_model=False))


def test_a_null_model_does_not_raise_the_grade(run, good, synthetic, tmp_path):
    plan, findings = run
    for card in (
        None,
        read(synthetic.make_card(), tmp_path),
        read(good, tmp_path),
        read(good | {"null_model": True}, tmp_path),
    ):
        grade = grade_report(plan, findings, missing=0, card=card)
        assert grade.letter == "C"
        assert grade.line.startswith("Grade C. For grade B it lacks: a part with a language model that is not a negative")


def test_a_real_model_with_a_good_card_gives_b(run, good, tmp_path):
    plan, findings = run
    grade = grade_report(real(plan), findings, 0, read(good, tmp_path))
    assert grade.letter == "B"
    assert "at least two model families" in grade.line
    assert grade_report(real(plan), findings, 0, card=None).letter == "C"


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
def test_each_thing_a_card_must_show_holds_back_grade_b(run, good, tmp_path, changes, words):
    plan, findings = run
    for path, value in changes.items():
        set_path(good, path, value)
    grade = grade_report(real(plan), findings, 0, read(good, tmp_path))
    assert grade.letter == "C"
    assert words in grade.line


def test_a_stated_spread_below_the_payoff_effect_is_enough(run, good, tmp_path):
    plan, findings = run
    good["determinism"] |= {"same": 0, "texts_same": 0, "spread": 0.4, "low": 0.3, "high": 0.5}
    good["batch"] |= {"same": 0, "largest": 0.9}
    assert grade_report(real(plan), findings, 0, read(good, tmp_path)).letter == "B"


def test_finding_the_hypothesis_in_a_list_holds_back_grade_a_alone(run, good, tmp_path):
    plan, findings = run
    good["awareness"]["list"] |= {"share": 0.9, "low": 0.7, "high": 1.0}
    grade = grade_report(real(plan), findings, 0, read(good, tmp_path))
    assert grade.letter == "B"
    assert "does not find in a list above chance (0.17)" in grade.line


def test_each_missing_thing_lowers_the_grade_and_is_named(run):
    plan, findings = run
    none = tuple(dataclasses.replace(cell, theory=None) for cell in plan.parts[0].cells)
    null = dataclasses.replace(findings, primary=dataclasses.replace(findings.primary, null_model=True))
    for changed, found, missing, words in (
        (plan, findings, 3, "3 are missing"),
        (dataclasses.replace(plan, hypotheses=()), findings, 0, "hypotheses"),
        (dataclasses.replace(plan, parts=(dataclasses.replace(plan.parts[0], cells=none),)), findings, 0, "theory"),
        (plan, null, 0, "null model"),
    ):
        grade = grade_report(changed, found, missing, card=None)
        assert grade.letter == GRADES[0]
        assert grade.line.startswith("Exploratory. For grade C it lacks: ")
        assert words in grade.line
