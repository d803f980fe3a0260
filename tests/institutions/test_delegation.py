"""Stewards stay within reach of what seats chose, and out of it only where the bound creeps."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.numbers import ONE_LEVEL
from commonweal.core.questions import Choice
from commonweal.core.streams import Key
from commonweal.core.views import Offer
from commonweal.institutions.delegation import Delegation, Mandates
from commonweal.testing import check_institution

N, FAIR = 8, 1000.0


def mandates(given: list[bool] | bool = True, age: int = 0) -> Mandates:
    return Mandates(
        jnp.broadcast_to(jnp.asarray(given), (N,)) & (jnp.arange(N) != 0), jnp.full(N, age), jnp.zeros(N, jnp.int32)
    )


@pytest.fixture(scope="module")
def steered(bench):
    """Norm levels of the acts as the world sees them, and as they were chosen."""

    @eqx.filter_jit
    def one(rule, memory, acts, asked, key):
        menu, _ = bench.harvest([0] * N, FAIR)
        # Fine amounts, so that hardly anything is lost to whole units.
        menu = eqx.tree_at(lambda m: (m["harvest"].high, m["harvest"].asked), menu, (jnp.full(N, 100_000), asked))
        offer = Offer(bench.ring(N), menu, jnp.zeros(N, jnp.int32), menu.map(lambda q: q.asked), jnp.int32(0))
        bound = rule.bind(memory, offer, Named.of(("harvest", acts)), key).acts["harvest"]
        return menu["harvest"].level(bound), menu["harvest"].level(acts), bound

    def levels(rule: Delegation, memory: Mandates, acts: np.ndarray, asked: np.ndarray | None = None, seed: int = 0):
        there = jnp.ones(N, bool) if asked is None else jnp.asarray(asked)
        return [np.asarray(own) for own in one(rule, memory, jnp.asarray(acts, jnp.int32), there, Key.root(seed))]

    return levels


def test_bounded_stewards_stay_bounded(steered) -> None:
    """At random bounds, ages and acts no level moves further than limit + creep age, and it moves that far where it can."""
    rng = np.random.default_rng(1)
    for seed in range(40):
        limit, creep, age = rng.random(), rng.random() / 10, int(rng.integers(0, 12))
        acts = rng.integers(200, 6000, N)
        rule = Delegation(limit=limit, creep=creep)
        bound, own, _ = steered(rule, mandates(age=age), acts, seed=seed)
        reach, gap = min(1.0, limit + creep * age), own[0] - own
        expected = own + np.clip(gap, -reach, reach)
        assert (np.abs(bound - own) <= reach + 3 / ONE_LEVEL).all()
        # A quarter of the way may be given up where the nearest whole unit lies beyond the reach.
        assert (np.abs(bound - own) >= 0.7 * np.abs(expected - own) - 2e-3).all()
        assert bound[0] == own[0]


def test_without_mandate_limit_or_steward_nothing_moves(steered) -> None:
    acts = np.random.default_rng(2).integers(200, 6000, N)
    whole = Delegation(limit=1.0)
    assert (steered(whole, mandates(False), acts)[2] == acts).all()
    assert (steered(Delegation(limit=0.0), mandates(), acts)[2] == acts).all()
    asked = np.arange(N) > 0
    assert (steered(whole, mandates(), acts, asked)[2] == acts).all()
    some = np.arange(N) < 4
    moved = steered(whole, mandates(some), acts)[2]
    assert (moved[4:] == acts[4:]).all()
    assert (moved[1:4] != acts[1:4]).all()


def test_what_cannot_be_done_within_reach_is_not_done() -> None:
    """A choice between all and nothing: a steward with a reach below 1 can change nothing, with a reach of 1 everything."""
    choice = Choice(jnp.ones(N, bool), ("keep", "give"), jnp.asarray([0.0, 1.0]))
    acts = Named.of(("give", jnp.asarray([1] + [0] * (N - 1), jnp.int32)))
    bind = eqx.filter_jit(lambda rule, memory, offer, acts: rule.bind(memory, offer, acts, Key.root(1)).acts["give"])
    offer = Offer(None, Named.of(("give", choice)), jnp.zeros(N, jnp.int32), Named.of(("give", choice.asked)), jnp.int32(0))
    for limit, expected in ((0.9, [1] + [0] * (N - 1)), (1.0, [1] * N)):
        assert bind(Delegation(limit=limit), mandates(), offer, acts).tolist() == expected


@pytest.fixture(scope="module")
def asked(bench):
    """Memories after ticks in which seats answered."""

    @eqx.filter_jit
    def one(rule, memory, answers, by):
        menu, acts = bench.harvest([10] * N, 10.0)
        menu = rule.permit(memory, bench.ring(N), menu)
        tick = bench.tick(menu, acts.add("mandate", answers), [10] * N)
        tick = dataclasses.replace(tick, answered=tick.answered.replace("mandate", by & menu["mandate"].asked))
        return rule.settle(memory, tick, Key.root(1)).memory

    def ticks(rule: Delegation, rows: list[list[int]]) -> list[Mandates]:
        memory, found = rule.begin(bench.ring(N)), []
        for row in rows:
            memory = one(rule, memory, jnp.asarray(row, jnp.int32), jnp.ones(N, bool))
            found.append(jax.device_get(memory))
        return found

    return ticks


def test_mandates_are_given_renewed_revoked_and_lapse(asked) -> None:
    keep, rule = [0] * N, Delegation(limit=0.5, sunset=3)
    rows = [[1] * N, keep, [0, 0, 2, 1] + [0] * 4, keep, keep, keep]
    found = asked(rule, rows)
    # The steward has no mandate of its own; seat 2 takes its acts back; seat 3 gives the mandate anew.
    assert [memory.given.tolist() for memory in found[:3]] == [
        [False] + [True] * 7,
        [False] + [True] * 7,
        [False, True, False] + [True] * 5,
    ]
    assert [memory.age[3] for memory in found] == [0, 1, 0, 1, 2, 0]
    assert [bool(memory.given[1]) for memory in found] == [True, True, True, False, False, False]
    assert [bool(memory.given[3]) for memory in found] == [True] * 5 + [False]
    forever = asked(Delegation(limit=0.5, given=True), [keep] * 5)
    assert forever[-1].age.tolist() == [0] + [5] * 7


def test_the_age_at_which_a_creeping_bound_is_none() -> None:
    rule = Delegation(limit=0.1, creep=0.05)
    reach = [int(rule.reach(mandates(age=age))[1]) / ONE_LEVEL for age in (0, 1, 10, 18, 40_000)]
    assert np.allclose(reach, [0.1, 0.15, 0.6, 1.0, 1.0], atol=20 / ONE_LEVEL)
    assert int(rule.reach(mandates(False))[1]) == 0


@pytest.mark.slow
def test_laws() -> None:
    check_institution(Delegation(limit=0.4, creep=0.1, given=True), Delegation(given=True))


def test_words_and_errors(bench) -> None:
    rule = Delegation(limit=0.25, creep=0.1, sunset=6)
    words = rule.describe(mandates())
    assert words.startswith("Seat 0 is the steward.")
    assert "0.1 further with every round" in words
    assert words.endswith("7 of you let it act for them.")
    assert rule.tell(mandates(age=2), 3) == "The steward acts for you, since 3 rounds."
    assert rule.tell(mandates(False), 3) == Delegation().describe(mandates()) == ""
    with pytest.raises(StudyError, match="limit = 2"):
        Delegation(limit=2)
    with pytest.raises(StudyError, match="a steward in seat 9 of 8"):
        Delegation(steward=9).begin(bench.ring(N))
    with pytest.raises(StudyError, match="every 0 ticks"):
        Delegation(every=0)
