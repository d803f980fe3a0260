"""Posters against DeGroot's limit, clusters of bounded confidence, planted learning, and closed forms of their timing."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.channels.forum import Forum
from commonweal.core.board import empty_feed
from commonweal.core.content import ONE_PART, directions, of_length_one
from commonweal.core.errors import StudyError
from commonweal.core.feed import FOLLOW, LIKE, POST, REPLY
from commonweal.core.menu import Menu
from commonweal.core.named import Named
from commonweal.core.questions import Choice, Say
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import View
from commonweal.minds.posters import Poster
from commonweal.testing import check_mind
from commonweal.worlds.platform import Platform

N, K, D = 8, 7, 16
INIT, ACT = eqx.filter_jit(Poster.init), eqx.filter_jit(Poster.act)


def view(feed, asked=None, born=False, seen: Named[jax.Array] | None = None):
    """What a forum offers seats that are shown this feed."""
    n, k, d = feed.vector.shape
    all_, seeing = jnp.ones(n, bool), feed.there.any(1)
    names = ("nobody", *(f"post {place + 1}" for place in range(k)))
    menu: Menu = Named.of(
        (POST, Say(all_ if asked is None else asked, size=d)),
        (REPLY, Choice(seeing, names)),
        (LIKE, Choice(seeing, ("pass", "like"), to=jnp.where(feed.there, 0, -1))),
        (FOLLOW, Choice(seeing, names)),
    )
    zero = jnp.zeros(n, jnp.int32)
    newborn, now = jnp.full(n, born), jnp.asarray(1, jnp.int32)
    seen = Named.of(("news", jnp.zeros((n, d), jnp.int32))) if seen is None else seen
    return View(seen, None, feed, Named((), ()), menu, zero, zero, zero, newborn, None, None, now)


def shown(vectors, **more):
    """A feed of [a, k, d] vectors."""
    n, k, d = vectors.shape
    feed = dataclasses.replace(empty_feed(n, k, d), vector=jnp.asarray(vectors, jnp.int32), there=jnp.ones((n, k), bool))
    return dataclasses.replace(feed, **more)


def born(poster, seed, n=N):
    return INIT(poster, Key.root(seed), Seats(jnp.zeros(n, jnp.int32)))


WHO = (np.arange(N)[:, None] + np.arange(1, N)[None]) % N


def talk(poster, memory, ticks, seed):
    """The personas after some ticks in which everybody saw what all others had just said."""
    feed = empty_feed(N, K, D)
    for now in range(ticks):
        decision = ACT(poster, memory, view(feed), Key.root(seed).child(now))
        memory = decision.memory
        feed = shown(np.asarray(memory.said)[WHO])
    return np.asarray(memory.persona) / ONE_PART


def plain(own, rate, ticks):
    """DeGroot's averaging on the sphere, in floats: each is drawn to the direction of the mean of the others."""
    for _ in range(ticks - 1):
        mean = own.sum(0) - own
        own = own + rate * mean / np.linalg.norm(mean, axis=1, keepdims=True)
        own = own / np.linalg.norm(own, axis=1, keepdims=True)
    return own


def talker(**genes):
    return Poster(activity=1.0, reads=0.0, noise=0.0, **genes)


def test_who_absorbs_on_a_complete_feed_comes_to_degroots_limit():
    """The same averaging in floats, and, of seats that begin close together, the mean of where they began."""
    poster, rng = talker(absorbs=0.125), np.random.default_rng(1)
    begun = born(poster, int(rng.integers(1 << 30)))
    found, expected = talk(poster, begun, 60, 1), plain(np.asarray(begun.persona) / ONE_PART, 0.125, 60)
    assert ((found * expected).sum(1) > 0.997).all()
    assert (found @ found.T > 0.998).all()
    near = of_length_one(jnp.zeros((N, D), jnp.int32).at[:, 0].set(5 * ONE_PART) + directions(Key.root(2), (N, D)))
    begun = dataclasses.replace(begun, persona=near)
    mean = np.asarray(near).mean(0) / np.linalg.norm(np.asarray(near).mean(0))
    assert (talk(poster, begun, 60, 2) @ mean > 0.9993).all()
    assert (np.asarray(near) / ONE_PART @ mean).min() < 0.99


def test_bounded_confidence_leaves_two_camps_and_none_joins_all():
    """Two poles with cosines below 0 between them: Hegselmann and Krause's clusters; without a bound, one cluster."""
    poster = talker(absorbs=0.25, poles=3.0)
    begun = born(poster, 4)
    side = np.sign(np.asarray(begun.persona)[:, 0])
    assert 0 < (side > 0).sum() < N
    assert abs(side.sum()) > 0
    bounded = talk(talker(absorbs=0.25, poles=3.0, within=0.0), begun, 60, 3)
    assert np.array_equal(bounded @ bounded.T > 0, side[:, None] == side)
    assert (np.abs(bounded @ bounded.T)[side[:, None] == side] > 0.995).all()
    free = talk(poster, begun, 60, 3)
    assert (free @ free.T > 0.99).all()


def test_frozen_and_committed_posters_stay_and_read():
    """The frozen one's words follow what it reads, its persona never; the committed one says its persona."""
    begun = born(Poster(), 5)
    target = np.broadcast_to(np.asarray(directions(Key.root(6), (D,))), (N, K, D))
    frozen, memory = Poster(activity=1.0, reads=4.0, noise=0.0), begun
    for now in range(20):
        done = ACT(frozen, memory, view(shown(target, mine=jnp.full(N, now, jnp.int32))), Key.root(now))
        memory = done.memory
    assert np.array_equal(memory.persona, begun.persona)
    mixed = np.asarray(begun.persona) + 4.0 * target[:, 0]
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    assert np.abs(np.asarray(done.acts[POST]) / ONE_PART - mixed).max() < 0.003
    said = ACT(talker(), begun, view(shown(target)), Key.root(1)).acts[POST]
    assert np.abs(np.asarray(said) - np.asarray(begun.persona)).max() <= 2


def test_likes_pull_by_the_planted_rate_towards_what_was_there_to_be_liked():
    """m + rate (g - G) w on average, with w what was said before the last post; nothing where a mind was just born."""
    rng, feed = np.random.default_rng(7), empty_feed(N, K, D)
    begun = born(Poster(), 8)
    aired, said = directions(Key.root(9), (N, D)), directions(Key.root(10), (N, D))
    memory = dataclasses.replace(begun, aired=aired, said=said, base=jnp.full(N, 2 << 8, jnp.int32))
    for rate in np.round(rng.uniform(0.002, 0.2, 4) * ONE_PART) / ONE_PART:
        poster, likes = Poster(learns=rate), rng.integers(0, 5, N)
        feed = dataclasses.replace(feed, mine=jnp.asarray(likes, jnp.int32))
        moved = [ACT(poster, memory, view(feed), Key.root(seed)).memory for seed in range(60)]
        expected = np.asarray(memory.persona) + rate * (likes - 2)[:, None] * np.asarray(aired)
        expected *= ONE_PART / np.linalg.norm(expected, axis=1, keepdims=True)
        # Rounded by lot: a standard error of at most 1/2 / sqrt(60) = .065; the persona's own rounding shifts its length.
        assert np.abs(np.mean([own.persona for own in moved], axis=0) - expected).max() < 1.5
        assert np.abs(np.mean([own.persona for own in moved], axis=0) - expected).mean() < 0.4
        assert moved[0].base.tolist() == [(2 << 8) + (((int(own) - 2) << 8) >> 3) for own in likes]
        young = ACT(poster, dataclasses.replace(memory, base=jnp.zeros(N, jnp.int32)), view(feed, born=True), Key.root(1))
        assert np.array_equal(young.memory.persona, memory.persona)


def test_contrarians_move_away():
    begun = born(Poster(), 11)
    target = np.broadcast_to(np.asarray(directions(Key.root(12), (D,))), (N, K, D))
    for rate in (-0.5, 0.5):
        after = ACT(Poster(absorbs=rate), begun, view(shown(target)), Key.root(1)).memory.persona
        change = (np.asarray(after) - np.asarray(begun.persona)) @ target[0, 0]
        assert (np.sign(change) == np.sign(rate)).all()


def test_likes_follows_and_replies_are_as_genes_say():
    """Likes: all of a cosine of at least `taste`; the nearest of them is followed; replies heed their parent."""
    begun = born(Poster(), 13)
    vectors = np.asarray(directions(Key.root(14), (N, K, D)))
    near = (vectors * np.asarray(begun.persona)[:, None]).sum(2) >> 10
    poster = Poster(activity=1.0, keen=1.0, taste=0.1, replies=1.0, keeps=0.0, reads=0.0, heeds=1.0, noise=0.0)
    acts = ACT(poster, begun, view(shown(vectors)), Key.root(1)).acts
    likes = near >= round(0.1 * ONE_PART)
    assert acts[LIKE].tolist() == (likes << np.arange(K)).sum(1).tolist()
    assert acts[FOLLOW].tolist() == np.where(likes.any(1), near.argmax(1) + 1, 0).tolist()
    place = np.asarray(acts[REPLY])
    assert (place > 0).all()
    assert np.abs(np.asarray(acts[POST]) - vectors[np.arange(N), place - 1]).max() <= 2
    half = [
        ACT(dataclasses.replace(poster, keen=jnp.float32(0.5)), begun, view(shown(vectors)), Key.root(s)) for s in range(60)
    ]
    given = np.asarray([done.acts[LIKE] for done in half])
    assert (given & ~np.asarray(acts[LIKE]) == 0).all()
    count = np.asarray([[int(row).bit_count() for row in rows] for rows in given]).sum()
    assert abs(count / (60 * likes.sum()) - 0.5) < 5 * 0.5 / np.sqrt(60 * likes.sum())


def test_who_is_not_asked_says_nothing_and_remembers_nothing_said():
    begun = born(Poster(), 15)
    done = ACT(Poster(activity=1.0), begun, view(empty_feed(N, K, D), asked=jnp.arange(N) > 3), Key.root(1))
    silent = ~np.asarray(done.acts[POST]).any(1)
    assert silent.tolist() == [True] * 4 + [False] * 4
    assert np.array_equal(~np.asarray(done.memory.said).any(1), silent)


def test_gaps_between_posts_have_the_closed_forms_of_their_timing():
    """Coefficient of variation sqrt(1 - p) without memory, 0 of regular ones, 3.46 of those that post in spells alone.

    In spells: a gap is 1 with probability .9, else 1 + G with G geometric of rate .025: mean 5, variance 300.
    """
    n, ticks = 96, 3000
    kind = np.arange(n) % 4
    poster = Poster(
        size=2,
        noise=0.0,
        activity=np.where(kind == 3, 0.1, 0.2),
        bursty=(kind == 1).astype(float),
        regular=kind == 2,
        spurred=np.where(kind == 3, 4.0, 0.0),
    )
    feed = dataclasses.replace(empty_feed(n, 1, 2), mine=jnp.full(n, 3, jnp.int32))

    @jax.jit
    def posts(memory):
        def step(memory, now):
            done = poster.act(memory, view(feed), Key.root(3).child(now))
            return done.memory, done.acts[POST].any(1)

        return jax.lax.scan(step, memory, jnp.arange(ticks))[1]

    found = np.asarray(posts(born(poster, 16, n)))
    rates = [found[:, kind == own].mean() for own in range(4)]
    # 24 seats x 3,000 ticks: standard errors .0015; in spells 4 times that. A regular one posts each fifth tick.
    assert abs(rates[0] - 0.2) < 0.008
    assert abs(rates[1] - 0.2) < 0.03
    assert rates[2] == 0.2
    assert abs(rates[3] - 0.5) < 0.01
    gaps = [np.concatenate([np.diff(np.flatnonzero(row)) for row in found.T[kind == own]]) for own in range(3)]
    spread = [own.std() / own.mean() for own in gaps]
    assert abs(spread[0] - np.sqrt(0.8)) < 0.03
    assert abs(spread[1] - np.sqrt(300) / 5) < 0.3
    assert spread[2] == 0


def test_what_does_not_fit_is_refused():
    for wrong in ({"activity": 1.5}, {"keeps": 5.0}, {"within": -1.5}, {"spurred": 4.5}, {"poles": 17.0}):
        with pytest.raises(StudyError, match=next(iter(wrong))):
            Poster(**wrong)
    begun, feed = born(Poster(), 1), empty_feed(N, K, D)
    with pytest.raises(StudyError, match="found no such forum"):
        ACT(Poster(), begun, dataclasses.replace(view(feed), inbox=()), Key.root(1))
    with pytest.raises(StudyError, match="news of shape"):
        ACT(Poster(), begun, view(feed, seen=Named.of(("news", jnp.zeros((N, 3), jnp.int32)))), Key.root(1))


@pytest.mark.slow
def test_the_laws_hold():
    genes = {"absorbs": 0.1, "learns": 0.2, "news": 1.0, "heeds": 0.5, "bursty": 0.5, "spurred": 1.0}
    check_mind(Poster(size=4, **genes), Platform(size=4), Forum(size=4, room=32, follows=2))
