"""Values that pass between engine and parts."""

import dataclasses

import jax.numpy as jnp
import pytest

from commonweal.core.views import Ask, HostedDecision, Ruling, Told, Words, same_seats


def test_nobody_moves():
    assert same_seats(4).tolist() == [0, 1, 2, 3]
    assert same_seats(4).dtype == jnp.int32


def test_a_ruling_holds_and_burns_nothing_unless_it_says_so():
    ruling = Ruling((), jnp.zeros(2, jnp.int32))
    assert (int(ruling.held), int(ruling.burnt)) == (0, 0)
    assert str(ruling.held.dtype) == "int64"


def test_acts_of_contacts_are_told_only_where_they_are():
    told = Told(jnp.ones(2), jnp.ones(2, bool))
    assert told.contacts is None
    assert told.mine is None


def test_decisions_are_equal_whatever_time_they_took():
    # A log must not differ by wall time.
    assert HostedDecision({"a": 1}, seconds=1.0) == HostedDecision({"a": 1}, seconds=2.0)
    assert HostedDecision({"a": 1}) != HostedDecision({"a": 2})


def test_words_are_frozen():
    words = Words(0, 0, "rules", "situation", "", "", (), (Ask("a", "say"),))
    with pytest.raises(dataclasses.FrozenInstanceError):
        words.rules = "other"
    assert (words.tick_name, words.asks[0].words) == ("round", 40)
