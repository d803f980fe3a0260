"""A trial is saved, resumed and forked."""

import dataclasses

import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import LogError, StudyError
from commonweal.core.named import Named
from commonweal.engine.compiled import advance, run
from commonweal.engine.trial import begin, fork, load, save
from commonweal.minds.scripted import Scripted
from commonweal.testing import Wild, society_for

RECORD = ("acts", "payoff", "purse")


def test_saved_and_resumed_is_uninterrupted(tmp_path):
    society = society_for(mind=Scripted(tremble=0.2))
    half = advance(begin(society, 3, record=RECORD), 4)
    save(half, tmp_path / "trial.npz")
    resumed = advance(load(tmp_path / "trial.npz", society), 4)
    assert resumed.log().digest == run(society, 3, 8, record=RECORD).digest


def test_a_damaged_or_foreign_file_is_refused(tmp_path):
    path = tmp_path / "trial.npz"
    save(begin(society_for(), 3), path)
    with pytest.raises(LogError, match="load it with the society"):
        load(path, society_for(mind=Scripted(level=0.1)))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(LogError, match="not a saved trial"):
        load(path, society_for())


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
