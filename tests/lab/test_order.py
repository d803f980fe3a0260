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
    assert prepared.plan()["parts"][1]["null_model"] is False
