"""Facts are asked for by shape, not by world."""

from typing import NamedTuple

import jax.numpy as jnp

from commonweal.core.facts import ONE_SHARE, HasInfluence, HasMeetings, HasStock
from commonweal.core.named import Named
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.worlds.commons import Commons, CommonsFacts
from commonweal.worlds.donor_game import DonorGame


def test_a_world_with_a_stock_has_one():
    number = jnp.int32(100)
    facts = CommonsFacts(stock=number, left=number, capacity=number, sustainable=number, collapsed=jnp.array(False))
    assert isinstance(facts, HasStock)


def test_others_have_none():
    class Other:
        stock = left = capacity = sustainable = 1

    assert not isinstance(Other(), HasStock)
    assert not isinstance(None, HasStock)


class Facts(NamedTuple):
    influence: object


def test_facts_with_influence_are_recognised() -> None:
    assert isinstance(Facts(jnp.asarray([ONE_SHARE // 2] * 2)), HasInfluence)
    assert not isinstance(jnp.zeros(2), HasInfluence)


def test_the_donor_game_names_partners_and_the_commons_does_not():
    seats, key = Seats(jnp.zeros(4, jnp.int32)), Key.root(0)
    for world, name, named in ((DonorGame(), "donate", True), (Commons(), "harvest", False)):
        start = world.reset(key, seats)
        acts = Named.of((name, jnp.zeros(4, jnp.int32)))
        facts = world.step(start.state, seats, acts, start.endowment, key).facts
        assert isinstance(facts, HasMeetings) == named
