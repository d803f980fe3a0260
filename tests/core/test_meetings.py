"""Which worlds name partners."""

import jax.numpy as jnp

from commonweal.core.meetings import HasMeetings
from commonweal.core.named import Named
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.worlds.commons import Commons
from commonweal.worlds.donor_game import DonorGame


def test_the_donor_game_names_partners_and_the_commons_does_not():
    seats, key = Seats(jnp.zeros(4, jnp.int32)), Key.root(0)
    for world, name, named in ((DonorGame(), "donate", True), (Commons(), "harvest", False)):
        start = world.reset(key, seats)
        acts = Named.of((name, jnp.zeros(4, jnp.int32)))
        facts = world.step(start.state, seats, acts, start.endowment, key).facts
        assert isinstance(facts, HasMeetings) == named
