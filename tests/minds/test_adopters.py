"""Adopters against the Wright-Fisher model, the voter model, the majority rule and a bandit's arithmetic."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.channels.forum import Forum
from commonweal.core.board import empty_feed
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.questions import Amount, Choice
from commonweal.core.ranking import at_random
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import View
from commonweal.engine.compiled import run_batch
from commonweal.minds.adopters import Adopter, Custom
from commonweal.minds.posters import Poster
from commonweal.minds.voiced import Voiced
from commonweal.testing import check_mind
from commonweal.worlds.platform import Platform

ACT = eqx.filter_jit(Adopter.act)


class Score(eqx.Module):
    """A rule that tells points."""

    points: jax.Array


class Page(eqx.Module):
    """A rule that shows a page."""

    entry: jax.Array


def view(n, k, inbox=None, payoff=None, born=False, public=()):
    """What seats that are asked for a custom of `k` see."""
    zero = jnp.zeros(n, jnp.int32)
    menu = Named.of(("custom", Choice(jnp.ones(n, bool), tuple(f"custom {own}" for own in range(k)))))
    paid = zero if payoff is None else payoff
    now = jnp.asarray(1, jnp.int32)
    return View(Named((), ()), None, inbox, Named.of(*public), menu, paid, zero, zero, jnp.full(n, born), None, None, now)


def seen(answers):
    """A feed of posts that carry these answers, [a, k]."""
    n, k = answers.shape
    feed = empty_feed(n, k, 0)
    return dataclasses.replace(feed, answer=answers.astype(jnp.int32), there=jnp.ones((n, k), bool))


@eqx.filter_jit
def live(adopter, held, places, ticks, seed):
    """What societies of [s, n] seats hold tick by tick, [t, s, n], where each seat sees others of the last tick at random.

    Of as many places as there are others, it sees all others.
    """
    societies, n = held.shape
    start = Custom(jnp.zeros((societies * n, adopter.answers), jnp.int32), held.reshape(-1).astype(jnp.int32))
    own = jnp.arange(n)[None, :, None]

    def step(memory, now):
        key = Key.root(seed).child(now)
        turn = 1 + key.child("who").below(n - 1, (societies, n, places))
        turn = jnp.broadcast_to(1 + jnp.arange(n - 1), (societies, n, places)) if places == n - 1 else turn
        rows = memory.held.reshape(societies, 1, n)
        found = jnp.take_along_axis(jnp.broadcast_to(rows, (societies, n, n)), (own + turn) % n, 2)
        done = adopter.act(memory, view(societies * n, adopter.answers, seen(found.reshape(-1, places))), key)
        return done.memory, done.memory.held.reshape(societies, n)

    return jax.lax.scan(step, start, jnp.arange(ticks))[1]


def agreement(held):
    """Share of pairs of seats that hold the same, of [..., n]."""
    n = held.shape[-1]
    return ((held[..., :, None] == held[..., None, :]).sum((-1, -2)) - n) / (n * (n - 1))


def settled(n, mu, k):
    """The share of the docstring, with agreement by accident put back."""
    s, p = (1 - mu) ** 2, (n - 2) / (n - 1) ** 2
    f = s * p / (1 - s * (1 - p))
    return f + (1 - f) / k


def test_copiers_with_mutation_agree_as_wright_and_fisher_say():
    """300 societies of 9; correlation dies out in some ten ticks, so that 60 ticks after 60 have errors of at most .006."""
    rng = np.random.default_rng(1)
    for mu in rng.uniform(0.03, 0.3, 3):
        held = rng.integers(0, 4, (300, 9))
        found = agreement(np.asarray(live(Adopter(copies=1.0, explores=mu), jnp.asarray(held), 1, 120, jnp.asarray(3))))
        assert found[60:].mean() == pytest.approx(settled(9, mu, 4), abs=0.025)


def test_voters_fix_with_the_probability_of_their_share():
    """4,000 societies of 9, of which 3 hold one custom: the share stays 1/3 on average at each tick, and ends at 0 or 1."""
    held = np.zeros((4000, 9), int)
    held[:, :3] = 1
    share = np.asarray(live(Adopter(copies=1.0), jnp.asarray(held), 1, 120, jnp.asarray(5))).mean(2)
    errors = share.std(1) / np.sqrt(4000)
    assert (np.abs(share.mean(1) - 1 / 3) < 5 * errors).all()
    assert np.isin(share[-1], (0.0, 1.0)).mean() > 0.999


def test_the_majority_rule_brings_consensus():
    """Where one custom leads by two among all, every seat sees it lead among the others."""
    rng = np.random.default_rng(2)
    held = np.asarray([rng.permutation([2] * 4 + [0] * 2 + [1] * 2 + [3]) for _ in range(50)])
    found = np.asarray(live(Adopter(conforms=1.0), jnp.asarray(held), 8, 1, jnp.asarray(1)))
    assert (found == 2).all()


def test_a_bandit_reckons_its_values_and_finds_the_better_arm():
    """Q moves by `learns` of the gap, to within 2^-6 a step; of four arms that pay 3, 9, 5 and 4, it ends on the best."""
    n, rng = 64, np.random.default_rng(3)
    rate, pay = float(rng.uniform(0.2, 0.5)), np.asarray([3, 9, 5, 4])
    adopter = Adopter(learns=rate, explores=0.2)
    memory = Custom(jnp.zeros((n, 4), jnp.int32), jnp.asarray(rng.integers(0, 4, n), jnp.int32))
    value, taken = np.zeros((n, 4)), []
    for now in range(300):
        held = np.asarray(memory.held)
        value[np.arange(n), held] += rate * (pay[held] - value[np.arange(n), held])
        memory = ACT(adopter, memory, view(n, 4, payoff=jnp.asarray(pay[held], jnp.int32)), Key.root(now)).memory
        assert np.abs(np.asarray(memory.value) / 4096 - value).max() < 0.05
        taken.append(np.asarray(memory.held))
    # A fifth of the answers are drawn, a fourth of these are the best: 64 x 100 of them, standard error .0045.
    assert (np.asarray(taken[200:]) == 1).mean() == pytest.approx(0.85, abs=0.03)


def test_points_count_as_much_as_it_cares_and_the_newborn_have_none():
    n = 64
    memory = Custom(jnp.zeros((n, 4), jnp.int32), jnp.arange(n, dtype=jnp.int32) % 4)
    points = jnp.arange(n, dtype=jnp.int32) - 20
    told = (("score", Score(points)),)
    adopter = Adopter(learns=0.5, cares=3.0)
    paid = ACT(adopter, memory, view(n, 4, payoff=3 * points), Key.root(1)).memory
    cared = ACT(adopter, memory, view(n, 4, public=told), Key.root(1)).memory
    assert np.array_equal(paid.value, cared.value)
    assert (np.asarray(paid.value).sum(1) == np.asarray(points) * 3 * 4096 // 2).all()
    young = ACT(adopter, memory, view(n, 4, public=told, born=True), Key.root(1)).memory
    assert not young.value.any()
    assert ACT(Adopter(), memory, view(n, 4, payoff=points), Key.root(1)).memory.held.tolist() == memory.held.tolist()


def test_a_shared_page_is_consulted_before_what_is_its_own():
    n = 64
    memory = Custom(jnp.zeros((n, 4), jnp.int32), jnp.zeros(n, jnp.int32))
    entry = jnp.where(jnp.arange(n) < 32, 3, -1)
    after = ACT(Adopter(consults=1.0), memory, view(n, 4, public=(("page", Page(entry)),)), Key.root(1)).memory
    assert after.held.tolist() == [3] * 32 + [0] * 32
    feed = seen(jnp.full((n, 1), 2))
    after = ACT(
        Adopter(consults=1.0, copies=1.0), memory, view(n, 4, feed, public=(("page", Page(entry)),)), Key.root(1)
    ).memory
    assert after.held.tolist() == [2] * n


def test_what_does_not_fit_is_refused():
    for wrong in ({"explores": 1.5}, {"cares": 101.0}, {"learns": -0.1}):
        with pytest.raises(StudyError, match=next(iter(wrong))):
            Adopter(**wrong)
    with pytest.raises(StudyError, match="1 answers"):
        Adopter(answers=1)
    memory = Adopter().init(Key.root(1), Seats(jnp.zeros(4, jnp.int32)))
    amount = Amount(jnp.ones(4, bool), jnp.zeros(4, jnp.int32), jnp.ones(4, jnp.int32))
    for own in (view(4, 3), dataclasses.replace(view(4, 4), menu=Named.of(("custom", amount)))):
        with pytest.raises(StudyError, match="found no such choice"):
            Adopter().act(memory, own, Key.root(1))


@pytest.mark.slow
def test_a_society_on_a_forum_is_a_wright_fisher_population():
    """Ten seats that all post, with room for ten posts, each shown one at random: 80 trials, 200 ticks after 100."""
    mu, n = 0.08, 10
    mind = Voiced(Adopter(copies=1.0, explores=mu), Poster(size=2, activity=1.0))
    forum = Forum(at_random(), size=2, places=1, pool=16, room=n, talks=False, carries="custom")
    own = Society(Platform(size=2), Named.of(("voiced", mind)), Seating(n), channel=forum)
    logs = run_batch(own, (), tuple(range(80)), 300, record=("acts",))
    found = np.mean([agreement(log.traces["act.custom"][100:]).mean() for log in logs])
    assert found == pytest.approx(settled(n, mu, 4), abs=0.02)


@pytest.mark.slow
def test_the_laws_hold():
    check_mind(Adopter(explores=0.1, copies=0.5, conforms=0.5, learns=0.3), Platform())
