"""Strategists: each contact by its own history, against matches of two; what a new seat forgets.

`SCORES` are the Axelrod library's own (4.14.0, 50 turns, no noise; R, S, T, P = 3, 0, 5, 1), as in the tests of tournaments.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.named import Named
from commonweal.core.networks import Ring
from commonweal.core.questions import Amount, Choice, Say, Scale
from commonweal.core.seats import Links, Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import Told, View
from commonweal.engine.compiled import run
from commonweal.institutions.fermi import Fermi
from commonweal.minds.memory_one import MemoryOne
from commonweal.minds.strategies import Contrite, Gradual, Grim, Lookback, Majority
from commonweal.minds.strategist import Strategist
from commonweal.testing import check_mind, check_society
from commonweal.worlds.network_game import NetworkGame

SCORES = {
    ("tf2t", "tf2t"): 150,
    ("tf2t", "wshls"): 75,
    ("wshls", "tf2t"): 200,
    ("tf2t", "alld"): 48,
    ("alld", "tf2t"): 58,
    ("gradual", "gradual"): 150,
    ("gradual", "tf2t"): 150,
    ("tf2t", "gradual"): 150,
    ("gradual", "wshls"): 196,
    ("wshls", "gradual"): 61,
    ("gradual", "alld"): 35,
    ("alld", "gradual"): 110,
    ("wshls", "wshls"): 50,
    ("wshls", "alld"): 50,
    ("alld", "wshls"): 50,
    ("alld", "alld"): 50,
}
N = 4
BITS = jnp.arange(8, dtype=jnp.uint8)


def view(question, told, born=None, more=()):
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
        born=jnp.zeros(n, bool) if born is None else jnp.asarray(born),
        contacts=None,
        card=None,
        tick=jnp.int32(1),
    )


def game(to=None, serves=(0.0, 1.0)):
    to = jnp.tile(jnp.array([[1], [0], [3], [2]], jnp.int32), (1, 2)) if to is None else to
    return Choice(jnp.ones(N, bool), ("defect", "cooperate"), serves=jnp.asarray(serves), to=to)


def seats(question):
    return Seats(jnp.zeros(N, jnp.int32), Links(question.to, question.to, full=True))


def told(mine, theirs, known=True):
    return Told(jnp.ones(N), jnp.full(N, known), jnp.asarray(theirs, jnp.uint8), jnp.asarray(mine, jnp.uint8))


NOTHING = told([0] * N, [0] * N, known=False)


@eqx.filter_jit
def act(mind, memory, seen, key):
    return mind.act(memory, seen, key)


@pytest.mark.parametrize(
    ("mind", "world"), [(Strategist(tremble=0.1), None), (Strategist(Gradual()), NetworkGame(per_contact=True))]
)
def test_the_laws_of_minds(mind, world):
    check_mind(mind, world)


def test_a_society_plays_the_matches_of_the_axelrod_library():
    # Every relation of a ring is a match of its own: 50 rounds are worth the library's scores, contact by contact.
    minds = Named.of(
        ("tf2t", Strategist()),
        ("wshls", Strategist(Lookback.win_shift_lose_stay())),
        ("gradual", Strategist(Gradual())),
        ("alld", MemoryOne.always_defect()),
    )
    share = Named.of(*((name, jnp.float32(0.25)) for name in minds.names[1:]))
    log = run(
        Society(NetworkGame(per_contact=True), minds, Seating(24, share, network=Ring(4))), 3, 50, record=("purse", "mind")
    )
    sits = [minds.names[index] for index in log.traces["mind"][-1]]
    worth = [sum(SCORES[sits[i], sits[j]] for j in row) for i, row in enumerate(Ring(4).contacts(24))]
    assert log.traces["purse"][-1].tolist() == worth
    assert len({(sits[i], sits[j]) for i, row in enumerate(Ring(4).contacts(24)) for j in row}) >= 12


def test_evolution_is_the_same_in_both_engines():
    # Minds move by imitation, memories begin anew: check_society compares the compiled log with the hosted, tick by tick.
    minds = Named.of(
        ("grim", Strategist(Grim(), tremble=0.05)),
        ("ctft", Strategist(Contrite(), tremble=0.05)),
        ("memory-one", MemoryOne.win_stay_lose_shift()),
    )
    share = Named.of(("ctft", jnp.float32(0.3)), ("memory-one", jnp.float32(0.3)))
    rules = Named.of(("imitation", Fermi(beta=0.5, every=2)))
    society = Society(NetworkGame(per_contact=True), minds, Seating(20, share, network=Ring(4)), rules)
    trial = check_society(society, ticks=6)
    assert trial.readings["seats.born"].sum() > 0


def test_a_memory_one_strategist_is_the_memory_one_mind():
    # The same key, the same acts, whatever the states: two minds, one strategy.
    mind = MemoryOne(p_start=0.3, cc=0.9, cd=0.2, dc=0.6, dd=0.4, tremble=0.05)
    other = Strategist(mind.strategy())
    question, rng = game(), np.random.default_rng(0)
    both = [(own, own.init(Key.root(0), seats(question))) for own in (mind, other)]
    for tick in range(20):
        bits = rng.integers(0, 4, (2, N))
        seen = view(question, NOTHING if tick == 0 else told(*bits))
        made = []
        for place, (own, memory) in enumerate(both):
            decision = own.act(memory, seen, Key.root(tick))
            made.append((np.asarray(decision.acts["act"]) & 3).tolist())
            both[place] = (own, decision.memory)
        if tick:
            assert made[0] == made[1]


def test_memory_begins_anew_with_a_new_mind_and_a_new_contact():
    # Grim in four seats with two contacts each; at tick 1 it is told that each contact 0 defected and each contact 1 did not.
    mind, question = Strategist(Grim()), game()
    memory = mind.init(Key.root(0), seats(question))
    decision = act(mind, memory, view(question, NOTHING, born=[True] * N), Key.root(0))
    assert decision.acts["act"].tolist() == [3] * N
    decision = act(mind, decision.memory, view(question, told([3] * N, [2] * N)), Key.root(1))
    assert decision.acts["act"].tolist() == [2] * N
    # Tick 2: seat 0 has a new mind, seat 2's first contact is another; what is told is of those who were there before.
    moved = game(jnp.asarray([[1, 1], [0, 0], [1, 3], [2, 2]], jnp.int32))
    decision = act(mind, decision.memory, view(moved, told([2] * N, [2] * N), born=[True, False, False, False]), Key.root(2))
    assert decision.acts["act"].tolist() == [3, 2, 3, 2]
    assert decision.memory.met.tolist() == moved.to.tolist()
    # Tick 3: both go on from what happened since.
    decision = act(mind, decision.memory, view(moved, told([3, 2, 3, 2], [0, 3, 2, 3])), Key.root(3))
    assert decision.acts["act"].tolist() == [0, 2, 2, 2]


def test_cooperation_is_the_answer_that_serves_more():
    mind = Strategist(Lookback(1, 20_000, (9_000, 60_000, 30_000, 50_000)))
    start = mind.init(Key.root(0), seats(game()))
    straight, turned = start, start
    for tick, (mine, theirs) in enumerate([([0, 1, 2, 3], [3, 1, 0, 2]), ([3, 3, 0, 1], [1, 2, 3, 0])]):
        seen = told(mine, theirs), told([255 - x for x in mine], [255 - x for x in theirs])
        straight = mind.act(start, view(game(), seen[0]), Key.root(tick))
        turned = mind.act(start, view(game(serves=(1.0, 0.0)), seen[1]), Key.root(tick))
        assert ((straight.acts["act"] ^ turned.acts["act"]) & 3).tolist() == [3] * N


def test_all_as_one_opponent():
    # Soft majority against a society whose norm level was .2, .9, .5, and then not told; it harvests 10 or 50, and says so.
    mind = Strategist(Majority())
    asked = jnp.ones(N, bool)
    harvest = Amount(asked, jnp.zeros(N, jnp.int32), jnp.full(N, 50), scale=Scale(jnp.float32(10)))
    speak = Say(asked, phrases=("I will take what I can.", "I will keep to my share."), promises=(0.0, 1.0))
    memory = mind.init(Key.root(0), Seats(jnp.zeros(N, jnp.int32)))
    made = []
    for tick, (level, known) in enumerate([(0.0, False), (0.2, True), (0.9, True), (0.5, True), (0.0, False)]):
        seen = view(harvest, Told(jnp.full(N, level), jnp.full(N, known)), more=(("say", speak),))
        decision = act(mind, memory, seen, Key.root(tick))
        memory = decision.memory
        made.append((decision.acts["act"].tolist()[0], decision.acts["say"].tolist()[0]))
    # Leads after each told tick: -1, 0, 1.
    assert made == [(10, 1), (50, 0), (10, 1), (10, 1), (10, 1)]
    newborn = act(mind, jax.tree.map(lambda x: x - 5, memory), view(harvest, None, born=[True] * N), Key.root(9))
    assert newborn.acts["act"].tolist() == [10] * N


def test_a_family_plays_as_its_members():
    # Parameters [a]: seats 0 and 1 always cooperate, 2 and 3 always defect after the first move.
    rows = jnp.asarray([65536, 65536, 0, 0])
    mind = Strategist(Lookback(1, 65536, (rows, rows, rows, rows)), tremble=jnp.zeros(N))
    question = game()
    memory = mind.init(Key.root(0), seats(question))
    memory = mind.act(memory, view(question, NOTHING), Key.root(0)).memory
    decision = mind.act(memory, view(question, told([3] * N, [0] * N)), Key.root(1))
    assert decision.acts["act"].tolist() == [3, 3, 0, 0]
