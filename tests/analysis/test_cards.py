"""A card is read whole, or refused with what is wrong."""

import json

import pytest

from commonweal.analysis.cards import COSTS, Measure, read_card
from commonweal.core.errors import LogError


def test_no_card_is_none(tmp_path):
    assert read_card(tmp_path) is None


def test_a_card_is_read_whole(synthetic, tmp_path):
    synthetic.write_card(tmp_path)
    card = read_card(tmp_path)
    assert (card.model, card.null_model, card.scale, card.stories, card.questions) == (
        "smollm2-135m-instruct",
        True,
        "nats",
        12,
        480,
    )
    assert card.probe("payoffs").effect == Measure(0.04, -0.05, 0.13, 12)
    assert card.probe("payoffs").share == pytest.approx(0.004)
    assert not card.probe("paraphrase, size").signed
    assert card.probe("nothing") is None
    assert card.legal["forms"] == Measure(1.0, 0.76, 1.0, 12)
    assert card.awareness.chosen.value == 0.25
    assert (card.steadiness.same, card.steadiness.same_together, card.steadiness.spread.n) == (16, 16, 32)
    assert set(card.cost) == set(COSTS)


@pytest.mark.parametrize(
    "missing", ["model", "digest", "null_model", "probes", "legal", "awareness", "batch", "cost", "summary"]
)
def test_what_is_missing_is_named(synthetic, tmp_path, missing):
    card = synthetic.make_card()
    del card[missing]
    (tmp_path / "card.json").write_text(json.dumps(card))
    with pytest.raises(LogError, match=rf"card\.json: found a card that does not fit design/002 \(KeyError: '{missing}'"):
        read_card(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "JSONDecodeError"),
        ("[]", "schema 'none'"),
        ('{"schema": "commonweal.card/3"}', "schema 'commonweal.card/3', expected 'commonweal.card/2'"),
        ('{"model": "x"}', "schema 'none'"),
    ],
)
def test_another_version_and_damage_are_refused(tmp_path, text, words):
    (tmp_path / "card.json").write_text(text)
    with pytest.raises(LogError, match=words):
        read_card(tmp_path)


@pytest.mark.parametrize("changes", [{"stories": "12"}, {"stories": True}, {"probes": [1]}, {"legal": []}, {"cost": None}])
def test_wrong_kinds_are_refused(synthetic, tmp_path, changes):
    synthetic.write_card(tmp_path, **changes)
    with pytest.raises(LogError, match="Make the card again"):
        read_card(tmp_path)


def test_a_flag_that_is_none_counts_as_the_null_model(synthetic, tmp_path):
    synthetic.write_card(tmp_path, null_model="no")
    assert read_card(tmp_path).null_model
