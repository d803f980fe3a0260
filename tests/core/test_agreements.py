"""Agreements: whom they bind to what, and what is told of them."""

import jax.numpy as jnp
import numpy as np

from commonweal.core.agreements import Agreed, Agreement, keep, tell_agreed
from commonweal.core.named import Named
from commonweal.core.questions import Amount, Choice, Scale
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Offer

N = 6


def test_acts_that_fall_short_are_replaced_for_those_whom_it_binds() -> None:
    asked = jnp.asarray([True] * 5 + [False])
    take = Amount(asked, jnp.zeros(N, jnp.int32), jnp.full(N, 100, jnp.int32), Scale(jnp.float32(10.0)))
    help_ = Choice(asked, ("no", "yes"), jnp.asarray([0.0, 1.0]))
    menu = Named.of(("take", take), ("help", help_), ("plain", Choice(asked, ("a", "b"))))
    acts = Named.of(
        ("take", jnp.asarray([40, 20, 5, 40, 12, 40])),
        ("help", jnp.asarray([0, 1, 0, 0, 0, 0])),
        ("plain", jnp.asarray([1, 0, 1, 0, 1, 0])),
    )
    offer = Offer(Seats(jnp.zeros(N, jnp.int32)), menu, jnp.zeros(N, jnp.int32), menu.map(lambda own: own.asked), jnp.int32(0))
    who = jnp.asarray([True, True, True, False, True, True])
    kept = keep(Agreement(jnp.float32(0.5), jnp.int32(1), jnp.int32(0)), who, offer, acts, Key.root(0))
    # Half of what is fair is 20 units; 12 and 5 serve the others better; seat 3 is free, seat 5 was asked nothing.
    assert kept["take"].tolist() == [20, 20, 5, 40, 12, 40]
    assert kept["plain"].tolist() == acts["plain"].tolist()
    assert kept["help"][3:].tolist() == [0, kept["help"][4].item(), 0]
    assert int(kept["help"][1]) == 1
    full = keep(Agreement(jnp.float32(1.0), jnp.int32(1), jnp.int32(0)), who, offer, acts, Key.root(0))
    assert full["take"].tolist() == [10, 10, 5, 40, 10, 40]
    assert full["help"].tolist() == [1, 1, 1, 0, 1, 0]


def test_what_is_told() -> None:
    assert not np.asarray(Agreement.none().told(3).left).any()
    told = Agreement(jnp.float32(0.75), jnp.int32(2), jnp.int32(9)).told(3)
    assert told.level.tolist() == [0.75] * 3
    assert "at 0.75 of what is fair, or better, for the next 2 rounds" in tell_agreed(told, 1)
    assert tell_agreed(Agreed(jnp.zeros(3), jnp.zeros(3, jnp.int32)), 0) == ""
