"""Scripted minds: each parameter against the module's own equations, worked out by hand; chances against binomials."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.questions import Amount, Choice, Record, Say, Scale
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import Told, View
from commonweal.engine.compiled import run_batch
from commonweal.minds.scripted import Scripted
from commonweal.worlds.commons import Commons

N = 8
FAIR, STOCK = 10, 100


def view(questions=None, n=N, **given_view):
    zero = jnp.zeros(n, jnp.int32)
    harvest = Amount(jnp.ones(n, bool), zero, jnp.full(n, STOCK, jnp.int32), scale=Scale(jnp.float32(FAIR)))
    base = View(
        seen=Named((), ()),
        told=None,
        inbox=(),
        public=Named((), ()),
        menu=questions or Named.of(("harvest", harvest)),
        payoff=zero,
        fined=zero,
        purse=zero,
        born=jnp.zeros(n, bool),
        contacts=None,
        card=None,
        tick=jnp.int32(1),
    )
    return dataclasses.replace(base, **given_view)


def act(mind, own, fear=0.0, seed=0):
    return mind.act(jnp.full(own.purse.shape, fear, jnp.float32), own, Key.root(seed))


def told(level, known=True):
    return Told(jnp.full(N, level, jnp.float32), jnp.full(N, known))


def test_aims():
    # v = ((1 - condition) level + condition told) / greed, then up by (1 - v) min(1, responsiveness fear).
    cases = (
        (Scripted(), None, 0.0, 1.0),
        (Scripted(level=0.5), told(0.0), 0.0, 0.5),
        (Scripted(level=1.0, condition=0.25), told(0.2), 0.0, 0.8),
        (Scripted(condition=1.0, prior=0.6), told(0.2, known=False), 0.0, 0.6),
        (Scripted(condition=1.0, prior=0.6), None, 0.0, 0.6),
        (Scripted(greed=4.0), None, 0.0, 0.25),
        (Scripted(greed=4.0, responsiveness=1.0), None, 0.5, 0.625),
        (Scripted(greed=4.0, responsiveness=0.5), None, 1.0, 0.625),
        (Scripted(level=0.0, responsiveness=1.0), None, 1.0, 1.0),
        (Scripted(greed=0.5), None, 0.0, 1.0),
    )
    for mind, seen, fear, aim in cases:
        found = mind.aim(jnp.full(N, fear, jnp.float32), view(told=seen))
        np.testing.assert_allclose(found, aim, rtol=1e-6)


def test_greed_takes_exact_multiples():
    # greed g takes g fair shares of 10, up to the stock of 100.
    for greed, harvest in ((1.0, 10), (2.0, 20), (3.0, 30), (7.0, 70), (25.0, 100)):
        assert act(Scripted(greed=greed), view()).acts["harvest"].tolist() == [harvest] * N
    assert act(Scripted(level=0.0), view()).acts["harvest"].tolist() == [STOCK] * N


def test_rows_are_minds_of_their_own():
    rows = Scripted(greed=jnp.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]))
    assert act(rows, view()).acts["harvest"].tolist() == [10, 20, 30, 40, 50, 60, 70, 80]


def test_fear_is_the_largest_share_of_a_gain_that_a_fine_took():
    # Gain before fines = payoff + fine: 15 + 5 -> 1/4; a payoff of -10 after a fine of 30 -> all of it (clipped).
    payoff = jnp.array([15, 20, -10, 0, 15, 0, 5, 15], jnp.int32)
    fined = jnp.array([5, 0, 30, 0, 5, 10, 5, 5], jnp.int32)
    born = jnp.array([False] * 7 + [True])
    decision = act(Scripted(level=0.0, responsiveness=1.0), view(payoff=payoff, fined=fined, born=born), fear=0.3)
    np.testing.assert_allclose(decision.memory, [0.3, 0.3, 1.0, 0.3, 0.3, 1.0, 0.5, 0.0], rtol=1e-6)
    # Level .5 is twice the fair share; a newcomer fears nothing and takes all.
    assert decision.acts["harvest"].tolist()[6:] == [20, STOCK]


def test_ballots_words_and_records():
    n = 6
    asked = jnp.ones(n, bool)
    speak = Say(asked, phrases=("I take what I can.", "Half.", "My share."), promises=(0.0, 0.5, 1.0))
    vote = Choice(asked, ("keep", "a", "b"))
    deal = Record(
        asked, ("offer", "sign"), (Amount(asked, jnp.zeros(n, jnp.int32), jnp.full(n, 9)), Choice(asked, ("no", "yes")))
    )
    mutual = Choice(asked, ("no", "yes"), to=jnp.zeros((n, 2), jnp.int32))
    menu = Named.of(("say", speak), ("vote", vote), ("deal", deal), ("mutual", mutual))
    rows = Scripted(level=jnp.array([0.0, 0.2, 0.3, 0.6, 0.8, 1.0]), ballot=jnp.array([0.0, 1.0, 2.0, 7.0, -1.0, 1.4]))
    acts = act(rows, view(menu, n=n)).acts
    assert acts["say"].tolist() == [0, 0, 1, 1, 2, 2]
    assert acts["vote"].tolist() == [0, 1, 2, 2, 0, 1]
    assert [part.tolist() for part in acts["deal"]] == [[0] * n, [0] * n]
    assert acts["mutual"].tolist() == [0] * n


@pytest.mark.parametrize(("field", "ballots"), [("tremble", 0.25), ("random", 0.25)])
def test_chance_is_a_uniform_answer(field, ballots):
    # With probability .25 one of 4 options at random, else option 0: P(not 0) = .25 * 3/4; 4 standard deviations.
    n = 20_000
    menu = Named.of(*((name, Choice(jnp.ones(n, bool), ("a", "b", "c", "d"))) for name in ("first", "second")))
    acts = act(Scripted(**{field: 0.25}), view(menu, n=n)).acts
    p = ballots * 3 / 4
    for name in menu:
        assert float((acts[name] > 0).mean()) == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / n))
    both = float(((acts["first"] > 0) & (acts["second"] > 0)).mean())
    # `tremble` strikes questions one by one, `random` the whole tick.
    joint = p * p if field == "tremble" else 0.25 * 9 / 16
    assert both == pytest.approx(joint, abs=4 * np.sqrt(joint / n))


def test_another_question_shifts_nobodys_draws():
    menu = view().menu
    more = Named.of(("aaa", Choice(jnp.ones(N, bool), ("keep", "change"))), *menu.items())
    mind = Scripted(level=0.7, tremble=0.3)
    alone, among = act(mind, view(), seed=4), act(mind, view(more), seed=4)
    assert alone.acts["harvest"].tolist() == among.acts["harvest"].tolist()


@given(
    genes=st.tuples(*(st.floats(0, 1, width=32) for _ in range(5))),
    greed=st.floats(1, 50, width=32),
    seed=st.integers(0, 2**31),
)
def test_answers_are_always_legal(genes, greed, seed):
    level, condition, tremble, random, ballot = genes
    mind = Scripted(level=level, condition=condition, greed=greed, tremble=tremble, random=random, ballot=3 * ballot)
    own = view(told=told(level))
    decision = act(mind, own, fear=tremble, seed=seed)
    assert bool(own.menu["harvest"].lawful(decision.acts["harvest"]).all())
    assert bool(((decision.memory >= 0) & (decision.memory <= 1)).all())


def test_in_the_commons_of_govsim():
    # reference oracles C: 10 each, 5 agents: gain 120 in 12 months and the stock back at 100; all at 3 fair shares: the stock
    # 100 is asked for 150, everything goes in month 1, gain 20 each.
    society = Society(Commons(), Named.of(("only", Scripted())), Seating(5))
    greed = lens.mind("only", Scripted, lambda m: m.greed)
    civil, ruthless = run_batch(society, ((greed, np.array([1.0, 3.0], np.float32)),), (0, 0), 12, record=("purse",))
    assert civil.traces["purse"][-1].tolist() == [120] * 5
    assert civil.readings["world.stock"].tolist() == [100] * 12
    assert ruthless.traces["purse"][-1].tolist() == [20] * 5
    assert ruthless.readings["world.stock"].tolist() == [100] + [0] * 11


def test_memory_at_birth():
    assert Scripted().init(Key.root(0), Seats(jnp.zeros(3, jnp.int32))).tolist() == [0.0, 0.0, 0.0]
