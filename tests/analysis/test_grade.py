import dataclasses

import pytest

from commonweal.analysis.estimates import write_estimates
from commonweal.analysis.findings import read_findings
from commonweal.analysis.grade import GRADES, grade_report
from commonweal.analysis.plans import Model, read_plan


@pytest.fixture(scope="module")
def run(finished):
    return read_plan(finished), read_findings(write_estimates(finished).parent)


def test_a_null_model_does_not_raise_the_grade(run):
    plan, findings = run
    grade = grade_report(plan, findings, missing=0, card=True)
    assert grade.letter == "C"
    assert grade.line.startswith("Grade C. For grade B it lacks: a part with a language model that is not a negative")


def test_a_real_model_with_its_card_gives_b(run):
    plan, findings = run
    parts = tuple(dataclasses.replace(part, null_model=False) for part in plan.parts)
    real = dataclasses.replace(plan, parts=parts, model=Model("m", "d", False))
    assert grade_report(real, findings, 0, card=True).letter == "B"
    assert grade_report(real, findings, 0, card=False).letter == "C"
    assert "at least two model families" in grade_report(real, findings, 0, card=True).line


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
        grade = grade_report(changed, found, missing, card=True)
        assert grade.letter == GRADES[0]
        assert grade.line.startswith("Exploratory. For grade C it lacks: ")
        assert words in grade.line
