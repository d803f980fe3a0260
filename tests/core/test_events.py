"""Events are frozen values of known kinds."""

import dataclasses

import pytest

from commonweal.core.events import KINDS, VERSION, Event


def test_events_are_frozen_values():
    event = Event(3, "default", 1, (), "harvest: no answer")
    assert event == Event(tick=3, kind="default", agent=1, words="harvest: no answer")
    assert hash(event) == hash(dataclasses.replace(event))
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.tick = 4
    assert dataclasses.astuple(Event(0, "collapse")) == (0, "collapse", None, (), "")


def test_kinds_are_worded():
    # The kinds that the design names; each says what it means.
    assert set(KINDS) == {"collapse", "birth", "say", "default", "repair", "refused", "extinction", "fixation"}
    assert all(KINDS.values())
    assert VERSION == 1
