"""A plan says what will be run, what it costs, and refuses what cannot be."""

import dataclasses
import json

import pytest
from commonweal_plugin.study import study as tithe

from commonweal.core import lens
from commonweal.core.errors import LogError, StudyError
from commonweal.core.named import Named
from commonweal.institutions.fermi import Fermi
from commonweal.lab.designs.ladder import Ladder
from commonweal.lab.designs.sobol import Sobol
from commonweal.lab.plan import CARD_CALLS, bound_study, make_plan, needs_model, write_plan
from commonweal.lab.study import Budget, Factor
from commonweal.metrics.survival import Survival
from commonweal.minds.memories.summary import Summary
from commonweal.models.choice import ModelChoice
from commonweal.studies.commons_audit import study
from commonweal.worlds.network_game import NetworkGame


def test_the_plan_holds_cells_theory_metrics_and_cost():
    plan = make_plan(tithe, None, None)
    (part,) = plan["parts"]
    assert [cell["levels"] for cell in part["cells"]] == [{"tithe": 0.0}, {"tithe": 0.5}]
    assert [cell["theory"] for cell in part["cells"]] == [30.0, 15.0]
    assert part["factors"][0]["lens"] == "rules.tithe:Tithe.rate"
    assert (part["engine"], part["agents"], part["tick_name"]) == ("compiled", 5, "month")
    costs = {"model_calls": 0, "prompt_tokens": 0, "new_tokens": 0, "seconds": plan["predicted"]["seconds"]}
    assert plan["predicted"] == {"trials": 6, "agent_steps": 90, **costs}
    assert plan["metrics"]["welfare"]["unit"]
    assert json.loads(json.dumps(plan)) == plan
    assert plan["model"] is None


def test_the_digest_follows_the_study_and_not_the_machine():
    base = make_plan(tithe, None, None)["digest"]
    assert make_plan(tithe, None, None)["digest"] == base
    assert make_plan(tithe.scaled(4, quick=False), None, None)["digest"] != base
    assert make_plan(dataclasses.replace(tithe, question="Another?"), None, None)["digest"] != base


def test_language_needs_a_model_and_is_counted():
    assert needs_model(study)
    assert not needs_model(tithe)
    with pytest.raises(StudyError, match="needs a language model"):
        bound_study(study, None)
    model = ModelChoice().open()
    plan = make_plan(bound_study(study, model), model, None)
    assert plan["model"]["null_model"] is True
    assert [part["name"] for part in plan["parts"] if part["null_model"]] == ["language"]
    assert plan["predicted"]["model_calls"] == 2 * 4 * 12 + CARD_CALLS
    # At most: a prompt holds at most 1,000 tokens and a reply at most 120.
    assert (plan["predicted"]["prompt_tokens"], plan["predicted"]["new_tokens"]) == (196 * 1000, 196 * 120)
    # A memory that calls the model once each four acts adds a quarter to the calls of its seats, the language part's all.
    part = study.part("language")
    mind = dataclasses.replace(part.society.minds["civil"], memory=Summary(6, 4))
    society = dataclasses.replace(part.society, minds=part.society.minds.replace("civil", mind))
    longer = dataclasses.replace(study, parts=(study.parts[0], dataclasses.replace(part, society=society)))
    assert make_plan(bound_study(longer, model), model, None)["predicted"]["model_calls"] == 2 * 5 * 12 + CARD_CALLS
    with pytest.raises(StudyError, match="its budget is 10"):
        make_plan(bound_study(dataclasses.replace(study, budget=Budget(calls=10)), model), model, None)


def test_later_stages_and_constraints_stand_in_the_plan():
    (part,) = tithe.parts
    ladder = dataclasses.replace(part, factors=(dataclasses.replace(part.factors[0], levels=(0.1, 0.2, 0.4, 0.8)),))
    ladder = dataclasses.replace(ladder, design=Ladder("tithe"), seeds=4)
    own = dataclasses.replace(tithe, parts=(ladder,), primary=dataclasses.replace(tithe.primary, control=0.1, treatment=0.2))
    plan = make_plan(own, None, None)
    assert plan["parts"][0]["design"] == {"kind": "ladder", "factor": "tithe", "hold": 1, "level": 0.95}
    # Three sizes are run with four seeds and a fourth is foreseen; five agents act for three ticks.
    assert len(plan["parts"][0]["cells"]) == 3
    assert (plan["predicted"]["trials"], plan["predicted"]["agent_steps"]) == (16, 16 * 15)
    assert [cell["seeds"] for cell in plan["parts"][0]["cells"]] == [[0, 4]] * 3
    sampled = dataclasses.replace(
        part,
        factors=(Factor("tithe", part.factors[0].lens, low=0.0, high=1.0),),
        design=Sobol(8, replicates=2),
        allowed=lambda levels: float(levels["tithe"]) < 0.5,
    )
    plan = make_plan(dataclasses.replace(tithe, parts=(sampled,)), None, None)
    (facts,) = plan["parts"]
    assert facts["constrained"]
    assert facts["factors"][0] | {"lens": ""} == {
        "label": "tithe",
        "lens": "",
        "levels": [],
        "range": [0.0, 1.0],
        "whole": False,
        "logarithmic": False,
    }
    assert [cell["seeds"] for cell in facts["cells"]] == [[2 * number, 2] for number in range(8)]
    assert all(cell["levels"]["tithe"] < 0.5 for cell in facts["cells"])
    assert [cell["theory"] for cell in facts["cells"]] == [30.0 * (1 - cell["levels"]["tithe"]) for cell in facts["cells"]]
    assert plan["predicted"]["trials"] == 16
    assert json.loads(json.dumps(plan)) == plan
    changed = dataclasses.replace(sampled, design=Sobol(8, replicates=2, seed=1))
    assert make_plan(dataclasses.replace(tithe, parts=(changed,)), None, None)["digest"] != plan["digest"]


def test_what_cannot_run_is_refused_before_it_runs():
    (part,) = tithe.parts
    measured = dataclasses.replace(tithe, metrics=Named.of(*tithe.metrics.items(), ("survived", Survival())))
    elsewhere = dataclasses.replace(part, society=dataclasses.replace(part.society, world=NetworkGame()))
    with pytest.raises(StudyError, match="HasStock"):
        make_plan(dataclasses.replace(measured, parts=(elsewhere,)), None, None)
    lost = dataclasses.replace(
        part, factors=(*part.factors, Factor("x", lens.rule("tith", Fermi, lambda rule: rule.beta), (1.0,)))
    )
    with pytest.raises(StudyError, match="did you mean tithe"):
        make_plan(dataclasses.replace(tithe, parts=(lost,)), None, None)
    wrong = dataclasses.replace(
        part, factors=(*part.factors, Factor("x", lens.rule("tithe", Fermi, lambda rule: rule.beta), (1.0,)))
    )
    with pytest.raises(StudyError, match="expected exactly one Fermi"):
        make_plan(dataclasses.replace(tithe, parts=(wrong,)), None, None)


def test_a_folder_with_another_plan_is_refused_with_what_differs(tmp_path):
    plan = make_plan(tithe, None, None)
    write_plan(plan, tmp_path)
    write_plan(plan, tmp_path)
    with pytest.raises(StudyError, match=r"seeds is 3 there and 9 here"):
        write_plan(make_plan(tithe.scaled(9, quick=False), None, None), tmp_path)
    (tmp_path / "plan.json").write_text("{")
    with pytest.raises(LogError, match="damaged"):
        write_plan(plan, tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(LogError, match="another folder"):
        write_plan(plan, tmp_path / "file")
