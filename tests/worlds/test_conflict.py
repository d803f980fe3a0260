"""Conflict: payoffs by hand, every fact by a plain loop over contacts, perception noise by counting."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.links import Links
from commonweal.core.named import Named
from commonweal.core.networks import Regular, Ring
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.compiled import advance
from commonweal.engine.phases import offer
from commonweal.engine.trial import begin
from commonweal.minds.scripted import Scripted
from commonweal.testing import check_world
from commonweal.worlds.conflict import Conflict

N, SLOTS = 9, 8


@pytest.mark.slow
def test_laws() -> None:
    check_world(Conflict(arms=1, misread=0.1))


@eqx.filter_jit
def step(world, state, seats, act, key):
    outcome = world.step(state, seats, Named.of(("act", act)), jnp.zeros(seats.n, jnp.int32), key)
    return outcome, world.observe(outcome.state, seats, outcome.payoff)


def random_rows(draws):
    """A random simple graph, each row in a random order, padded."""
    rows = [[] for _ in range(N)]
    for i in range(N):
        for j in range(i):
            if draws.random() < 0.5:
                rows[i].append(j)
                rows[j].append(i)
    return np.asarray([[*draws.permutation(own), *[-1] * (SLOTS - len(own))] for own in rows], np.int32)


def classes(mine, before, first, groups):
    """What each attack of a round answers, by a loop over who attacks whom; and which attacks are first strikes."""
    count = dict.fromkeys(("first_strikes", "on_strikers", "on_answerers", "for_others"), 0)
    strikes = set()
    for i, j in mine:
        fellows = [v for a, v in before if a == j and v != i and any(groups[v] & groups[i])]
        if (j, i) in before:
            count["on_strikers" if (j, i) in first else "on_answerers"] += 1
        elif fellows:
            count["for_others"] += 1
        else:
            count["first_strikes"] += 1
            strikes.add((i, j))
    return count, strikes


def test_rounds_on_random_graphs_against_a_loop_over_contacts() -> None:
    """Five random societies of two groups that overlap, four rounds each: payoffs, what is told, and every class of attack."""
    draws = np.random.default_rng(1973)
    for _ in range(5):
        rows, groups = random_rows(draws), draws.random((N, 2)) < 0.4
        V, C, K = (int(x) for x in draws.integers(1, 20, 3))
        world = Conflict(V, C, K)
        seats = Seats(jnp.zeros(N, jnp.int32), Links.in_rows(rows), jnp.asarray(groups))
        state = world.reset(Key.root(0), seats).state
        before, first = set(), set()
        edges = {(i, int(j)): slot for i, own in enumerate(rows) for slot, j in enumerate(own) if j >= 0}
        for round_ in range(4):
            act = draws.integers(0, 256, N).astype(np.uint8)
            mine = {(i, j) for (i, j), slot in edges.items() if act[i] >> slot & 1}
            outcome, seen = step(world, state, seats, jnp.asarray(act), Key.root(round_))
            matrix = {(0, 0): V, (1, 0): 2 * V - 2 * K, (0, 1): 0, (1, 1): V - C - 2 * K}
            paid = [sum(matrix[(i, j) in mine, (j, i) in mine] for k, j in edges if k == i) for i in range(N)]
            assert outcome.payoff.tolist() == paid
            count, strikes = classes(mine, before, first, groups)
            mutual = {(i, j) for i, j in mine if (j, i) in mine}
            lost = 2 * K * (len(mine) - len(strikes)) + C * len(mutual - strikes)
            count |= {"acts": len(edges), "mutual": len(mutual), "lost": lost, "peace": V * len(edges)}
            count["begun"] = sum((i, j) not in before or (j, i) not in before for i, j in mutual)
            assert {name: int(getattr(outcome.facts, name)) for name in count} == count
            theirs = [sum(((j, i) in mine) << slot for (k, j), slot in edges.items() if k == i) for i in range(N)]
            assert seen.told.contacts.tolist() == theirs
            wronged = [
                sum(any((j, v) in mine and v != i and any(groups[v] & groups[i]) for v in range(N)) << slot
                    for (k, j), slot in edges.items() if k == i)
                for i in range(N)
            ]  # fmt: skip
            assert seen.seen["wronged"].tolist() == wronged
            state, before, first = outcome.state, mine, strikes


def test_a_contact_that_is_there_twice_is_no_other_member_of_the_group() -> None:
    """Seats 0 and 1, two contacts with each other, one group: whatever 1 does to 0, nobody else was wronged."""
    rows = np.asarray([[1, 1], [0, 0]], np.int32)
    seats = Seats(jnp.zeros(2, jnp.int32), Links.in_rows(rows), jnp.ones((2, 1), bool))
    world = Conflict()
    _, seen = step(world, world.reset(Key.root(0), seats).state, seats, jnp.asarray([0, 3], jnp.uint8), Key.root(0))
    assert seen.told.contacts.tolist() == [3, 0]
    assert seen.seen["wronged"].tolist() == [0, 0]


def test_what_is_seen_is_misread_as_often_as_said_and_what_is_paid_is_not() -> None:
    """3,000 seats of 4 contacts, within 4 standard errors of a random rate; own acts and payoffs as without noise."""
    rate = float(np.random.default_rng(5).uniform(0.05, 0.45))
    seats = Seats(jnp.zeros(3000, jnp.int32), Links.of(Regular(4), 3000))
    act = jnp.asarray(np.random.default_rng(6).integers(0, 16, 3000), jnp.uint8)
    states = [Conflict(misread=noise).reset(Key.root(0), seats).state for noise in (0.0, rate)]
    (clear, _), (noisy, seen) = (
        step(Conflict(misread=noise), state, seats, act, Key.root(1)) for noise, state in zip((0.0, rate), states, strict=True)
    )
    wrong = np.asarray(clear.state.sighted ^ noisy.state.sighted)
    slips = ((wrong[:, None] >> np.arange(4)) & 1).mean()
    assert abs(slips - rate) < 4 * np.sqrt(rate * (1 - rate) / 12000)
    assert np.array_equal(np.asarray(clear.payoff), np.asarray(noisy.payoff))
    assert np.array_equal(np.asarray(seen.told.mine), np.asarray(act))
    assert np.array_equal(np.asarray(clear.state.sighted), np.asarray(clear.state.theirs))


def test_nothing_is_known_of_a_contact_that_is_new_in_its_slot() -> None:
    """All attack on a ring; then the network is another: bits of the slots that changed are cleared, no feud goes on there."""
    world, old, new = Conflict(), Links.of(Ring(4), 8), Links.of(Ring(2), 8)
    assert old.to is not None
    # The nearest contacts stay in their slots 0 and 1; slots 2 and 3 are empty now.
    empty = jnp.full((8, 2), -1, jnp.int32)
    assert new.to is not None
    assert new.back is not None
    moved = Links(jnp.concatenate([new.to, empty], 1), jnp.concatenate([new.back, empty], 1), False)
    seats = Seats(jnp.zeros(8, jnp.int32), old)
    everyone = jnp.full(8, 15, jnp.uint8)
    state = step(world, world.reset(Key.root(0), seats).state, seats, everyone, Key.root(0))[0].state
    seen = world.observe(state, Seats(seats.mind, moved), jnp.zeros(8, jnp.int32))
    assert seen.told is not None
    assert seen.told.contacts is not None
    assert seen.told.contacts.tolist() == [3] * 8
    facts = world.step(state, Seats(seats.mind, moved), Named.of(("act", everyone)), jnp.zeros(8, jnp.int32), Key.root(1)).facts
    assert (int(facts.mutual), int(facts.begun), int(facts.on_strikers)) == (16, 0, 16)


@pytest.mark.slow
def test_words() -> None:
    society = Society(Conflict(misread=0.25), Named.of(("harsh", Scripted(level=0.0))), Seating(6, network=Ring(2)))
    trial = begin(society, 0)
    assert "Nothing has happened" in society.world.describe(jax.device_get(offer(society, trial.state)), 0)
    words = society.world.describe(jax.device_get(offer(society, advance(trial, 1).state)), 0)
    assert "you attacked" in words
    assert "You received -4 tokens" in words
    assert "both attack, each gets -2" in society.world.rules()
    assert "0.25" in society.world.rules()


def test_what_cannot_be_is_refused() -> None:
    for wrong in ({"value": 0}, {"cost": -1}, {"misread": 0.6}):
        with pytest.raises(StudyError, match=next(iter(wrong))):
            Conflict(**wrong)
    for network in (None, Ring(10)):
        with pytest.raises(StudyError, match="at most 8 contacts"):
            begin(Society(Conflict(), Named.of(("kind", Scripted())), Seating(12, network=network)), 0)
