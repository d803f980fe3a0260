"""An order is rebuilt alike in every process."""

import pickle

from commonweal.lab.order import Order, prepare
from commonweal.models.choice import ModelChoice


def test_two_preparations_of_one_order_have_one_plan():
    order = Order("tithe", seeds=2)
    again = pickle.loads(pickle.dumps(order))
    assert prepare(again).plan()["digest"] == prepare(order).plan()["digest"]
    assert prepare(order).model is None
    assert prepare(order).source.name == "study.py"


def test_a_study_with_language_minds_gets_the_model_of_the_order():
    prepared = prepare(Order("commons-audit", model=ModelChoice("mine", "http://127.0.0.1:9/v1")))
    language = prepared.study.part("language")
    assert language.society.minds["civil"].model is prepared.model
    assert not any(part["null_model"] for part in prepared.plan()["parts"])


def test_an_audited_order_asks_the_same_question_in_more_parts():
    order = Order("tithe", seeds=2, audit=True)
    assert order.words() == "commonweal run tithe --seeds 2 --audit"
    plain, audited = Order("tithe", seeds=2).study(), pickle.loads(pickle.dumps(order)).study()
    assert audited.parts[: len(plain.parts)] == plain.parts
    added = audited.parts[len(plain.parts) :]
    assert added
    assert {part.role for part in added} == {"audit"}
    assert all(part.specification is not None for part in added)
    assert (audited.primary, audited.name) == (plain.primary, plain.name)
    assert prepare(order).plan()["digest"] != prepare(Order("tithe", seeds=2)).plan()["digest"]
