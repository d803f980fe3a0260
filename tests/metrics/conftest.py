"""Ticks and ends of trials made by hand, for metrics to read."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.named import Named
from commonweal.core.questions import Amount, Choice, Scale
from commonweal.core.seats import Seats
from commonweal.core.views import End, Tick
from commonweal.worlds.commons import CommonsFacts


@pytest.fixture(scope="session")
def month():
    """A month of five seats and a stock of 100, of which 50 may be taken, 10 each."""

    def make(harvest, left=50, collapsed=False, asked=None, vote=None):
        acts = jnp.asarray(harvest, jnp.int32)
        n = acts.size
        asked = jnp.ones(n, bool) if asked is None else jnp.asarray(asked)
        low, high = jnp.zeros(n, jnp.int32), jnp.full(n, 100, jnp.int32)
        menu = Named.of(("harvest", Amount(asked, low, high, Scale(jnp.float32(10)))))
        bound = Named.of(("harvest", acts))
        if vote is not None:
            menu = menu.add("vote", Choice(asked, ("no", "yes"), serves=jnp.asarray([0.0, 1.0])))
            bound = bound.add("vote", jnp.asarray(vote, jnp.int32))
        return Tick(
            tick=jnp.int32(0),
            seats=Seats(jnp.zeros(n, jnp.int32)),
            menu=menu,
            chosen=bound.map(jnp.zeros_like),
            bound=bound,
            answered=bound.map(lambda act: jnp.zeros(n, bool)),
            made=acts,
            payoff=acts - 1,
            purse=jnp.zeros(n, jnp.int32),
            facts=CommonsFacts(jnp.int32(100), jnp.int32(left), jnp.int32(100), jnp.int32(50), jnp.asarray(collapsed)),
            born=jnp.zeros(n, bool),
        )

    return make


@pytest.fixture(scope="session")
def measure():
    """The value of a metric over ticks made by hand, or over a trial's end."""

    def over(metric, *moments):
        read = [{name: int(value) for name, value in metric.read(moment).items()} for moment in moments]
        return metric.value({name: np.asarray([row[name] for row in read], np.int64) for name in read[0]})

    return over


@pytest.fixture(scope="session")
def end():
    """How a trial ends: last purses, and endowments (none unless given)."""

    def make(purse, endowment=0):
        purse = jnp.asarray(purse, jnp.int32)
        return End(Seats(jnp.zeros(purse.size, jnp.int32)), jnp.broadcast_to(jnp.int32(endowment), purse.shape), purse)

    return make
