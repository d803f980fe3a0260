"""Retributive minds: the exact chain of two of them, hawks and doves in a finite population, revenge for others, corners."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.analysis.exact.feuds import Fighter, fight, meet
from commonweal.analysis.exact.generations import imitate_at_once
from commonweal.analysis.exact.markov_chain import find_absorption
from commonweal.analysis.exact.replicator import find_rest_points
from commonweal.core.errors import StudyError
from commonweal.core.links import Links
from commonweal.core.named import Named
from commonweal.core.networks import Complete
from commonweal.core.questions import Choice
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import Told, View
from commonweal.engine.compiled import run_batch
from commonweal.institutions.fermi import Fermi
from commonweal.metrics.fixation import Fixation
from commonweal.minds.retributive import Grudges, Retributive
from commonweal.testing import check_mind
from commonweal.worlds.conflict import Conflict

PAIRS, SLOTS = 64, 8
N = 2 * PAIRS


@pytest.mark.slow
def test_laws() -> None:
    check_mind(Retributive(attack=0.1, forgive=0.3, grudge=3, avenge=0.5), Conflict(misread=0.1))


@pytest.mark.slow
def test_laws_where_all_are_one_opponent() -> None:
    check_mind(Retributive(attack=0.1, forgive=0.3, grudge=3))


@eqx.filter_jit
def play(mind, misread, ticks, seed):
    """Rounds in each state, and feuds begun, of pairs that meet in eight slots: [pairs, 5], CC, CD, DC, DD by the even seat."""
    rows = jnp.tile((jnp.arange(N, dtype=jnp.int32) ^ 1)[:, None], (1, SLOTS))
    back = jnp.tile(jnp.arange(SLOTS, dtype=jnp.int32), (N, 1))
    seats = Seats(jnp.zeros(N, jnp.int32), Links(rows, back, True))
    world = Conflict(misread=misread)

    def one(carry, tick):
        state, memory = carry
        zero, key = jnp.zeros(N, jnp.int32), Key.root(seed).child(tick)
        seen, menu = world.observe(state, seats, zero), world.menu(state, seats, zero)
        view = View(seen.seen, seen.told, (), Named((), ()), menu, zero, zero, zero, zero > 0, rows, None, tick)
        decision = mind.act(memory, view, key.child("mind"))
        before = state.mine & state.theirs
        after = world.step(state, seats, decision.acts, zero, key.child("world")).state
        bits = (after.mine[:, None] >> jnp.arange(SLOTS)) & 1
        fates = 2 * bits[0::2] + bits[1::2]
        begun = ((after.mine & after.theirs & ~before)[0::2, None] >> jnp.arange(SLOTS)) & 1
        counts = (fates[:, :, None] == jnp.arange(4)).sum(1)
        return (after, decision.memory), jnp.append(counts, begun.sum(1, keepdims=True), axis=1)

    start = world.reset(Key.root(0), seats).state, mind.init(Key.root(0), seats)
    return jax.lax.scan(one, start, jnp.arange(ticks))[1].sum(0)


@pytest.mark.slow
def test_random_pairs_agree_with_the_exact_chain_over_grudges() -> None:
    """64 random pairs with grudges of 0 to 4 rounds, 1,600 rounds of each in all: z-scores by pair look standard."""
    draws = np.random.default_rng(1973)
    genes = draws.uniform(0.1, 0.9, (3, N))
    grudge = draws.integers(0, 5, N)
    mind = Retributive(*(jnp.asarray(own, jnp.float32) for own in genes), grudge=jnp.asarray(grudge))
    misread, ticks, seeds = 0.1, 50, 4
    found = np.stack([np.asarray(play(mind, jnp.float32(misread), ticks, jnp.int32(seed))) for seed in range(seeds)])
    who = [Fighter(*(float(x) for x in own), int(length)) for own, length in zip(genes.T, grudge, strict=True)]
    exact = [meet(who[2 * pair], who[2 * pair + 1], misread, rounds=ticks) for pair in range(PAIRS)]
    shares = found[:, :, :4].sum(0) / (seeds * ticks * SLOTS)
    gaps = shares - np.asarray([feud.states for feud in exact])
    # Rounds of one game are alike, so that the spread is taken from the four states of 32 games a pair: a loose bound.
    assert np.abs(gaps).max() < 0.12
    assert np.abs(gaps.mean(0)).max() < 0.006
    lengths = found[:, :, 3].sum((0, 1)) / found[:, :, 4].sum((0, 1))
    fought = sum(feud.states[3] for feud in exact)
    begun = sum(feud.states[3] / feud.length for feud in exact if feud.length)
    assert lengths == pytest.approx(fought / begun, rel=0.03)


@pytest.mark.slow
def test_hawks_and_doves_in_nine_seats_take_over_as_the_exact_chain_says() -> None:
    """Payoffs are the same every round, so that the synchronous chain of 9 seats is exact: within 4 standard errors."""
    V, C = 2, 6
    society = Society(
        Conflict(V, C),
        Named.of(("dove", Retributive.dove()), ("hawk", Retributive.hawk())),
        Seating(9, Named.of(("hawk", jnp.float32(4 / 9))), network=Complete()),
        Named.of(("imitation", Fermi(0.1))),
    )
    logs = run_batch(society, (), range(300), 100, Named.of(("hawks", Fixation.of(society, "hawk"))))
    game = fight(V, C)
    payoff = [[game.punishment, game.temptation], [game.sucker, game.reward]]
    chain = imitate_at_once(9, payoff, 0.1 * 8 * 2)
    exact = find_absorption(chain, (0, 9))[4, 1]
    share = np.mean([log.values["hawks"] for log in logs])
    assert abs(share - exact) < 4 * np.sqrt(exact * (1 - exact) / len(logs))
    rest = [point.shares for point in find_rest_points(payoff) if point.shares.min() > 1e-9]
    assert rest[0] == pytest.approx([V / C, 1 - V / C])  # Maynard Smith and Price (1973): V/C hawks.


def view(told, wronged=None, born=None, serves=(1.0, 0.0)):
    """Three seats on a triangle, two contacts each."""
    rows = jnp.asarray([[1, 2], [0, 2], [0, 1]], jnp.int32)
    zero = jnp.zeros(3, jnp.int32)
    bits = jnp.zeros(3, jnp.uint8) if wronged is None else jnp.asarray(wronged, jnp.uint8)
    question = Choice(zero == 0, ("hold back", "attack"), serves=jnp.asarray(serves), to=rows)
    facts = Told(jnp.zeros(3), zero == 0, jnp.asarray(told, jnp.uint8), jnp.zeros(3, jnp.uint8))
    fresh = zero > 0 if born is None else jnp.asarray(born)
    seen, menu = Named.of(("wronged", bits)), Named.of(("act", question))
    return View(seen, facts, (), Named((), ()), menu, zero, zero, zero, fresh, rows, None, jnp.int32(1))


@eqx.filter_jit
def answers(mind, memory, at):
    decision = mind.act(memory, at, Key.root(1))
    return decision.acts["act"], decision.memory


def blank(mind):
    rows = jnp.asarray([[1, 2], [0, 2], [0, 1]], jnp.int32)
    return Grudges(jnp.zeros((3, 2), jnp.int32), rows, jnp.zeros(3, jnp.int32))


def test_without_chance_each_corner_does_what_its_name_says() -> None:
    """Seat 0 was attacked by contact 0, seat 1 by contact 1, seat 2 by nobody; 2's contact 0 attacked a fellow member."""
    at = view([1, 2, 0], wronged=[0, 0, 1])
    expected = {
        "dove": (Retributive.dove(), [0, 0, 0]),
        "hawk": (Retributive.hawk(), [3, 3, 3]),
        "bully": (Retributive.bully(), [2, 1, 3]),
        "vengeful": (Retributive.vengeful(), [1, 2, 0]),
        "avenger": (Retributive.vengeful(avenge=1.0), [1, 2, 1]),
        "all forgiven": (Retributive.forgiving(1.0), [0, 0, 0]),
    }
    for name, (mind, acts) in expected.items():
        assert answers(mind, blank(mind), at)[0].tolist() == acts, name


def test_an_attack_is_the_answer_that_serves_the_other_less() -> None:
    """With the scale turned round, bits say hold back: the same memory gives the opposite bits."""
    mind = Retributive.vengeful()
    at = view([2, 1, 3], serves=(0.0, 1.0))  # who cooperated: the others of each seat's two contacts attacked
    assert (np.asarray(answers(mind, blank(mind), at)[0]) & 3).tolist() == [2, 1, 3]


def test_a_grudge_lasts_as_long_as_said_and_a_newcomer_bears_none() -> None:
    mind = Retributive.vengeful(grudge=3)
    struck, calm = view([1, 0, 0]), view([0, 0, 0])
    acts, memory = answers(mind, blank(mind), struck)
    seen = [acts.tolist()[0]]
    for _ in range(4):
        acts, memory = answers(mind, memory, calm)
        seen.append(acts.tolist()[0])
    assert seen == [1, 1, 1, 0, 0]
    _, memory = answers(mind, blank(mind), struck)
    newcomer = view([1, 0, 0], wronged=[3, 0, 0], born=[True, False, False])
    assert answers(Retributive.vengeful(3, 1.0), memory, newcomer)[0].tolist() == [0, 0, 0]
    stranger = eqx.tree_at(lambda grudges: grudges.met, memory, memory.met.at[0, 0].set(2))
    assert answers(mind, stranger, calm)[0].tolist() == [0, 0, 0]


def test_what_cannot_be_is_refused() -> None:
    for wrong in ({"attack": 1.5}, {"forgive": -0.1}, {"grudge": -1}):
        with pytest.raises(StudyError, match=next(iter(wrong))):
            Retributive(**wrong)
