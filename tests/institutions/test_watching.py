"""Watching: the correlation that it states, fines worked out by hand, and a cue that outlasts its consequences."""

import dataclasses

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.feed import Watched
from commonweal.core.named import Named
from commonweal.core.questions import Choice
from commonweal.core.streams import Key
from commonweal.core.views import Fined
from commonweal.institutions.watching import Verdict, Watching
from commonweal.testing import check_institution
from commonweal.worlds.network_game import NetworkGame
from commonweal.worlds.platform import Platform

N = 100_000


@eqx.filter_jit
def draw(rule, key):
    watched = key.child("watched").chance(rule.share, N)
    return watched, rule.consequences(watched, key)


def test_being_watched_predicts_consequences_with_the_stated_correlation():
    # Both conditional probabilities and the correlation, to 5 standard errors, at random shares and correlations.
    rng = np.random.default_rng(1)
    for seed, (share, rho) in enumerate([(0.5, 0.0), (0.5, 1.0), *rng.uniform(0.1, 0.9, (8, 2))]):
        watched, follows = (np.asarray(flags) for flags in draw(Watching(share, rho), Key.root(seed)))
        for side, chance in ((watched, share + rho * (1 - share)), (~watched, share * (1 - rho))):
            assert abs(follows[side].mean() - chance) <= 5 * np.sqrt(chance * (1 - chance) / side.sum()) + 1e-7
        assert abs(follows.mean() - share) < 5 * np.sqrt(share * (1 - share) / N)
        # The kurtosis of binary variables widens the usual (1 - rho^2) / sqrt(N) by no more than this at these shares.
        assert abs(np.corrcoef(watched, follows)[0, 1] - rho) < 5 * 3 * (1 - rho**2) / np.sqrt(N) + 1e-7


def test_fines_by_hand(bench):
    # At rho = 1 who is watched is fined for less than the fair share of 10, by no more than it has.
    menu, acts = bench.harvest([10, 15, 30, 40], 10.0)
    moment = bench.tick(menu, acts, [10, 15, 30, 1], [0, 0, 100, 3])
    ruling = Watching(rho=1.0, fine=7).settle(jnp.asarray([True, True, False, True]), moment, Key.root(3))
    assert ruling.public.amount.tolist() == [0, 7, 0, 4]
    assert ruling.payoff.tolist() == [10, 8, 30, -3]
    assert int(ruling.burnt) == 11
    assert isinstance(ruling.public, Watched)
    assert isinstance(ruling.public, Fined)
    # Told for the coming tick is what is remembered.
    assert ruling.public.watched.tolist() == ruling.memory.tolist()


def test_an_answer_is_asked_for_where_a_choice_is_named(bench):
    menu = Named.of(("custom", Choice(jnp.asarray([True, True, True, False]), ("a", "b", "c"))))
    acts = Named.of(("custom", jnp.asarray([0, 1, 2, 0], jnp.int32)))
    rule = Watching(share=1.0, fine=5, question="custom", asks=2)
    ruling = rule.settle(jnp.ones(4, bool), bench.tick(menu, acts, [9, 9, 9, 9]), Key.root(0))
    assert ruling.payoff.tolist() == [4, 4, 9, 9]
    assert ruling.public.watched.all()


def test_the_cue_outlasts_its_consequences_and_is_told_then_to_those_who_never_were(bench):
    menu, acts = bench.harvest([30] * 4, 10.0)
    moment = bench.tick(menu, acts, [30] * 4)
    everyone = jnp.ones(4, bool)
    for shows in (True, False):
        rule = Watching(share=1.0, rho=1.0, fine=5, shows=shows, until=8)
        for at, fined, told in ((0, True, shows), (6, True, shows), (7, True, True), (8, False, True), (90, False, True)):
            ruling = rule.settle(everyone, dataclasses.replace(moment, tick=jnp.int32(at)), Key.root(at))
            assert (ruling.payoff.tolist() == [25] * 4) == fined
            assert ruling.public.watched.tolist() == [told] * 4
    forever = Watching(share=1.0, rho=1.0, fine=5, shows=False)
    ruling = forever.settle(everyone, dataclasses.replace(moment, tick=jnp.int32(10**6)), Key.root(0))
    assert ruling.payoff.tolist() == [25] * 4
    assert not ruling.public.watched.any()


def test_what_it_says():
    nobody = jnp.zeros(2, bool)
    words = Watching(0.5, 0.8, fine=9).describe(nobody)
    assert "probability 0.9 while watched, 0.1 while not" in words
    assert "told" in words
    assert "told" not in Watching(0.5, 0.8, fine=9, shows=False).describe(nobody)
    assert "'custom' as asked" in Watching(fine=9, question="custom").describe(nobody)
    assert Watching(shows=False).describe(nobody) == ""
    assert "whether you are watched" in Watching().describe(nobody)
    public = Verdict(amount=jnp.asarray([0, 7]), watched=jnp.asarray([True, False]))
    assert Watching().tell(public, 0) == "You are being watched this round."
    assert Watching().tell(public, 1) == "You were fined 7 units for what you did last round."


def test_what_it_refuses(bench):
    for fields in ({"share": 1.1}, {"rho": -0.1}, {"fine": -1}, {"standard": 2.0}, {"until": -1}, {"asks": -1}):
        with pytest.raises(StudyError, match="expected a number from 0"):
            Watching(**fields)
    plain = Named.of(("custom", Choice(jnp.ones(2, bool), ("a", "b"))))
    moment = bench.tick(plain, Named.of(("custom", jnp.zeros(2, jnp.int32))), [0, 0])
    with pytest.raises(StudyError, match="none of custom has a norm scale"):
        Watching().settle(jnp.zeros(2, bool), moment, Key.root(0))
    menu, acts = bench.harvest([1, 2], 1.0)
    with pytest.raises(StudyError, match="no choice with one answer for all"):
        Watching(question="harvest").settle(jnp.zeros(2, bool), bench.tick(menu, acts, [1, 2]), Key.root(0))


@pytest.mark.slow
def test_identity_and_books(check_inert):
    check_inert(Watching(shows=False), lambda rule: rule.fine, 0, 3)


@pytest.mark.slow
@pytest.mark.parametrize("world", [None, NetworkGame(), Platform()])
def test_the_laws_hold(world):
    question = "custom" if isinstance(world, Platform) else ""
    rule = Watching(0.6, 0.7, 3, question=question)
    check_institution(rule, Watching(0.6, 0.7, 0, shows=False, question=question), world)
