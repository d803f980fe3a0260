"""Known answers: by hand; a society without cards is refused."""

import dataclasses

import jax.numpy as jnp
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.facts import ONE_SHARE
from commonweal.core.seats import Seats
from commonweal.metrics.human_influence import HumanInfluence
from commonweal.testing import check_metric
from commonweal.worlds.commonwealth import Commonwealth, CommonwealthFacts


@pytest.fixture
def held(month):
    def make(quarters, cards):
        influence = jnp.asarray(quarters, jnp.int32) * (ONE_SHARE // 4)
        facts = CommonwealthFacts(influence, jnp.zeros_like(influence), jnp.int32(0))
        card = None if cards is None else jnp.asarray(cards, jnp.int32)
        seats = Seats(jnp.zeros(influence.size, jnp.int32), card=card)
        return dataclasses.replace(month([0] * influence.size), facts=facts, seats=seats)

    return make


def test_known_answers(held, measure):
    cards = [1, 0, 1, 2]
    assert measure(HumanInfluence(), held([1, 1, 1, 1], cards)) == 0.5
    assert measure(HumanInfluence(), held([0, 3, 1, 0], cards)) == 0.25
    assert measure(HumanInfluence(), held([4, 0, 0, 0], cards), held([0, 4, 0, 0], cards)) == 0.5
    assert measure(HumanInfluence(card=2), held([0, 3, 0, 1], cards)) == 0.25
    assert measure(HumanInfluence(), held([0, 0, 0, 0], cards)) == 0.5


@pytest.mark.slow
def test_laws_and_errors(held, measure):
    check_metric(HumanInfluence(), Commonwealth(meetings=2))
    with pytest.raises(StudyError, match="the society has none"):
        measure(HumanInfluence(), held([1, 1], None))
