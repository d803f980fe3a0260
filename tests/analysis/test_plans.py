import json

import pytest

from commonweal.analysis.plans import read_level, read_plan, say_level
from commonweal.core.errors import LogError


def test_a_plan_reads_back_as_written(synthetic, tmp_path):
    raw = synthetic.write_plan(tmp_path)
    plan = read_plan(tmp_path)
    assert plan.question == raw["study"]["question"]
    assert plan.primary.treatment == 0.5
    assert plan.part("language").factors[0].levels == ("off", "on")
    assert plan.part("scripted").cells[65].levels == {"ruthless share": 1.0, "detection probability": 0.5, "population": 50}
    assert plan.part("scripted").agents is None
    assert plan.metrics["welfare"].high is None
    assert plan.model is not None
    assert plan.model.null_model


def test_levels():
    assert (read_level(5), read_level("on"), read_level(True), read_level(None)) == (5.0, "on", "true", "null")
    assert (say_level(0.25), say_level(50.0), say_level("on")) == ("0.25", "50", "on")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": "commonweal.plan/9"}, "expected 'commonweal.plan/1'"),
        ({"parts": 3}, r"\.parts: found 3, expected a list"),
        ({"theory": None}, r"\.theory: found null, expected a string"),
        ({"model": {"name": "x", "digest": "y", "null_model": "no"}}, "expected true or false"),
        ({"predicted": {"trials": "many"}}, r"predicted\.trials: found \"many\", expected a number"),
    ],
)
def test_a_plan_of_another_shape_is_named_with_its_place(synthetic, tmp_path, change, words):
    synthetic.write_plan(tmp_path, **change)
    with pytest.raises(LogError, match=words):
        read_plan(tmp_path)


@pytest.mark.parametrize("what", ["metric", "factor", "part"])
def test_a_primary_outcome_that_does_not_exist(synthetic, tmp_path, what):
    raw = synthetic.write_plan(tmp_path)
    raw["study"]["primary"][what] = "nothing"
    (tmp_path / "plan.json").write_text(json.dumps(raw))
    with pytest.raises(LogError, match=f"primary.{what}: found 'nothing', expected one of"):
        read_plan(tmp_path)


def test_no_plan_and_no_json(tmp_path):
    with pytest.raises(LogError, match="Plan the study"):
        read_plan(tmp_path)
    (tmp_path / "plan.json").write_text("{")
    with pytest.raises(LogError, match="not JSON"):
        read_plan(tmp_path)
    (tmp_path / "plan.json").write_text("[]")
    with pytest.raises(LogError, match="expected an object"):
        read_plan(tmp_path)


def test_an_unknown_part(synthetic, tmp_path):
    synthetic.write_plan(tmp_path)
    with pytest.raises(LogError, match="it has scripted, language"):
        read_plan(tmp_path).part("other")
