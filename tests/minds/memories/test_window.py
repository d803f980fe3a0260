"""Window: the latest notes."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.errors import StudyError
from commonweal.minds.memories.window import Window


@pytest.mark.parametrize(("slots", "left"), [(0, ()), (1, (7,)), (3, (5, 6, 7)), (9, (1, 2, 3, 4, 5, 6, 7))])
def test_the_latest_notes_stay(writer, live, slots, left):
    model = writer()
    texts, history = live(Window(slots), model, 7)
    assert texts == tuple(f"month {tick}: event {tick}." for tick in left)
    assert model.asked == []
    assert Window(slots).calls_per_act == 0
    assert {(kept.incidents, kept.usage.calls) for kept in history} == {((), 0)}


@given(st.lists(st.text(max_size=20), max_size=12), st.integers(1, 6))
def test_it_is_the_end_of_a_list(notes, slots):
    # Known answer: a list's own slice. What is recalled is what was kept.
    from commonweal.core.views import Words

    own = Words(0, 1, "", "", "", "", tuple(notes), ())
    kept = asyncio.run(Window(slots).keep(None, own, "", "new"))
    assert list(kept.texts) == [*notes, "new"][-slots:]
    assert asyncio.run(Window(slots).recall(None, own)).notes == tuple(notes)


def test_impossible_windows_are_refused():
    with pytest.raises(StudyError, match="slots -1"):
        Window(-1)
