"""Facts are asked for by shape, not by world."""

import jax.numpy as jnp

from commonweal.core.facts import HasStock
from commonweal.worlds.commons import CommonsFacts


def test_a_world_with_a_stock_has_one():
    number = jnp.int32(100)
    facts = CommonsFacts(stock=number, left=number, capacity=number, sustainable=number, collapsed=jnp.array(False))
    assert isinstance(facts, HasStock)


def test_others_have_none():
    class Other:
        stock = left = capacity = sustainable = 1

    assert not isinstance(Other(), HasStock)
    assert not isinstance(None, HasStock)
