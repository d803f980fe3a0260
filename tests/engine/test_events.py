"""Events that follow from readings and traces, by hand."""

import numpy as np

from commonweal.core.events import Event
from commonweal.engine.events import collapse, spoken, takeovers


def series(*values: int) -> np.ndarray:
    return np.asarray(values, np.int64)


def test_a_collapse_is_told_once() -> None:
    assert [event.tick for event in collapse({"world.collapsed": series(0, 0, 1, 1)})] == [2]
    assert collapse({"world.collapsed": series(0, 0)}) == []
    assert collapse({}) == []


def test_words_are_told_of_those_who_answered() -> None:
    act, answered = np.asarray([[-1, 3], [2, 0]]), np.asarray([[1, 1], [1, 0]])
    traces = {"act.say": act, "answered.say": answered, "act.harvest": act, "answered.harvest": answered}
    assert spoken(traces, ("say",)) == [Event(0, "say", 1, (3,)), Event(1, "say", 0, (2,))]
    assert spoken({}, ("say",)) == []


def test_takeovers_by_hand() -> None:
    """Two minds, three seats: the first goes out after tick 1, comes back by a newcomer after 2, takes over after 3."""
    readings = {"seats.born": series(0, 0, 0, 0), "minds.one": series(1, 1, 0, 1), "minds.two": series(2, 2, 3, 2)}
    ends = {"seated.one": series(3), "seated.two": series(0)}
    found = sorted((event.tick, event.kind, event.words) for event in takeovers(readings, ends, ("one", "two"), 3))
    assert found == [(1, "extinction", "one"), (1, "fixation", "two"), (3, "extinction", "two"), (3, "fixation", "one")]


def test_who_never_sat_did_not_go_extinct() -> None:
    readings = {"minds.one": series(0, 0), "minds.two": series(3, 3)}
    ends = {"seated.one": series(1), "seated.two": series(2)}
    assert takeovers(readings, ends, ("one", "two"), 3) == []
