"""Decrees against the rule itself, the rule with the authority's number, and the share of ticks between them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.numbers import total
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import Ruling, Tick
from commonweal.engine.compiled import run
from commonweal.institutions.audit import Audit
from commonweal.institutions.decree import Decree
from commonweal.institutions.quota import Quota
from commonweal.institutions.tax import Tax
from commonweal.institutions.voting import Vote
from commonweal.minds.scripted import Scripted
from commonweal.testing import check_institution
from commonweal.worlds.commons import Commons

N = 6
RECORD = ("acts", "payoff", "purse")


def audit(detect):
    return Audit(detect=detect, hold_after=1)


@pytest.mark.slow
def test_laws():
    check_institution(Decree.on(Tax(0.3), Tax, lambda tax: tax.rate, 0.9, 0.4), Decree())
    check_institution(
        Decree.on(audit(0.6), Audit, lambda own: own.detect, 1.0),
        Decree.on(audit(0.0), Audit, lambda own: own.detect, 1.0, 0.0),
    )


@pytest.mark.slow
def test_at_rate_0_it_is_the_rule_and_at_rate_1_the_authoritys_from_the_second_tick_on():
    def log(rule):
        return run(
            Society(Commons(), Named.of(("greedy", Scripted(greed=1.5))), Seating(N), Named.of(("r", rule))),
            2,
            4,
            record=RECORD,
        )

    bare, other = log(audit(0.7)), log(Decree.on(audit(0.7), Audit, lambda own: own.detect, 0.0, 0.0))
    assert all(np.array_equal(bare.traces[name], other.traces[name]) for name in RECORD if name != "acts")
    first = log(Decree.on(audit(0.0), Audit, lambda own: own.detect, 1.0, 1.0))
    free = log(audit(0.0))
    assert np.array_equal(first.traces["payoff"][0], free.traces["payoff"][0])
    assert (first.traces["payoff"][1] < free.traces["payoff"][1]).any()


def ticks(rule, count, seed):
    """Payoffs of seats that earn 100 a tick, tick by tick, [t, a]."""
    seats = Seats(jnp.zeros(N, jnp.int32))
    made, zero = jnp.full(N, 100, jnp.int32), jnp.zeros(N, jnp.int32)
    empty = Named.of()

    def one(memory, at):
        tick = Tick(at, seats, empty, empty, empty, empty, made, made, zero, None, zero > 0)
        ruling = rule.settle(memory, tick, Key.root(seed).child(at))
        return ruling.memory, (ruling.burnt, memory.now)

    return jax.jit(lambda: jax.lax.scan(one, rule.begin(seats), jnp.arange(count, dtype=jnp.int32)))()[1]


class Toll(Tax):
    """Burns `rate` units of every seat."""

    def settle(self, memory, tick, key):
        due = jnp.broadcast_to(jnp.round(self.rate * 100).astype(jnp.int32), tick.payoff.shape)
        return Ruling(memory, tick.payoff - due, burnt=total(due))


def test_the_share_of_decreed_ticks_is_the_rate():
    """The authority's number stands in as many ticks as drawn: 4,000 ticks, five standard errors; never in the first."""
    for seed, rate in enumerate(np.random.default_rng(1).uniform(0.1, 0.9, 2).tolist()):
        burnt, now = ticks(Decree.on(Toll(0.1), Toll, lambda own: own.rate, 0.6, rate), 4000, seed)
        assert np.asarray(burnt).tolist() == [N * (60 if held else 10) for held in np.asarray(now).tolist()]
        assert not bool(now[0])
        assert abs(float(np.mean(now)) - rate) < 5 * np.sqrt(rate * (1 - rate) / 4000)


def test_it_says_what_stands():
    rule = Decree.on(Quota(1.0), Quota, lambda own: own.multiple, 4.0, 0.25)
    seats = Seats(jnp.zeros(N, jnp.int32))
    memory = rule.begin(seats)
    assert "at most your fair share" in rule.describe(memory)
    assert "With probability 0.25 a round an authority from outside sets multiple to 4" in rule.describe(memory)
    held = type(memory)(memory.inner, jnp.ones((), bool))
    assert "at most 4 times your fair share" in rule.describe(held)
    assert "It does so now." in rule.describe(held)
    assert Decree().describe(Decree().begin(seats)) == ""


def test_it_reaches_through_a_vote_and_refuses_nonsense():
    vote = Vote.on(Audit(0.5), Audit, lambda own: own.tolerance, (0.9,))
    assert Decree.on(vote, Audit, lambda own: own.detect, 0.0).parameter == ("inner", "detect")
    with pytest.raises(StudyError, match="rate = 2"):
        Decree.on(Tax(0.3), Tax, lambda tax: tax.rate, 0.9, 2.0)
    with pytest.raises(StudyError, match="a decree"):
        Decree.on(Quota(), Tax, lambda tax: tax.rate, 0.9)
    with pytest.raises(StudyError, match="no single number"):
        Decree(Audit(), ("schedule",))
