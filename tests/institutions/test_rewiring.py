"""Rewiring: laws of the links, decay of contacts, clustering of a ring, and who ends up with whom."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.sparse import csr_array

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.links import Links
from commonweal.core.named import Named
from commonweal.core.networks import BarabasiAlbert, Regular, Ring, Star, WattsStrogatz
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.compiled import run_batch
from commonweal.institutions.fermi import Fermi
from commonweal.institutions.presence import If
from commonweal.institutions.rewiring import Rewiring
from commonweal.minds.scripted import Scripted
from commonweal.worlds.network_game import NetworkGame

KEY = Key.root(4)


@eqx.filter_jit
def after(rule: Rewiring, links: Links, short: jax.Array, key: Key, ticks: int) -> list[Links]:
    """The network after each of so many ticks."""
    order, seen = rule.begin(Seats(jnp.zeros(links.degree.shape[0], jnp.int32), links)), []

    def step(at: Links, tick: jax.Array) -> tuple[Links, Links]:
        at = rule.rewired(at, short, order, key.child(tick))
        return at, at

    last, seen = jax.lax.scan(step, links, jnp.arange(ticks))
    return [last, seen]


def partners(links: Links) -> np.ndarray:
    return np.asarray(jax.vmap(lambda at: at.partners())(links))


@pytest.mark.parametrize("network", [Ring(4), Regular(8, 2), WattsStrogatz(6, 0.3), BarabasiAlbert(3), Star()])
@pytest.mark.parametrize("rate", [1.0, 0.3])
def test_links_stay_links(network, rate):
    """At every tick contacts are mutual, nobody is their own, degrees and empty slots are what they were."""
    n = 120
    links = Links.of(network, n)
    short = jnp.asarray(np.random.default_rng(1).random(n) < 0.6)
    first = np.asarray(links.partners())
    owner = np.asarray(links.owners(jnp.arange(first.size)))
    moved = False
    for blind in (True, False):
        rule = Rewiring(rate, blind=blind)
        last, seen = after(rule, links, short | blind, KEY, 12)
        for partner in partners(seen):
            there = np.flatnonzero(partner >= 0)
            assert ((partner >= 0) == (first >= 0)).all()
            assert (partner[partner[there]] == there).all()
            assert (owner[partner[there]] != owner[there]).all()
            moved |= bool((owner[partner[there]] != owner[first[there]]).any() and not isinstance(network, Star))
        if last.to is not None:
            to, back = np.asarray(last.to), np.asarray(last.back)
            i, slot = np.nonzero(to >= 0)
            assert (to[to[i, slot], back[i, slot]] == i).all()
            assert (back[to[i, slot], back[i, slot]] == slot).all()
        else:
            assert np.asarray(last.ragged.to)[first >= 0].tolist() == owner[np.asarray(last.partners())[first >= 0]].tolist()
        if isinstance(network, Star):  # a swap of two of its contacts gives the hub itself, or a star again
            assert last.degree.tolist() == [n - 1] + [1] * (n - 1)
            assert last.sums(jnp.arange(n)).tolist() == [n * (n - 1) // 2] + [0] * (n - 1)
    assert moved != isinstance(network, Star)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5])
def test_contacts_decay(rate):
    """A contact is still there after t ticks with probability (1 - rate)^t: 5 standard deviations, and 8 / n for returns."""
    n = 5000
    links = Links.of(Regular(8, 1), n)
    first = np.asarray(links.partners())
    _, seen = after(Rewiring(rate, blind=True), links, jnp.ones(n, bool), KEY, 6)
    for tick, partner in enumerate(partners(seen), 1):
        known = (1 - rate) ** tick
        assert abs((partner == first).mean() - known) <= 5 * np.sqrt(known * (1 - known) / (4 * n)) + 8 / n


def test_a_ring_becomes_a_random_network():
    """A ring of degree 8 has 6 triangles a seat; a random multigraph of its degrees (k - 1)^3 / 6 in all, Poisson.

    Source: B. Bollobas, "A probabilistic proof of an asymptotic formula for the number of labelled regular graphs" (1980).
    """
    n = 3000
    _, seen = after(Rewiring(0.5, blind=True), Links.of(Ring(8), n), jnp.ones(n, bool), KEY, 40)
    found = []
    for to in np.asarray(seen.to)[[0, 19, 24, 29, 34, 39]]:
        counts = csr_array((np.ones(8 * n), (np.repeat(np.arange(n), 8), to.ravel())), shape=(n, n))
        found.append(round((counts @ counts).multiply(counts).sum()) // 6)
    # A triangle lives with its three edges; at rate 1 / 2 an eighth is left after a tick.
    assert found[0] / (6 * n) == pytest.approx(1 / 8, abs=0.02)
    assert np.mean(found[1:]) == pytest.approx(7**3 / 6, abs=5 * np.sqrt(7**3 / 6 / 5))


def mean_field(mixed: float, ends: float, rate: float, ticks: int) -> float:
    """Contacts between the kinds after so many ticks, `ends` being those of the seats that fall short.

    Two that are matched with each other become one of each kind; matched with one of two that fall short, as many are left:
    with M mixed and B = (ends - M) / 2 of those, M' = M - rate M^2 / (M + B).
    """
    for _ in range(ticks):
        mixed -= rate * mixed**2 / (mixed + (ends - mixed) / 2)
    return mixed


def test_like_end_up_with_like() -> None:
    """Half of 4000 seats fall short: contacts between the kinds die out as in the mean field."""
    n, rate = 4000, 0.5
    short = np.arange(n) % 2 == 0
    links = Links.of(Regular(6, 3), n)

    def mixed(at: jax.Array) -> float:
        return float((short[np.asarray(at)] != short[:, None]).sum() / 2)

    last, seen = after(Rewiring(rate), links, jnp.asarray(short), KEY, 30)
    assert mixed(links.to) == pytest.approx(6 * n / 4, rel=0.03)
    for ticks in (1, 3, 10, 30):
        known = mean_field(mixed(links.to), 6 * n / 2, rate, ticks)
        assert mixed(seen.to[ticks - 1]) == pytest.approx(known, abs=5 * np.sqrt(known))
    # Those who do not fall short never give each other up.
    own, now = np.asarray(links.to)[1::2], np.asarray(last.to)[1::2]
    kept = own % 2 == 1
    assert (now[kept] == own[kept]).all()


def test_who_falls_short_by_the_norm() -> None:
    """Donation of 4 at cost 1 on degree 4: a mixed contact pays the defector 4 more than a kind one loses by it.

    With M mixed contacts and 400 ends of each kind of 100 seats, kind ones get 12 - 4 M / 100 and harsh ones 4 M / 100.
    """
    society = Society(
        NetworkGame.donation(4, 1),
        Named.of(("kind", Scripted(level=1.0)), ("harsh", Scripted(level=0.0))),
        Seating(200, Named.of(("harsh", jnp.float32(0.5))), network=Regular(4, 1)),
        Named.of(("rewire", Rewiring())),
    )
    place = [lens.rule("rewire", Rewiring, get) for get in (lambda r: r.rate, lambda r: r.norm, lambda r: r.blind)]
    values = [np.asarray(x) for x in ([0.0, 0.3, 0.3, 0.3], [1.0, 1.0, 0.0, 1.0], [False, False, False, True])]
    logs = run_batch(society, tuple(zip(place, values, strict=True)), (7,) * 4, 40, record=("payoff", "mind"))
    paid = np.stack(
        [[log.traces["payoff"][log.traces["mind"] == kind].reshape(40, 100).sum(1) for kind in (0, 1)] for log in logs]
    )
    mixed = paid[:, 1] / 4
    assert (paid[:, 0] == 1200 - 4 * mixed).all()
    # Nothing moves at rate 0, nor where nobody is below the norm; blind rewiring leaves the share of mixed ones at a half.
    assert (mixed[[0, 2]] == mixed[0, 0]).all()
    assert mixed[3, 5:].mean() == pytest.approx(400 * 100 / 199, rel=0.05)
    known = [mean_field(mixed[1, 0], 400, 0.3, ticks) for ticks in range(40)]
    assert np.abs(mixed[1] - known).max() < 5 * np.sqrt(200 / 4)


def test_absent_it_is_the_identity():
    """Rate 0 and an absent rule leave the log as it is without the rule, seat by seat."""
    minds = Named.of(("kind", Scripted(level=0.7)), ("harsh", Scripted(level=0.2)))
    seats = Seating(60, Named.of(("harsh", jnp.float32(0.5))), network=WattsStrogatz(4, 0.2))

    def traces(rules, vary, trials):
        society = Society(NetworkGame.donation(4, 1), minds, seats, Named.of(*rules, ("copy", Fermi(0.3))))
        return [log.traces for log in run_batch(society, vary, (2,) * trials, 6, record=("acts", "payoff", "mind"))]

    rule = If(Rewiring(blind=True))
    places = (lens.rule("rewire", If, lambda r: r.on), lens.rule("rewire", Rewiring, lambda r: r.rate))
    values = (np.asarray([True, False, True]), np.asarray([0.0, 1.0, 1.0], np.float32))
    bare = traces((), (), 1)[0]
    found = traces((("rewire", rule),), tuple(zip(places, values, strict=True)), 3)
    same = [all((own[name] == bare[name]).all() for name in bare) for own in found]
    assert same == [True, True, False]


def test_words_and_errors():
    assert Rewiring(0.0).describe(()) == ""
    assert "acted below 0.5 of a fair share" in Rewiring(0.1, 0.5).describe(())
    assert Rewiring(0.1, blind=True).describe(()).startswith("Each round each contact is given up with probability 0.1")
    with pytest.raises(StudyError, match="rate = 2"):
        Rewiring(2.0)
    with pytest.raises(StudyError, match="norm = -1"):
        Rewiring(0.5, -1.0)
    with pytest.raises(StudyError, match="without a network"):
        Rewiring().begin(Seats(jnp.zeros(3, jnp.int32)))
