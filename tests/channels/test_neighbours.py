"""Neighbours: only contacts hear, each in the slot of who spoke."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.channels.neighbours import Neighbours
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts
from commonweal.core.named import Named
from commonweal.core.networks import Regular, Ring, Star
from commonweal.core.seats import Links, Seats
from commonweal.core.streams import Key
from commonweal.core.views import Tick


def tick(handles, links):
    n = len(handles)
    acts: Acts = Named.of(("say", jnp.asarray(handles, jnp.int32)))
    zero = jnp.zeros(n, jnp.int32)
    answered = Named.of(("say", jnp.asarray(handles) >= 0))
    none = jnp.zeros(n, bool)
    return Tick(jnp.zeros((), jnp.int32), Seats(zero, links), Named((), ()), acts, acts, answered, zero, zero, zero, None, none)


@pytest.mark.parametrize("network", [Ring(2), Ring(4), Regular(4, seed=3)])
def test_each_slot_holds_what_that_contact_said(network):
    links = Links.of(network, 12)
    handles = [seat if seat % 4 else -1 for seat in range(12)]
    inbox = Neighbours().deliver((), tick(handles, links), Key.root(1)).inbox
    expected = np.asarray(handles)[np.asarray(links.to)]
    assert np.array_equal(inbox.handle, expected)
    assert np.array_equal(inbox.by, np.where(expected >= 0, links.to, -1))


def test_short_rows_hear_nothing_in_their_empty_places():
    rows = jnp.asarray([[1, 2], [0, -1], [0, -1]], jnp.int32)
    links = Links(rows, jnp.asarray([[0, 0], [0, -1], [1, -1]], jnp.int32), False)
    inbox = Neighbours().deliver((), tick([10, 11, 12], links), Key.root(1)).inbox
    assert inbox.handle.tolist() == [[11, 12], [10, -1], [10, -1]]


def test_everything_can_be_lost():
    inbox = Neighbours(loss=1.0).deliver((), tick([1] * 6, Links.of(Ring(2), 6)), Key.root(1)).inbox
    assert not inbox.there.any()


def test_who_listens_to_few_hears_contacts_alone_and_each_once():
    """A hub of 40 leaves that listens to 3: of the chance 1 - (1 - 1/40)^3 that it hears a leaf, 5 standard deviations."""
    star = Links.of(Star(), 41)
    assert star.to is None
    said = tick(list(range(41)), star)
    inboxes = jax.vmap(lambda trial: Neighbours(listens=3).deliver((), said, Key.root(2).child(trial)).inbox)(jnp.arange(2000))
    by = np.asarray(inboxes.by)
    assert by.shape == (2000, 41, 3)
    assert np.array_equal(inboxes.handle, by)
    assert (by[:, 1:, 0] == 0).all()  # a leaf hears the hub, once
    assert (by[:, 1:, 1:] == -1).all()
    hub = by[:, 0]
    assert all(len(set(row[row >= 0])) == (row >= 0).sum() for row in hub)
    chance = 1 - (1 - 1 / 40) ** 3
    heard = np.asarray([(hub == leaf).sum() for leaf in range(1, 41)])
    assert (np.abs(heard - 2000 * chance) < 5 * np.sqrt(2000 * chance * (1 - chance))).all()


def test_a_hub_cannot_listen_to_everybody():
    seats = Seats(jnp.zeros(41, jnp.int32), Links.of(Star(), 41))
    with pytest.raises(StudyError, match="listens=0 needs a row of contacts"):
        Neighbours().begin(seats)
    assert Neighbours(listens=1).begin(seats) == ()
    with pytest.raises(StudyError, match="listen to -1 contacts"):
        Neighbours(listens=-1)


def test_without_a_network_there_are_no_neighbours():
    with pytest.raises(StudyError, match="network"):
        Neighbours().begin(Seats(jnp.zeros(3, jnp.int32)))


def test_loss_is_a_probability():
    with pytest.raises(StudyError, match="from 0 to 1"):
        Neighbours(loss=-0.1)
    assert eqx.tree_equal(Neighbours(), Neighbours(loss=0.0))
