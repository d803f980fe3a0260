"""Ticks and ends of trials made by hand, for metrics to read."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.channels.forum import Forum
from commonweal.core.named import Named
from commonweal.core.questions import Amount, Choice, Scale
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.views import End, Tick
from commonweal.engine.compiled import run
from commonweal.metrics.agent_drift import AgentDrift
from commonweal.metrics.karma_gini import KarmaGini
from commonweal.metrics.said_alike import SaidAlike
from commonweal.metrics.stance_divide import StanceDivide
from commonweal.minds.posters import Poster
from commonweal.worlds.commons import CommonsFacts
from commonweal.worlds.platform import Platform

FORUM_TICKS = 12


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


@pytest.fixture(scope="session")
def forum_trial():
    """What metrics of a forum read while a trial runs, by name, and the log of its posts."""
    logs = []

    class Kept(AgentDrift):
        """Puts the log aside."""

        def measure(self, log):
            """Keep it."""
            logs.append(log)
            return 0.0

    society = Society(
        Platform(size=4),
        Named.of(("poster", Poster(size=4, activity=0.7, news=1.0, poles=1.0))),
        Seating(25),
        channel=Forum(size=4, room=64),
    )
    metrics = Named.of(
        ("alike", SaidAlike(last=FORUM_TICKS)),
        ("still", SaidAlike("stability", last=FORUM_TICKS)),
        ("gini", KarmaGini()),
        ("divide", StanceDivide(bins=8, last=FORUM_TICKS)),
        ("kept", Kept()),
    )
    return run(society, 3, FORUM_TICKS, metrics).values, logs[-1]
