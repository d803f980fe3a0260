"""Memory-one strategies against the exact Markov chain of two of them.

Oracle: states (own, other's) CC CD DC DD; the chain's stationary row v solves v = v M; payoff = v . (R, S, T, P).
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.named import Named
from commonweal.core.networks import Ring
from commonweal.core.questions import Amount, Choice, Say, Scale
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import Told, View
from commonweal.engine.compiled import run
from commonweal.minds.memory_one import MemoryOne
from commonweal.worlds.network_game import NetworkGame

PAYOFFS = np.array([3.0, 0.0, 5.0, 1.0])
N = 256
PAIR = jnp.arange(N, dtype=jnp.int32) ^ 1
SLOTS = 8
"""Seat 2i meets seat 2i + 1 in eight contacts at once: eight games that know nothing of each other."""


def view(question, told, tick=1, born=None, more=()):
    n = question.asked.shape[0]
    zero = jnp.zeros(n, jnp.int32)
    return View(
        seen=Named((), ()),
        told=told,
        inbox=(),
        public=Named((), ()),
        menu=Named.of(("act", question), *more),
        payoff=zero,
        fined=zero,
        purse=zero,
        born=jnp.zeros(n, bool) if born is None else born,
        contacts=None,
        card=None,
        tick=jnp.int32(tick),
    )


def game(serves=(0.0, 1.0), to=True, n=N):
    rows = jnp.tile(PAIR[:n, None], (1, SLOTS)) if to else None
    return Choice(jnp.ones(n, bool), ("defect", "cooperate"), serves=jnp.asarray(serves), to=rows)


@eqx.filter_jit
def play(mind, seed, ticks, to):
    """States of each seat (and contact), counted over the last nine tenths of the ticks: [a, 4]."""
    key, seats = Key.root(seed), Seats(jnp.zeros(N, jnp.int32))

    def step(carry, tick):
        memory, last = carry
        known = jnp.full(N, tick > 0)
        seen = Told(last[PAIR].astype(jnp.float32), known, last[PAIR], last) if to else Told(last[PAIR] * 1.0, known)
        decision = mind.act(memory, view(game(to=to), seen), key.child("tick").child(tick))
        act = decision.acts["act"]
        bits = (act[:, None] >> jnp.arange(SLOTS if to else 1, dtype=act.dtype)) & 1
        state = 3 - 2 * bits.astype(jnp.int32) - bits[PAIR].astype(jnp.int32)
        counts = (state[:, :, None] == jnp.arange(4)).sum(1)
        return (decision.memory, act), jnp.where(tick >= ticks // 10, counts, 0)

    start = (mind.init(key, seats), jnp.zeros(N, jnp.uint8 if to else jnp.int32))
    return jax.lax.scan(step, start, jnp.arange(ticks))[1].sum(0)


def pair_up(p, q, tremble=0.0):
    """One mind whose even seats play p and odd seats q; each is (start, cc, cd, dc, dd), or rows of them."""
    even = (np.arange(N) % 2 == 0)[:, None]
    rows = np.where(even, np.broadcast_to(p, (N, 5)), np.broadcast_to(q, (N, 5)))
    return MemoryOne(*rows.T.astype(np.float32), tremble=jnp.full(N, tremble, jnp.float32))


def exact(p, q, tremble=0.0):
    """Long-run payoffs of p and q: the stationary row of the 4 x 4 chain, with q read from the other side."""
    a = (1 - 2 * tremble) * np.asarray(p) + tremble
    b = ((1 - 2 * tremble) * np.asarray(q) + tremble)[[0, 2, 1, 3]]
    chain = np.stack([a * b, a * (1 - b), (1 - a) * b, (1 - a) * (1 - b)], 1)
    v = np.linalg.lstsq(np.vstack([chain.T - np.eye(4), np.ones(4)]), np.array([0, 0, 0, 0, 1.0]), rcond=None)[0]
    return v, v @ PAYOFFS, v @ PAYOFFS[[0, 2, 1, 3]]


def genes(mind):
    return tuple(float(x) for x in (mind.p_start, mind.cc, mind.cd, mind.dc, mind.dd))


def simulate(p, q, tremble=0.0, seed=0, to=True, ticks=400):
    counts = np.asarray(play(pair_up(p, q, tremble), seed, ticks, to), np.float64)
    pay = counts @ PAYOFFS / counts.sum(1)
    return pay[0::2], pay[1::2], counts[0::2].sum(0) / counts[0::2].sum()


def test_exact_chain_is_the_published_one():
    # reference oracles A: memory-one payoffs.
    v, one, other = exact((0.9, 0.2, 0.7, 0.1), (0.6, 0.4, 0.8, 0.3))
    assert v == pytest.approx((0.255486, 0.228840, 0.261755, 0.253918), abs=1e-6)
    assert (one, other) == pytest.approx((2.329154, 2.164577), abs=1e-6)


@pytest.mark.parametrize("to", [True, False], ids=["contacts", "one opponent"])
def test_payoffs_of_a_pair(to):
    # reference oracles A: p = (.9, .2, .7, .1) against q = (.6, .4, .8, .3) -> 2.329154, 2.164577; 5 standard errors.
    one, other, v = simulate((0.5, 0.9, 0.2, 0.7, 0.1), (0.5, 0.6, 0.4, 0.8, 0.3), to=to)
    error = one.std(ddof=1) / np.sqrt(one.size)
    assert one.mean() == pytest.approx(2.329154, abs=5 * error)
    assert other.mean() == pytest.approx(2.164577, abs=5 * other.std(ddof=1) / np.sqrt(other.size))
    assert error < 0.02
    assert v == pytest.approx((0.255486, 0.228840, 0.261755, 0.253918), abs=0.01)


@pytest.mark.parametrize(
    ("one", "other", "first", "second"),
    [
        (MemoryOne.tit_for_tat(), MemoryOne.tit_for_tat(), 2.25, 2.25),
        (MemoryOne.win_stay_lose_shift(), MemoryOne.win_stay_lose_shift(), 2.951092, 2.951092),
        (MemoryOne.win_stay_lose_shift(), MemoryOne.always_defect(), 0.535, 2.985),
    ],
)
def test_payoffs_with_tremble(one, other, first, second):
    # reference oracles A: e = .01. Where the chain mixes slowly (TFT) the start matters: half of the seats start otherwise.
    p, q = np.tile(genes(one), (N, 1)), np.tile(genes(other), (N, 1))
    if first == 2.25:
        p[:, 0], q[:, 0] = np.arange(N) // 2 % 2, np.arange(N) // 4 % 2
    found = simulate(p, q, 0.01)
    for values, truth in zip(found[:2], (first, second), strict=True):
        groups = values.reshape(-1, 4).mean(1)
        assert values.mean() == pytest.approx(truth, abs=5 * groups.std(ddof=1) / np.sqrt(groups.size) + 1e-3)
    assert exact(genes(one)[1:], genes(other)[1:], 0.01)[1:] == pytest.approx((first, second), abs=1e-3)


def test_random_parameters_agree_with_their_chains():
    # One pair of strategies for each pair of seats, drawn at random: z-scores against the exact chain must look standard.
    rng = np.random.default_rng(7)
    draw = rng.uniform(0.1, 0.9, (2, N // 2, 5))
    p, q = (np.repeat(own, 2, axis=0) for own in draw)
    found = np.stack([simulate(p, q, 0.02, seed)[0] for seed in range(12)])
    truth = np.array([exact(a[1:], b[1:], 0.02)[1] for a, b in zip(*draw, strict=True)])
    z = (found.mean(0) - truth) / (found.std(0, ddof=1) / np.sqrt(12))
    assert np.abs(found.mean(0) - truth).max() < 0.06
    assert abs(z.mean()) < 5 / np.sqrt(z.size)
    assert 0.8 < z.std() < 1.6  # Student's t with 11 degrees of freedom: 1.11


@pytest.mark.parametrize("to", [True, False], ids=["contacts", "one opponent"])
def test_without_chance_every_state_has_its_answer(to):
    # Every (own, other's) state at once: seats 0..3 by four strategies; the truth table is the strategy's definition.
    n = 4
    own, theirs = jnp.array([1, 1, 0, 0], jnp.uint8), jnp.array([1, 0, 1, 0], jnp.uint8)
    # Contact 0 repeats the seat's state, contact 1 has the opposite history: bits must not leak into one another.
    bits = (own | ((1 - own) << 1), theirs | ((1 - theirs) << 1))
    told = (
        Told(theirs.astype(jnp.float32), jnp.ones(n, bool), bits[1], bits[0]) if to else Told(theirs * 1.0, jnp.ones(n, bool))
    )
    expected = {
        MemoryOne.tit_for_tat: (1, 0, 1, 0),
        MemoryOne.win_stay_lose_shift: (1, 0, 0, 1),
        MemoryOne.always_cooperate: (1, 1, 1, 1),
        MemoryOne.always_defect: (0, 0, 0, 0),
        lambda: MemoryOne.generous(1.0): (1, 1, 1, 1),
    }
    for make, truth in expected.items():
        for seed in range(3):
            decision = make().act(1 + own.astype(jnp.int8), view(game(to=to, n=n), told), Key.root(seed))
            act = np.asarray(decision.acts["act"])
            assert (act & 1).tolist() == list(truth)
            if to:
                assert (act >> 1 & 1).tolist() == list(truth)[::-1]
            else:
                assert decision.memory.tolist() == [1 + bit for bit in truth]


def test_first_move_is_p_start_and_a_newcomer_forgets():
    n = 4
    told = Told(jnp.zeros(n), jnp.array([True, True, False, True]), jnp.zeros(n, jnp.uint8), jnp.zeros(n, jnp.uint8))
    born = jnp.array([False, True, False, False])
    for to, cooperates in ((True, [0, 0xFF, 0xFF, 0]), (False, [0, 1, 1, 1])):
        memory = jnp.array([1, 1, 1, 0], jnp.int8)  # without contacts, seat 3 has no last act of its own
        act = MemoryOne.tit_for_tat().act(memory, view(game(to=to, n=n), told, born=born), Key.root(0)).acts["act"]
        assert act.tolist() == cooperates
    nobody = view(game(n=n), None)
    assert MemoryOne.tit_for_tat().act(jnp.zeros(n, jnp.int8), nobody, Key.root(0)).acts["act"].tolist() == [0xFF] * n


def test_cooperation_is_the_answer_that_serves_more():
    # The same game with its answers swapped: every bit is the opposite one.
    n, key = 4, Key.root(3)
    mind = MemoryOne(p_start=0.3, cc=0.9, cd=0.2, dc=0.6, dd=0.4)
    mine, theirs = jnp.array([3, 129, 77, 200], jnp.uint8), jnp.array([5, 80, 3, 255], jnp.uint8)
    known = jnp.ones(n, bool)
    straight = mind.act(jnp.zeros(n, jnp.int8), view(game(n=n), Told(known * 1.0, known, theirs, mine)), key)
    swapped = view(game((1.0, 0.0), n=n), Told(known * 1.0, known, ~theirs, ~mine))
    turned = mind.act(jnp.zeros(n, jnp.int8), swapped, key)
    assert (straight.acts["act"] ^ turned.acts["act"]).tolist() == [0xFF] * n


def test_tremble_flips_an_act_with_its_probability():
    # p' = (1 - 2e) p + e: AllD with e = .125 cooperates in one of eight; binomial, 4 standard deviations.
    big = 4096
    question = Choice(jnp.ones(big, bool), ("d", "c"), serves=jnp.array([0.0, 1.0]), to=jnp.zeros((big, 8), jnp.int32))
    told = Told(jnp.ones(big), jnp.ones(big, bool), jnp.zeros(big, jnp.uint8), jnp.zeros(big, jnp.uint8))
    mind = MemoryOne(p_start=0.0, cc=0.0, cd=0.0, dc=0.0, dd=0.0, tremble=0.125)
    act = np.asarray(mind.act(jnp.zeros(big, jnp.int8), view(question, told), Key.root(5)).acts["act"])
    bits = np.unpackbits(act[:, None], axis=1)
    assert bits.mean() == pytest.approx(0.125, abs=4 * np.sqrt(0.125 * 0.875 / bits.size))
    # No contact's draws follow another's: correlations of independent bits are within 4 / sqrt(n).
    correlation = np.corrcoef(bits.T) - np.eye(8)
    assert np.abs(correlation).max() < 4 / np.sqrt(big)


def test_other_questions():
    # An amount is answered at level 1 or 0, a ballot at its default, and what is said announces what is done.
    n = 2
    harvest = Amount(jnp.ones(n, bool), jnp.zeros(n, jnp.int32), jnp.full(n, 50), scale=Scale(jnp.float32(10)))
    ballot = Choice(jnp.ones(n, bool), ("keep", "change"))
    speak = Say(jnp.ones(n, bool), phrases=("I will take what I can.", "I will keep to my share."), promises=(0.0, 1.0))
    told = Told(jnp.array([1.0, 0.2]), jnp.ones(n, bool))
    menu = view(harvest, told, more=(("vote", ballot), ("say", speak)))
    decision = MemoryOne.tit_for_tat().act(jnp.array([2, 2], jnp.int8), menu, Key.root(0))
    assert decision.acts["act"].tolist() == [10, 50]
    assert decision.acts["vote"].tolist() == [0, 0]
    assert decision.acts["say"].tolist() == [1, 0]
    assert decision.memory.tolist() == [2, 1]


def test_generosity_stands_in_both_defecting_states():
    # M. Nowak, K. Sigmund (1992): generous tit for tat of T=5 R=3 P=1 S=0 forgives with min(1 - 2/3, 2/4) = 1/3.
    assert genes(MemoryOne.generous(1 / 3)) == pytest.approx((1.0, 1.0, 1 / 3, 1.0, 1 / 3))


def test_as_a_strategy_it_has_the_same_odds():
    # By the definition, in units of 2^-16: p' = (1 - 2 e) p + e, to within the rounding of e and p'.
    mind = MemoryOne(p_start=0.3, cc=0.9, cd=[0.2, 0.5], dc=0.7, dd=0.1, tremble=0.0625)
    strategy = mind.strategy()
    memory = strategy.start((2,))
    expected = {None: (0.3, 0.3), (1, 1): (0.9, 0.9), (1, 0): (0.2, 0.5), (0, 1): (0.7, 0.7), (0, 0): (0.1, 0.1)}
    for last, odds in expected.items():
        if last is not None:
            memory = strategy.after(memory, *(jnp.full(2, bool(act)) for act in last))
        truth = (0.875 * np.array(odds) + 0.0625) * 65536
        assert np.broadcast_to(strategy.odds(memory), 2).tolist() == pytest.approx(truth.tolist(), abs=1)


def test_a_reduction_is_labelled():
    assert MemoryOne().reduction_of is None
    assert "reduction_of='grim'" in str(MemoryOne(reduction_of="grim"))


def test_in_a_network_game_by_contact():
    # By hand, T=5 R=3 P=1 S=0, four rounds on a ring: TFT with TFT 3 a round; AllD meets TFT for 5 and then 1, TFT for 0 and
    # then 1; AllD with AllD 1 a round. Each contact is played by its own history.
    society = Society(
        NetworkGame(per_contact=True),
        Named.of(("tft", MemoryOne.tit_for_tat()), ("defect", MemoryOne.always_defect())),
        Seating(12, Named.of(("defect", jnp.float32(0.5))), network=Ring(4)),
    )
    log = run(society, 5, 4, record=("purse", "mind"))
    defects = log.traces["mind"][-1] == 1
    neighbours = defects[Ring(4).contacts(12)]
    worth = np.where(defects[:, None], np.where(neighbours, 4, 5 + 3), np.where(neighbours, 0 + 3, 12))
    assert defects.sum() == 6
    assert log.traces["purse"][-1].tolist() == worth.sum(1).tolist()
