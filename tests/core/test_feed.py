"""A feed of zeros is empty; its rows are seats, whatever is done to it."""

import jax
import jax.numpy as jnp
import numpy as np

from commonweal.core.feed import FOLLOW, LIKE, POST, REPLY, Feed, Watched


def feed(a, k, d):
    """A feed whose every place holds a post."""
    draw = np.random.default_rng(31)
    places = [jnp.asarray(draw.integers(0, 9, (a, k)), jnp.int32) for _ in range(6)]
    seats = [jnp.asarray(draw.integers(0, 9, a), jnp.int32) for _ in range(3)]
    vector = jnp.asarray(draw.integers(-9, 9, (a, k, d)), jnp.int32)
    return Feed(places[0], vector, jnp.ones((a, k), bool), *places[1:], *seats)


def test_zeros_are_an_empty_feed():
    empty = jax.tree.map(jnp.zeros_like, feed(3, 2, 4))
    assert not empty.there.any()
    assert not empty.replied.any()
    assert empty.vector.shape == (3, 2, 4)


def test_rows_are_seats():
    full = feed(5, 3, 2)
    assert {leaf.shape[0] for leaf in jax.tree.leaves(full)} == {5}
    order = jnp.asarray([4, 0, 1, 3, 2])
    moved = jax.jit(lambda held: jax.tree.map(lambda leaf: leaf[order], held))(full)
    assert isinstance(moved, Feed)
    assert np.array_equal(moved.number, full.number[order])
    assert np.array_equal(moved.vector[1], full.vector[0])
    assert Watched(jnp.ones(5, bool)).watched.shape == (5,)


def test_questions_of_a_forum_have_names_of_their_own():
    assert len({POST, REPLY, LIKE, FOLLOW}) == 4
