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


def change(directory, changed):
    raw = json.loads((directory / "plan.json").read_text())
    changed(raw)
    (directory / "plan.json").write_text(json.dumps(raw))


def test_what_the_science_of_a_study_adds_is_read(synthetic, tmp_path):
    synthetic.write_plan(tmp_path)
    rule = {"half_width": 0.1}

    def changed(raw):
        raw["study"] |= {"family": ["efficiency"], "exclusions": ["crashed"], "stopping": rule, "scope": "s", "mechanism": "m"}
        raw["study"]["primary"] |= {"smallest": 0.1, "power": 0.9, "outcome": "the share that survive"}
        raw["power"] = {"words": "220 trials are enough"}
        raw["order"] = "commonweal run audit --audit"
        raw["metrics"]["welfare"]["kind"] = "Welfare"
        raw["parts"][1] |= {"role": "audit", "specification": {"axis": "wording", "what": "draw 1"}}

    change(tmp_path, changed)
    plan = read_plan(tmp_path)
    assert (plan.family, plan.exclusions, plan.stopping) == (("efficiency",), ("crashed",), rule)
    assert (plan.scope, plan.mechanism, plan.order) == ("s", "m", "commonweal run audit --audit")
    assert (plan.primary.smallest, plan.primary.power, plan.primary.outcome) == (0.1, 0.9, "the share that survive")
    assert plan.power == {"words": "220 trials are enough"}
    assert plan.metrics["welfare"].kind == "Welfare"
    assert plan.part("language").specification == ("wording", "draw 1")


def test_an_older_plan_has_the_plain_defaults(synthetic, tmp_path):
    synthetic.write_plan(tmp_path, seeds=4)
    plan = read_plan(tmp_path)
    assert (plan.family, plan.exclusions, plan.stopping, plan.power, plan.order) == ((), (), None, None, "")
    assert (plan.primary.smallest, plan.primary.power, plan.primary.outcome) == (None, 0.8, "the mean of survived")
    part = plan.part("scripted")
    assert part.plain
    assert {cell.seeds for cell in part.cells} == {(0, 4)}
    assert part.trials == 66 * 4


def test_ranges_and_later_stages(synthetic, tmp_path):
    raw = synthetic.write_plan(tmp_path)
    cells = [{"cell": i, "levels": {"x": x}, "theory": None, "seeds": [0, 2], "why": "coverage"} for i, x in enumerate((3, 1))]
    part = raw["parts"][0] | {
        "design": {"kind": "zoom", "level": 0.5},
        "factors": [{"label": "x", "lens": "l", "levels": [], "range": [1, 9], "whole": True, "logarithmic": False}],
        "cells": cells,
    }

    def changed(raw):
        raw["parts"][0] = part
        raw["study"]["primary"]["factor"] = "x"

    change(tmp_path, changed)
    (tmp_path / "stages").mkdir()
    later = {"part": "scripted", "stage": 1, "prediction": {"p": 1}, "cells": [cells[0] | {"cell": 2, "levels": {"x": 7}}]}
    (tmp_path / "stages" / "0001.json").write_text(json.dumps(later))
    own = read_plan(tmp_path).part("scripted")
    (factor,) = own.factors
    assert (factor.low, factor.high, factor.whole, factor.logarithmic, factor.levels) == (
        1.0,
        9.0,
        True,
        False,
        (1.0, 3.0, 7.0),
    )
    assert [(cell.cell, cell.stage, cell.seeds, cell.why) for cell in own.cells] == [
        (0, 0, (0, 2), "coverage"), (1, 0, (0, 2), "coverage"), (2, 1, (0, 2), "coverage")
    ]  # fmt: skip
    assert not own.plain
    assert own.stages == ({"part": "scripted", "stage": 1, "prediction": {"p": 1}},)
    (tmp_path / "stages" / "0001.json").write_text("{")
    with pytest.raises(LogError, match=r"0001\.json: cannot be read"):
        read_plan(tmp_path)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (lambda part: part["cells"][0].update(seeds=["a", 2]), r"cells\[0\]\.seeds: .* expected a list of two numbers"),
        (lambda part: part["cells"][0].update(seeds=[0]), r"cells\[0\]\.seeds: .* expected a list of two numbers"),
        (lambda part: part["cells"][0].update(seeds=3), r"cells\[0\]\.seeds: found 3, expected a list"),
        (lambda part: part["cells"][0].update(cell=0.5), r"cells\[0\]\.cell: found 0.5, expected a whole number"),
        (lambda part: part["factors"][0].update(range=[0, "x"]), r"factors\[0\]\.range: .* expected a list of two numbers"),
        (lambda part: part.update(ticks=float("inf")), r"\.ticks: found Infinity, expected a whole number"),
        (lambda part: part.update(agents="many"), r"\.agents: found \"many\", expected a number"),
    ],
    ids=["seeds words", "one seed", "seeds", "cell", "range", "ticks", "agents"],
)  # fmt: skip
def test_a_damaged_part_is_named_with_its_place(synthetic, tmp_path, changed, words):
    synthetic.write_plan(tmp_path)
    change(tmp_path, lambda raw: changed(raw["parts"][0]))
    with pytest.raises(LogError, match=words):
        read_plan(tmp_path)


def test_a_family_of_metrics_that_do_not_exist(synthetic, tmp_path):
    synthetic.write_plan(tmp_path)
    change(tmp_path, lambda raw: raw["study"].update(family=["efficiency", "nothing"]))
    with pytest.raises(LogError, match=r"study\.family: found 'nothing', expected one of survived"):
        read_plan(tmp_path)
