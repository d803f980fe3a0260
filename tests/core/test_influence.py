"""Facts that tell of influence are recognised by their shape."""

from typing import NamedTuple

import jax.numpy as jnp

from commonweal.core.influence import ONE_SHARE, HasInfluence


class Facts(NamedTuple):
    influence: object


def test_facts_with_influence_are_recognised() -> None:
    assert isinstance(Facts(jnp.asarray([ONE_SHARE // 2] * 2)), HasInfluence)
    assert not isinstance(jnp.zeros(2), HasInfluence)
