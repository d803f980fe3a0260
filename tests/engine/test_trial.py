"""A trial goes on, and is forked."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import advance, run, run_batch
from commonweal.engine.hosted import run_hosted, run_sync
from commonweal.engine.trial import begin, fork
from commonweal.institutions.moran import Moran
from commonweal.institutions.turnover import Turnover
from commonweal.minds.scripted import Scripted
from commonweal.testing import Wild, society_for
from commonweal.worlds.network_game import NetworkGame

RECORD = ("acts", "payoff", "purse")


def test_a_fork_shares_the_past_and_the_randomness_after_it():
    society = society_for(mind=Scripted(level=0.93))
    half = advance(begin(society, 3, record=RECORD), 1)
    same = advance(fork(half, society), 4)
    assert same.log().digest == run(society, 3, 5, record=RECORD).digest
    greedy = lens.mind("tried", Scripted, lambda m: m.greed).set(society, 4.0)
    other = advance(fork(half, greedy), 4).log()
    before, after = other.traces["act.harvest"][:1], other.traces["act.harvest"][1:]
    assert np.array_equal(before, same.log().traces["act.harvest"][:1])
    assert after[0].sum() > same.log().traces["act.harvest"][1].sum()


def test_a_fork_may_add_a_rule_and_an_idle_one_changes_nothing():
    from commonweal.institutions.presence import If
    from commonweal.institutions.tax import Tax

    society = society_for(mind=Scripted(tremble=0.2))
    half = advance(begin(society, 3, record=RECORD), 4)
    idle = dataclasses.replace(society, rules=Named.of(("tax", If(Tax(rate=0.5), on=False))))
    straight, forked = advance(half, 4).log(), advance(fork(half, idle), 4).log()
    assert all(np.array_equal(straight.traces[name], forked.traces[name]) for name in straight.traces)
    taxed = dataclasses.replace(society, rules=Named.of(("tax", Tax(rate=1.0))))
    assert len(set(advance(fork(half, taxed), 1).log().traces["payoff"][-1].tolist())) == 1


def test_a_fork_into_other_seats_is_refused():
    with pytest.raises(StudyError, match="same number of seats"):
        fork(begin(society_for(), 1), society_for(n=13))
    with pytest.raises(StudyError, match="cannot be traced"):
        begin(society_for(mind=Wild()), 1, record=("thoughts",))


def drift(n=6, mutants=0.5, **seating):
    """Two minds and no selection, one birth and one death a tick."""
    minds = Named.of(("resident", Scripted(level=0.0)), ("mutant", Scripted(level=1.0)))
    share = Named.of(("mutant", jnp.float32(mutants)))
    return Society(NetworkGame(), minds, Seating(n, share, **seating), Named.of(("drift", Moran(selection=0.0))))


def told(log):
    return [(event.tick, event.kind, event.words) for event in log.events]


def test_extinction_and_fixation_are_events_at_the_tick_of_the_last_seat():
    logs = run_batch(drift(), (), tuple(range(60)), 150, record=("mind",))
    kinds = set()
    for seed, log in enumerate(logs):
        # What the traces say, by themselves: the count at the start of each tick.
        held = log.traces["mind"].sum(1)
        assert np.array_equal(log.readings["minds.mutant"], held)
        assert np.array_equal(held + log.readings["minds.resident"], np.full(150, 6))
        after = np.append(held[1:], log.readings["seated.mutant"])
        over = np.flatnonzero((after == 0) | (after == 6))
        if over.size:
            won, lost = ("mutant", "resident") if after[-1] == 6 else ("resident", "mutant")
            assert told(log) == [(over[0], "extinction", lost), (over[0], "fixation", won)]
            kinds.add(won)
        if seed == 0:
            assert run_sync(run_hosted(drift(), 0, 150, record=("mind",))).digest == log.digest
    assert kinds == {"mutant", "resident"}


def test_who_is_gone_at_once_is_an_event_and_who_never_was_is_none():
    newcomers = Named.of(("mutant", jnp.float32(1.0)))
    once = dataclasses.replace(drift(mutants=0.0, newcomers=newcomers), rules=Named.of(("turnover", Turnover(rate=1.0))))
    assert told(run(once, 1, 3)) == [(0, "extinction", "resident"), (0, "fixation", "mutant")]
    assert told(run(drift(mutants=0.0), 1, 20)) == []


def test_a_society_in_which_nobody_can_move_reads_nothing_of_it():
    still = dataclasses.replace(drift(), rules=Named((), ()))
    log = run(still, 1, 3)
    assert not [name for name in log.readings if name.startswith(("minds.", "seated."))]
    # Rules that come or go in a fork: seats are counted all the same, and events keep their ticks.
    begun = advance(fork(advance(begin(still, 1), 10), drift()), 150)
    first = int(np.flatnonzero(begun.readings["minds.mutant"] % 6 == 0)[0])
    assert {tick for tick, _, _ in told(begun.log())} == {first - 1}
    assert begun.readings["minds.mutant"].size == 160
    assert (begun.readings["minds.mutant"][:11] == begun.readings["minds.mutant"][0]).all()
    gone = advance(fork(begun, still), 5).log()
    assert told(gone) == told(begun.log())
    assert gone.readings["minds.mutant"].size == gone.readings["ledger.made"].size == 165
