"""The mind card recovers what planted minds are moved by, with 48 prompts."""

import asyncio

import pytest

from commonweal.lab.card import PROMPTS, mind_card
from commonweal.models.model import Scores, Usage


class Planted:
    """A model that is moved by known amounts: a real model's door, with an arithmetic behind it."""

    name = "planted"
    digest = "sha256:planted"
    null_model = False

    def __init__(self, payoffs=0.0, persona=0.0, history=0.0, first=0.0):
        self.effects = {
            "you earn 10 points and if you keep you earn 1": payoffs,
            "generous": persona,
            "shared with you": history,
        }
        self.first = first
        self.prompts = 0

    async def score(self, prefix, suffix, options):
        self.prompts += 1
        odds = sum(effect for words, effect in self.effects.items() if words in suffix)
        helpful_first = "A) share" in suffix
        lean = odds if helpful_first else -odds
        return Scores((lean + self.first - 5.0, -5.0), Usage(1, 10, 1, 0.0))


@pytest.mark.parametrize("planted", [{"payoffs": 2.0}, {"persona": 1.0}, {"history": -0.5}, {"first": 0.7}])
def test_planted_effects_are_found(planted):
    model = Planted(**planted)
    done = []
    card = asyncio.run(mind_card(model, done.append))
    assert model.prompts == PROMPTS == card["prompts"] == 48
    assert done[-1] == 1.0
    effects = {probe["name"]: probe["effect_nats"] for probe in card["probes"]}
    expected = {"payoffs": 0.0, "persona": 0.0, "history": 0.0, "option order": 0.0}
    names = {"first": "option order"}
    for name, value in planted.items():
        expected[names.get(name, name)] = 2 * value if name == "first" else value
    assert effects == pytest.approx(expected)
    for probe in card["probes"]:
        assert probe["low"] <= probe["effect_nats"] <= probe["high"]
