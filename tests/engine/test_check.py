"""What is refused before anything runs."""

from typing import ClassVar

import jax.numpy as jnp
import pytest

from commonweal.core.errors import LawError, StudyError
from commonweal.core.named import Named
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.views import Ruling
from commonweal.engine.check import check
from commonweal.institutions.fermi import Fermi
from commonweal.metrics.survival import Survival
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


def test_a_memory_that_changes_its_shape_is_refused():
    with pytest.raises(LawError, match="same shape every tick"):
        check(society_for(rules=(("growing", Growing()),)), Named((), ()))
