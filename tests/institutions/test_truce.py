"""Truce: who is asked when, and that it ends the feuds of those who answer what they see."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Ring
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run
from commonweal.institutions.truce import Truce
from commonweal.minds.scripted import Scripted
from commonweal.testing import check_institution
from commonweal.worlds.conflict import Conflict


@pytest.mark.slow
def test_laws() -> None:
    check_institution(Truce(1, 3), Truce(0, 3), Conflict())


@pytest.mark.slow
def test_nobody_attacks_in_the_first_rounds_of_each_period() -> None:
    """Hawks on a ring of 6, 2 contacts each: 12 acts a round, all attacks outside of a truce."""
    length, period = (int(x) for x in np.random.default_rng(1027).integers((1, 5), (4, 8)))
    society = Society(
        Conflict(),
        Named.of(("hawk", Scripted(level=0.0))),
        Seating(6, network=Ring(2)),
        Named.of(("truce", Truce(length, period))),
    )
    readings = run(society, 0, 20).readings
    expected = [0 if tick % period < length else 12 for tick in range(20)]
    assert readings["world.mutual"].tolist() == expected
    starts = [now if now > before else 0 for before, now in zip([0, *expected[:-1]], expected, strict=True)]
    assert readings["world.begun"].tolist() == starts


def test_words_and_limits() -> None:
    rule = Truce(2, 5)
    assert "In 2 of every 5 rounds" in rule.describe(jnp.int32(0))
    assert "A truce holds now" in rule.describe(jnp.int32(1))
    assert "No truce holds now" in rule.describe(jnp.int32(2))
    assert Truce(0).describe(jnp.int32(0)) == ""
    for name, wrong in (("length", {"length": -1}), ("period", {"period": 0})):
        with pytest.raises(StudyError, match=name):
            Truce(**wrong)
