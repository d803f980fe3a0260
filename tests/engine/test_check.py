"""What is refused before anything runs."""

import dataclasses
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import LawError, StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Ring, back_slots
from commonweal.core.parts import Channel, Institution, RuleKind
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.core.views import Delivery, Ruling
from commonweal.engine.check import check
from commonweal.engine.compiled import advance
from commonweal.engine.trial import begin
from commonweal.institutions.fermi import Fermi
from commonweal.institutions.rewiring import Rewiring
from commonweal.metrics.survival import Survival
from commonweal.minds.scripted import Scripted
from commonweal.testing import society_for
from commonweal.worlds.network_game import NetworkGame


class Growing(Institution):
    """A rule whose memory changes its type."""

    kind: ClassVar[RuleKind] = RuleKind.PAYOFF

    def begin(self, seats):
        return jnp.zeros((), jnp.int32)

    def settle(self, memory, tick, key):
        return Ruling(memory.astype(jnp.float32) + 1, tick.payoff)


def test_a_metric_that_a_world_cannot_feed_is_refused():
    with pytest.raises(StudyError, match="HasStock"):
        check(society_for(NetworkGame()), Named.of(("survived", Survival())))
    check(society_for(), Named.of(("survived", Survival())))


def test_two_rules_that_move_the_same_are_refused():
    with pytest.raises(StudyError, match="one and two both return heir"):
        check(society_for(rules=(("one", Fermi()), ("two", Fermi()))), Named((), ()))


class Meetings(Channel):
    """A channel that rewires: whoever met last round meets others next round."""

    def begin(self, seats):
        return Rewiring(1.0, blind=True).begin(seats)

    def permit(self, memory, seats, menu):
        return menu

    def deliver(self, memory, tick, key):
        everybody = jnp.ones(tick.seats.n, bool)
        return Delivery((), memory, Rewiring(1.0, blind=True).rewired(tick.seats.links, everybody, memory, key))

    def describe(self, inbox, agent, texts):
        return ""


def test_a_channel_may_rewire_and_then_no_rule_may():
    meeting = Society(NetworkGame(), Named.of(("kind", Scripted())), Seating(30, network=Ring(4)), channel=Meetings())
    check(meeting, Named((), ()))
    before, after = begin(meeting, 1), advance(begin(meeting, 1), 3)
    rows = np.asarray(after.state.seats.links.to)
    assert (rows != np.asarray(before.state.seats.links.to)).any()
    assert np.array_equal(back_slots(rows) >= 0, np.ones_like(rows, bool))  # mutual still, and of the same degrees
    with pytest.raises(StudyError, match="one and the channel both return links"):
        check(dataclasses.replace(meeting, rules=Named.of(("one", Rewiring()))), Named((), ()))


def test_a_memory_that_changes_its_shape_is_refused():
    with pytest.raises(LawError, match="same shape every tick"):
        check(society_for(rules=(("growing", Growing()),)), Named((), ()))
