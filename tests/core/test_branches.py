"""Branches that steer the compiler and the clock: values never depend on them."""

import jax
import jax.numpy as jnp
import numpy as np

from commonweal.core.branches import apart, seldom


def squared(x: jax.Array) -> jax.Array:
    return x * x


def test_apart_is_the_identity_alone_and_in_a_batch() -> None:
    rows = jnp.arange(12.0).reshape(3, 4)
    held = jnp.asarray([0, 5, 7])
    alone = jax.jit(lambda x, t: apart((x, x + 1), t >= 0))(rows, held[0])
    np.testing.assert_array_equal(alone[1], rows + 1)
    batched = jax.jit(jax.vmap(lambda x, t: apart((x, x + 1), t >= 0)))(rows, held)
    np.testing.assert_array_equal(batched[0], rows)


def test_apart_stays_one_branch_in_a_batch() -> None:
    def one(x: jax.Array, t: jax.Array) -> jax.Array:
        return apart(x * 2, t >= 0)

    text = str(jax.make_jaxpr(jax.vmap(one))(jnp.ones((3, 4)), jnp.zeros(3)))
    assert " cond[" in text


def test_seldom_gives_each_trial_its_own_branch() -> None:
    given = jnp.arange(1.0, 7.0)
    for needed in ([False] * 6, [True, False, True, False, False, True], [True] * 6):
        flags = jnp.asarray(needed)
        found = jax.jit(jax.vmap(lambda n, x: seldom(n, squared, jnp.negative, x)))(flags, given)
        np.testing.assert_array_equal(found, np.where(needed, np.square(given), -given))
        shared = jax.jit(jax.vmap(lambda n: seldom(n, squared, jnp.negative, given)))(flags)
        np.testing.assert_array_equal(shared, np.where(np.asarray(needed)[:, None], np.square(given), -given))
    alone = jax.jit(lambda n, x: seldom(n, squared, jnp.negative, x))
    assert alone(jnp.asarray(True), 3.0) == 9.0
    assert alone(jnp.asarray(False), 3.0) == -3.0


def test_seldom_with_one_condition_for_all_trials() -> None:
    given = jnp.arange(4.0)
    found = jax.jit(lambda n: jax.vmap(lambda x: seldom(n, squared, jnp.negative, x))(given))(jnp.asarray(True))
    np.testing.assert_array_equal(found, np.square(given))
