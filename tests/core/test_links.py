"""Links: rows and ragged slots say the same of one network; slots are paired; which layout is taken when."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.errors import StudyError
from commonweal.core.links import Links
from commonweal.core.named import Named
from commonweal.core.networks import Adjacency, BarabasiAlbert, Complete, Regular, Star, StochasticBlock, WattsStrogatz
from commonweal.core.networks.adjacency import distinct
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.compiled import advance
from commonweal.engine.trial import begin
from commonweal.institutions.disclosure import Disclosure
from commonweal.institutions.fermi import Fermi
from commonweal.minds.scripted import Scripted
from commonweal.worlds.network_game import NetworkGame

N = 24


def shape(kind):
    """Edges of one of three graphs: seats without contacts, of one contact, and hubs."""
    draws = np.random.default_rng(kind)
    edges = draws.integers(0, N - 2, (20 * kind, 2))
    hub = np.stack([np.full(12, 3), draws.choice(N - 2, 12)], 1)
    return distinct(np.concatenate([edges, hub]), N)


def relabelled(kind, seed):
    """The graph over the seats in a random order: arrays of the same shapes, so that little is compiled."""
    return Adjacency.of(np.random.default_rng(seed).permutation(N)[shape(kind)], N)


def layouts(adjacency):
    return Links.in_rows(adjacency), Links.in_slots(adjacency)


@eqx.filter_jit
def verbs(links, values, key):
    """All that a part can ask."""
    with jax.enable_x64(True):
        wide = links.sums(values.astype(jnp.int64) << 33)
    return links.degree, links.sums(values), links.sums(values > 0), wide, links.pick(key)


@given(st.integers(0, 2), st.integers(0, 10**6))
def test_both_layouts_say_the_same(kind, seed):
    """Against numpy on the matrix; the random contact is the same one, and is a contact."""
    adjacency = relabelled(kind, seed)
    matrix = np.zeros((N, N), int)
    matrix[adjacency.source, adjacency.target] = 1
    values = np.random.default_rng(seed).integers(-1000, 1000, N)
    found = [verbs(links, jnp.asarray(values, jnp.int32), Key.root(seed)) for links in layouts(adjacency)]
    for degree, sums, heads, wide, pick in found:
        assert degree.tolist() == matrix.sum(1).tolist()
        assert sums.tolist() == (matrix @ values).tolist()
        assert heads.tolist() == (matrix @ (values > 0)).tolist()
        assert wide.tolist() == (matrix @ (values << 33)).tolist()
        assert (np.asarray(sums).dtype, np.asarray(wide).dtype) == (np.int32, np.int64)
        for i, j in enumerate(pick.tolist()):
            assert matrix[i, j] == 1 if matrix[i].any() else i == j
    assert found[0][4].tolist() == found[1][4].tolist()


@eqx.filter_jit
def slots_of(links):
    partners = links.partners()
    return links.owners(jnp.arange(partners.shape[0])), partners, links.paired(partners)


@given(st.integers(0, 2), st.integers(0, 10**6))
def test_slots_are_paired(kind, seed):
    """The partner's partner is the slot itself, at another seat; the network of the same partners is the same."""
    adjacency = relabelled(kind, seed)
    for links in layouts(adjacency):
        owner, partner, again = slots_of(links)
        owner, partner = np.asarray(owner), np.asarray(partner)
        there = np.flatnonzero(partner >= 0)
        assert (partner[partner[there]] == there).all()
        assert np.bincount(owner[there], minlength=N).tolist() == adjacency.degree.tolist()
        to = links.ragged.to if links.to is None else links.to.reshape(-1)
        assert (np.asarray(to)[there] == owner[partner[there]]).all()
        assert eqx.tree_equal(again, links)


def test_another_pairing_is_another_network():
    """A path 0 - 1, 2 - 3 whose slots are paired crosswise: 0 - 2, 1 - 3."""
    path = Adjacency.of(np.asarray([[0, 1], [2, 3]]), 4)
    for links in layouts(path):
        crossed = links.paired(jnp.asarray([2, 3, 0, 1], jnp.int32))
        assert crossed.sums(jnp.asarray([1, 10, 100, 1000], jnp.int32)).tolist() == [100, 1000, 1, 10]


def test_picks_are_uniform():
    """The hub of a star of 8 draws each leaf as often: 5 standard deviations; a leaf always draws the hub."""
    for links in layouts(Star().contacts(8)):
        seen = np.asarray(jax.vmap(lambda trial, links=links: links.pick(Key.root(1).child(trial)))(jnp.arange(7000)))
        assert (seen[:, 1:] == 0).all()
        assert (np.abs(np.bincount(seen[:, 0], minlength=8)[1:] - 1000) < 5 * np.sqrt(1000 * 6 / 7)).all()


@pytest.mark.parametrize(
    ("network", "n", "rows"),
    [
        (Regular(4), 40, True),
        (WattsStrogatz(8, 0.5), 2000, True),
        (StochasticBlock.communities(2, 0.01, 0.005), 1000, True),
        (Complete(), 60, True),
        (Star(), 20, True),  # short rows are never too long
        (Star(), 200, False),
        (BarabasiAlbert(4), 5000, False),
    ],
)
def test_rows_unless_they_would_be_nearly_empty(network, n, rows):
    links = Links.of(network, n)
    assert (links.to is not None, links.ragged is None) == (rows, rows)
    if not rows:
        slots = links.ragged.to.shape[0]
        assert slots <= 2 * int(links.degree.sum())
        assert links.most >= int(links.degree.max())
        with pytest.raises(StudyError, match="a game needs a row of contacts for each seat"):
            links.rows("a game")


def test_full_rows_need_no_masks():
    assert Links.of(Regular(4), 40).full
    assert not Links.of(Star(), 20).full
    assert Links.of(Regular(4), 40).degree.tolist() == [4] * 40


@pytest.mark.parametrize("edges", [np.empty((0, 2), np.int64), np.asarray([[0, 1]])])
def test_seats_without_contacts(edges):
    for links in layouts(Adjacency.of(edges, 3)):
        assert int(links.sums(jnp.ones(3, jnp.int32))[2]) == 0
        assert int(links.pick(Key.root(0))[2]) == 2
        assert eqx.tree_equal(links.paired(links.partners()), links)


@pytest.mark.parametrize("network", [BarabasiAlbert(3, seed=5), StochasticBlock.communities(3, 0.1, 0.01, seed=5)])
def test_a_society_does_not_see_the_layout(network):
    """One society on one random graph in both layouts: the same acts, payoffs, purses and minds of every seat."""
    n = 150
    society = Society(
        NetworkGame.donation(5, 1),
        Named.of(("kind", Scripted(level=0.9, condition=0.5, responsiveness=0.7)), ("harsh", Scripted(level=0.1))),
        Seating(n, Named.of(("harsh", jnp.float32(0.4))), network=network),
        Named.of(("told", Disclosure("contacts", noise=0.1)), ("copy", Fermi(0.2, 0.5))),
    )
    logs = [
        advance(begin(society, 3, record=("acts", "payoff", "purse", "mind"), links=links), 8).log()
        for links in layouts(network.contacts(n))
    ]
    assert logs[0].digest == logs[1].digest
    assert len(np.unique(logs[0].traces["payoff"])) > 20
    assert logs[0].readings["seats.born"].sum() > 0
