"""A tick is offer, decide, commit: who is paid, told and moved by it."""

import dataclasses
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from commonweal.core.named import Named
from commonweal.core.numbers import total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import Fined, Ruling, Told
from commonweal.engine.compiled import run
from commonweal.engine.hosted import run_hosted, run_sync
from commonweal.engine.phases import Choices, commit, decide, offer, settle_answers, start
from commonweal.minds.scripted import Scripted
from commonweal.worlds.commons import Commons


class Take(Institution):
    """Takes a fixed amount from everybody and says so."""

    kind: ClassVar[RuleKind] = RuleKind.PAYOFF
    amount: int = 2

    def settle(self, memory, tick, key):
        due = jnp.full(tick.payoff.shape, self.amount, jnp.int32)
        return Ruling(memory, tick.payoff - due, public=Fined(due), burnt=total(due))


class Whisper(Institution):
    """Tells every second seat that the others' level was a half."""

    kind: ClassVar[RuleKind] = RuleKind.INFORMATION

    def settle(self, memory, tick, key):
        n = tick.payoff.shape[0]
        return Ruling(memory, tick.payoff, public=Told(jnp.full(n, 0.5), jnp.arange(n) % 2 == 0))


class Cycle(Institution):
    """Every seat gets the mind of the next one; seat 0 gets a newcomer."""

    kind: ClassVar[RuleKind] = RuleKind.BOUNDARY

    def settle(self, memory, tick, key):
        n = tick.payoff.shape[0]
        heir = ((jnp.arange(n) + 1) % n).at[0].set(-1)
        return Ruling(memory, tick.payoff, heir=heir.astype(jnp.int32))


def society(*rules, **mind):
    share = Named.of(("greedy", jnp.float32(0.4)))
    minds = Named.of(("civil", Scripted(**mind)), ("greedy", Scripted(greed=2.0)))
    named = Named.of(*((type(rule).__name__.lower() + str(at), rule) for at, rule in enumerate(rules)))
    return Society(Commons(), minds, Seating(5, share, shuffled=False), named)


def test_fines_add_up_over_rules_and_are_told_one_tick_later():
    given = society(Take(2), Take(3))
    state = start(given, None, Key.root(0))
    assert np.array_equal(offer(given, state).fined, [0] * 5)
    view = offer(given, state)
    done = commit(given, state, view, decide(given, state, view, Key.root(0)), Key.root(0))
    assert np.array_equal(offer(given, done.state).fined, [5] * 5)
    assert int(done.ledger.burnt) == 25
    assert np.array_equal(done.state.purse, np.asarray(done.tick.made) - 5)


def test_what_a_rule_tells_is_heard_by_those_it_tells():
    told = offer(society(Whisper()), run_one(society(Whisper()))).told
    assert np.array_equal(told.known, [True, False, True, False, True])


def run_one(given):
    state = start(given, None, Key.root(0))
    view = offer(given, state)
    return commit(given, state, view, decide(given, state, view, Key.root(0)), Key.root(0)).state


def test_heirs_carry_minds_and_memory_and_purses_stay():
    given = society(Cycle())
    state = run_one(given)
    assert np.array_equal(state.seats.mind, [1, 0, 0, 0, 1])
    assert np.array_equal(state.born, [True] * 5)
    assert np.array_equal(state.purse, [20, 20, 10, 10, 10])


def test_a_newcomer_has_a_mind_of_its_own_and_no_past():
    for share, mind in ((1.0, 1), (0.0, 0)):
        given = society(Cycle())
        seats = dataclasses.replace(given.seats, newcomers=Named.of(("greedy", jnp.float32(share))))
        given = dataclasses.replace(given, seats=seats)
        state = start(given, None, Key.root(0))
        view = offer(given, state)
        choices = decide(given, state, view, Key.root(0))
        # Everybody has been afraid; the newcomer in seat 0 is not, and the copies are as their parents.
        afraid = dataclasses.replace(choices, minds=jax.tree.map(jnp.ones_like, choices.minds))
        after = commit(given, state, view, afraid, Key.root(0)).state
        assert np.array_equal(after.seats.mind, [mind, 0, 0, 0, 1])
        for fear in jax.tree.leaves(after.minds):
            assert np.array_equal(fear, [0, 1, 1, 1, 1])


class Leave(Institution):
    """Every seat is given to a newcomer every tick."""

    kind: ClassVar[RuleKind] = RuleKind.BOUNDARY

    def settle(self, memory, tick, key):
        return Ruling(memory, tick.payoff, heir=jnp.full(tick.seats.n, -1, jnp.int32))


def test_newcomers_are_drawn_anew_at_every_seat_and_tick_the_same_in_both_engines():
    given = society(Leave())
    log = run(given, 3, 80, record=("mind",))
    minds = log.traces["mind"][1:]
    # 79 ticks of 5 seats, greedy with probability .4 as among the founders; no tick like the one before, no seat special.
    assert abs(minds.mean() - 0.4) < 4 * np.sqrt(0.4 * 0.6 / minds.size)
    assert (np.abs(minds.mean(0) - 0.4) < 4 * np.sqrt(0.4 * 0.6 / 79)).all()
    assert abs(np.corrcoef(minds[1:].ravel(), minds[:-1].ravel())[0, 1]) < 4 / np.sqrt(minds.size)
    short = run(given, 3, 6, record=("mind",))
    assert run_sync(run_hosted(given, 3, 6, record=("mind",))).digest == short.digest


def test_illegal_and_missing_answers_become_defaults():
    given = society()
    state = start(given, None, Key.root(0))
    view = offer(given, state)
    raw = Named.of(("harvest", jnp.asarray([5, 500, -1, 7, 100], jnp.int32)))
    mine = Named.of(("harvest", jnp.asarray([True, True, True, False, True])))
    choices = settle_answers(view, raw, mine, ())
    assert np.array_equal(choices.acts["harvest"], [5, 0, 0, 0, 100])
    assert np.array_equal(choices.answered["harvest"], [True, False, False, False, True])
    assert isinstance(choices, Choices)


def test_nobody_is_asked_after_the_collapse():
    log = run(society(level=0.0), 1, 4)
    assert log.readings["asked.harvest"].tolist() == [5, 0, 0, 0]
    assert [event.kind for event in log.events] == ["collapse"]
    assert eqx.is_array(start(society(), None, Key.root(0)).purse)
