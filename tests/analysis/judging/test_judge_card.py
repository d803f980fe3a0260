"""The card comes back from disk as it was written, and damage is named."""

import dataclasses
import json

import pytest

from commonweal.analysis.judging.judge_card import (
    JudgeCard,
    JudgeFacts,
    Row,
    RubricFacts,
    make_row,
    read_judge_card,
    save_judge_card,
)
from commonweal.core.errors import LogError
from commonweal.statistics.inference import estimate_mean
from promises import a_card


def test_a_card_comes_back(tmp_path):
    card = a_card()
    assert read_judge_card(tmp_path) is None
    path = save_judge_card(card, tmp_path)
    assert read_judge_card(tmp_path) == card
    raw = json.loads(path.read_text())
    assert raw["schema"] == "commonweal.judge/1"
    assert raw["gold"] == {"source": "people", "labels": 40, "raters": ["ann", "<b>ben</b>"]}
    assert card.row("sensitivity").value == 0.9
    assert card.row("none") is None
    assert not list(tmp_path.glob("*.part"))


def test_what_is_not_finite_is_null():
    row = make_row("a", "b", estimate_mean([1.0]))
    assert (row.value, row.low, row.high, row.n) == (1.0, None, None, 1)
    assert make_row("a", "b", None, "not measured") == Row("a", "b", None, reading="not measured")


def breaks(raw):
    yield "schema", raw | {"schema": "commonweal.judge/0"}
    yield "trials", raw | {"trials": "many"}
    yield "rubric", raw | {"rubric": None}
    yield "judge", raw | {"judge": raw["judge"] | {"null_model": "no"}}
    yield "share", raw | {"share": [{"name": "judge alone"}]}
    yield "checks", raw | {"checks": 3}
    yield "gold", {name: value for name, value in raw.items() if name != "gold"}


def test_damage_is_named(tmp_path):
    path = save_judge_card(a_card(), tmp_path)
    raw = json.loads(path.read_text())
    for name, broken in breaks(raw):
        path.write_text(json.dumps(broken))
        with pytest.raises(LogError, match="judge again") as caught:
            read_judge_card(tmp_path)
        assert name in str(caught.value)
        assert "plan" not in str(caught.value).replace(str(tmp_path), "")
    path.write_text("{")
    with pytest.raises(LogError, match="judge again"):
        read_judge_card(tmp_path)
    with pytest.raises(LogError, match="cannot be written"):
        save_judge_card(a_card(), tmp_path / "none")


def test_a_card_is_a_value():
    card = a_card()
    assert isinstance(card, JudgeCard)
    assert isinstance(card.rubric, RubricFacts)
    assert isinstance(card.judge, JudgeFacts)
    with pytest.raises(dataclasses.FrozenInstanceError):
        card.part = "other"
