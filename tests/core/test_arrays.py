"""The alphabet of shapes: each alias takes its own arrays and no others (jaxtyping is the judge)."""

import jax.numpy as jnp
import pytest

from commonweal.core import arrays


@pytest.mark.parametrize(
    ("name", "shape", "dtype"),
    [
        ("Flags", (3,), bool),
        ("Units", (3,), jnp.int32),
        ("Levels", (3,), jnp.float32),
        ("Index", (3,), jnp.int32),
        ("Contacts", (3, 2), jnp.int32),
        ("PackedActs", (3,), jnp.uint8),
        ("Groups", (3, 2), bool),
        ("Word", (), jnp.uint32),
    ],
)
def test_aliases(name, shape, dtype):
    alias = getattr(arrays, name)
    assert isinstance(jnp.zeros(shape, dtype), alias)
    assert not isinstance(jnp.zeros((*shape, 1), dtype), alias)
    assert not isinstance(jnp.zeros(shape, jnp.int16), alias)
