"""Menus: defaults, standing on the norm scale, who is asked."""

import jax.numpy as jnp
import numpy as np

from commonweal.core.menu import asks_only, choose, defaults, lawful_or_default, standing
from commonweal.core.named import Named
from commonweal.core.questions import Amount, Choice, Scale

ASKED = jnp.array([True, True, False, False])
N = 4


def harvest(asked=ASKED):
    return Amount(asked, jnp.zeros(N, jnp.int32), jnp.full(N, 50), scale=Scale(jnp.float32(10)))


def help_(asked):
    return Choice(asked, ("refuse", "help"), serves=jnp.array([0.0, 1.0]))


def vote():
    return Choice(jnp.ones(N, bool), ("keep", "change"))


def test_defaults_by_name():
    acts = defaults(Named.of(("vote", vote()), ("harvest", harvest())))
    assert acts.names == ("vote", "harvest")
    assert acts["harvest"].tolist() == [0] * N


def test_standing_is_the_mean_of_what_was_asked():
    # By hand: seat 0 is asked both (10/20 and 1), seat 1 harvest alone (10/40), seat 2 help alone (0), seat 3 nothing.
    menu = Named.of(("vote", vote()), ("harvest", harvest()), ("help", help_(jnp.array([True, False, True, False]))))
    acts = Named.of(
        ("vote", jnp.ones(N, jnp.int32)), ("harvest", jnp.array([20, 40, 50, 50])), ("help", jnp.array([1, 0, 0, 1]))
    )
    found = standing(menu, acts)
    np.testing.assert_allclose(found.level, [0.75, 0.25, 0.0, 1.0], atol=2e-5)
    assert found.known.tolist() == [True, True, True, False]


def test_standing_with_one_scale_or_none():
    alone = standing(Named.of(("harvest", harvest())), Named.of(("harvest", jnp.array([20, 5, 50, 50]))))
    assert (alone.level.tolist(), alone.known.tolist()) == ([0.5, 1.0, 1.0, 1.0], [True, True, False, False])
    none = standing(Named.of(("vote", vote())), Named.of(("vote", jnp.ones(N, jnp.int32))))
    assert (none.level.tolist(), none.known.tolist()) == ([1.0] * N, [False] * N)


def test_illegal_answers_become_the_default():
    act, fine = lawful_or_default(harvest(), jnp.array([-1, 50, 51, 7]))
    assert act.tolist() == [0, 50, 0, 7]
    assert fine.tolist() == [False, True, False, True]


def test_choose_row_by_row_in_any_tree():
    left, right = {"x": jnp.ones((N, 2)), "y": jnp.arange(N)}, {"x": jnp.zeros((N, 2)), "y": -jnp.arange(N)}
    found = choose(ASKED, left, right)
    assert found["x"].tolist() == [[1, 1], [1, 1], [0, 0], [0, 0]]
    assert found["y"].tolist() == [0, 1, -2, -3]


def test_asks_only_never_asks_more():
    narrowed = asks_only(harvest(), jnp.array([True, False, True, False]))
    assert narrowed.asked.tolist() == [True, False, False, False]
    assert narrowed.high.tolist() == harvest().high.tolist()
