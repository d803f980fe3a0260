"""A notice tells and moves nothing."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.engine.compiled import advance, run
from commonweal.engine.phases import offer
from commonweal.engine.trial import begin
from commonweal.institutions.notice import WORDS, Notice, Watched, watched
from commonweal.testing import RECORD, society_for


def test_to_minds_that_do_not_care_it_is_the_identity_at_any_strength():
    bare = run(society_for(), 4, 5, record=RECORD)
    told = run(society_for(rules=(("notice", Notice()),)), 4, 5, record=RECORD)
    assert all(np.array_equal(values, told.traces[name]) for name, values in bare.traces.items())


def test_all_are_told_from_the_second_tick_on():
    trial = begin(society_for(rules=(("notice", Notice()),)), 4)
    seen = []
    for _ in range(3):
        seen.append(watched(offer(trial.society, trial.state)))
        trial = advance(trial, 1)
    assert [bool(flags.all()) for flags in seen] == [False, True, True]
    assert not seen[0].any()


def test_without_a_notice_nobody_is_watched():
    state = begin(society_for(), 4).state
    assert not watched(offer(society_for(), state)).any()


def test_reach_is_the_probability_of_being_told():
    """12,000 draws at 0.3, to 5 standard errors."""
    trial = begin(society_for(rules=(("notice", Notice(0.3)),), n=1000), 4)
    told = 0
    for _ in range(12):
        trial = advance(trial, 1)
        told += int(trial.state.public["notice"].told.sum())
    assert abs(told / 12_000 - 0.3) < 5 * np.sqrt(0.3 * 0.7 / 12_000)


def test_what_it_says():
    assert Notice().describe(()) == WORDS
    assert Notice(0.0).describe(()) == ""
    rare = Notice(0.25, words="Smile.")
    assert "probability 0.25" in rare.describe(())
    flags = Watched(jnp.asarray([True, False]))
    assert (rare.tell(flags, 0), rare.tell(flags, 1), Notice().tell(flags, 0)) == ("Smile.", "", "")


@pytest.mark.parametrize("make", [lambda: Notice(1.2), lambda: Notice(-0.1), lambda: Notice(words=" ")])
def test_impossible_notices_are_refused(make):
    with pytest.raises(StudyError, match="expected"):
        make()


def test_two_notices_reach_whoever_one_of_them_reaches():
    rules = (("one", Notice(0.5)), ("two", Notice(0.5)))
    trial = advance(begin(society_for(rules=rules, n=400), 4), 1)
    one, two = (np.asarray(trial.state.public[name].told) for name in ("one", "two"))
    assert np.array_equal(watched(offer(trial.society, trial.state)), one | two)
    assert not np.array_equal(one, two)
