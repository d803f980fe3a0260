"""Protocols: abstract where a part must speak, silent where it need not."""

import jax.numpy as jnp
import pytest

from commonweal.core.named import Named
from commonweal.core.parts import (
    Channel,
    EndMetric,
    HostedMind,
    Institution,
    Mind,
    NoChannel,
    RuleKind,
    TickMetric,
    World,
)
from commonweal.core.questions import Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Offer, Tick

N = 3
SEATS = Seats(jnp.zeros(N, jnp.int32))
MENU = Named.of(("vote", Choice(jnp.ones(N, bool), ("keep", "change"))))
ACTS = Named.of(("vote", jnp.array([0, 1, 0], jnp.int32)))
YES = Named.of(("vote", jnp.ones(N, bool)))
UNITS = jnp.array([1, -2, 3], jnp.int32)


class Inert(Institution):
    """A rule that replaces nothing."""

    kind = RuleKind.PAYOFF


def a_tick() -> Tick:
    zero = jnp.zeros(N, jnp.int32)
    return Tick(jnp.int32(0), SEATS, MENU, ACTS, ACTS, YES, UNITS, UNITS, zero, None, jnp.zeros(N, bool))


def test_seven_kinds_of_rules():
    # E. Ostrom, Understanding Institutional Diversity (2005), table 7.1.
    assert [kind.name for kind in RuleKind] == [
        "BOUNDARY",
        "POSITION",
        "CHOICE",
        "INFORMATION",
        "AGGREGATION",
        "PAYOFF",
        "SCOPE",
    ]


@pytest.mark.parametrize("protocol", [World, Mind, HostedMind, Channel, TickMetric, EndMetric])
def test_a_part_must_speak(protocol):
    with pytest.raises(TypeError, match="abstract"):
        protocol()


def test_a_rule_that_says_nothing_changes_nothing():
    rule, tick = Inert(), a_tick()
    assert rule.permit((), SEATS, MENU) is MENU
    offer = Offer(SEATS, MENU, UNITS, YES, jnp.int32(0))
    assert rule.bind("memory", offer, ACTS, Key.root(0)).acts is ACTS
    ruling = rule.settle("memory", tick, Key.root(0))
    assert ruling.payoff is tick.payoff
    assert (ruling.memory, ruling.public, ruling.heir, ruling.links, ruling.groups) == ("memory", None, None, None, None)
    assert (int(ruling.held), int(ruling.burnt)) == (0, 0)
    assert (rule.begin(SEATS), rule.describe(()), rule.tell((), 0)) == ((), "", "")


def test_no_channel_says_nothing():
    channel = NoChannel()
    assert channel.permit(channel.begin(SEATS), SEATS, MENU) is MENU
    assert channel.deliver((), a_tick(), Key.root(0)).inbox == ()
    assert (channel.describe((), 0, ()), channel.phrases) == ("", ())
