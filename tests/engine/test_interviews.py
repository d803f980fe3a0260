"""An interview on a fork: what everybody looks to is found where there is one, and the trial goes on as if nobody had asked."""

import dataclasses

import numpy as np
import pytest

from commonweal.channels.forum import Forum
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.ranking import popular
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import advance
from commonweal.engine.interviews import Answers, interview
from commonweal.engine.trial import begin
from commonweal.institutions.interview import Interview
from commonweal.minds.posters import Poster
from commonweal.worlds.platform import Platform

SEATS = 20


def society(authors=True):
    """Posters of one mind about what to like, who are shown what is liked."""
    mind = Poster(size=4, activity=1.0, taste=-1.0, keen=1.0)
    forum = Forum(popular(), size=4, room=200, pool=32, shows_authors=authors)
    return Society(Platform(size=4), Named.of(("poster", mind)), Seating(SEATS), channel=forum)


def test_the_trial_is_as_if_nobody_had_asked():
    trial = advance(begin(society(), 3), 4)
    answers = interview(trial, Interview(first=0, ticks=1), "anchor")
    assert answers.answered.all()
    assert advance(trial, 2).log().digest == advance(advance(begin(society(), 3), 4), 2).log().digest
    assert "interview" not in trial.society.rules


def test_who_is_seen_with_most_likes_is_named_and_nobody_where_authors_are_hidden():
    trial = advance(begin(society(), 5), 12)
    answers = interview(trial, Interview(ticks=1), "anchor")
    feed = trial.state.inbox
    best = np.asarray(feed.by)[np.arange(SEATS), np.asarray(feed.likes).argmax(1)]
    assert answers.named.all()
    assert (answers.answer == best + 1).all()
    # The null: each seat names one of the others at random.
    assert answers.agreement > 1 / SEATS
    hidden = advance(begin(society(authors=False), 5), 12)
    assert not interview(hidden, Interview(ticks=1), "anchor").named.any()


def test_agreement_is_that_of_pairs():
    assert Answers(np.array([1, 1, 2, 0]), np.array([True] * 4)).agreement == pytest.approx(1 / 3)
    assert np.isnan(Answers(np.array([1, 0]), np.array([True, True])).agreement)


def test_what_is_not_asked_is_refused():
    trial = begin(society(), 1)
    with pytest.raises(StudyError, match="does not ask"):
        interview(trial, Interview(ticks=1), "leader")
    twice = dataclasses.replace(trial, society=dataclasses.replace(society(), rules=Named.of(("interview", Interview()))))
    with pytest.raises(StudyError, match="interview"):
        interview(twice, Interview(ticks=1), "anchor")
