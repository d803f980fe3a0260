"""Ordered names: order and duplicates survive what a dict in a pytree would lose."""

import jax
import jax.numpy as jnp
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named


def abc() -> Named[int]:
    return Named.of(("zebra", 1), ("audit", 2), ("menu", 3))


def test_order_is_that_of_writing():
    # jax sorts the keys of a dict; a Named must come back as it went in.
    named = Named.of(("zebra", jnp.zeros(2)), ("audit", jnp.ones(2)))
    back = jax.tree.map(lambda x: x + 1, named)
    assert back.names == ("zebra", "audit")
    assert back["zebra"].tolist() == [1.0, 1.0]
    assert list(jax.tree.map(lambda x: x, {"zebra": 1, "audit": 2})) == ["audit", "zebra"]


def test_lookup():
    named = abc()
    assert named["audit"] == 2
    assert (named.get("menu"), named.get("none")) == (3, None)
    assert ("audit" in named, "none" in named, 3 in named) == (True, False, False)
    assert (len(named), list(named)) == (3, ["zebra", "audit", "menu"])
    assert list(named.items()) == [("zebra", 1), ("audit", 2), ("menu", 3)]


def test_changes_are_copies():
    named = abc()
    assert list(named.replace("audit", 9).items()) == [("zebra", 1), ("audit", 9), ("menu", 3)]
    assert named.add("new", 4).names == (*named.names, "new")
    assert named.map(str).values == ("1", "2", "3")
    assert named.values == (1, 2, 3)


def test_a_missing_name_says_what_is_near():
    with pytest.raises(StudyError, match=r"'audti'.*zebra, audit, menu.*did you mean audit"):
        abc()["audti"]
    with pytest.raises(StudyError, match="none"):
        Named((), ())["any"]
    with pytest.raises(StudyError, match="'tax'"):
        abc().replace("tax", 1)


def test_duplicates_and_lengths_are_refused():
    with pytest.raises(StudyError, match="two parts are named 'audit'"):
        Named.of(("audit", 1), ("audit", 2))
    with pytest.raises(StudyError, match="'zebra'"):
        abc().add("zebra", 4)
    with pytest.raises(StudyError, match="2 names for 1 values"):
        Named(("a", "b"), (1,))
