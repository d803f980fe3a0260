"""Reflections: one insight each few ticks, kept among the notes. Known answers are counted by hand."""

import asyncio

import pytest

from commonweal.core.errors import StudyError
from commonweal.minds.memories.reflections import Reflections


def months(*numbers: int) -> tuple[str, ...]:
    return tuple(f"month {number}: event {number}." for number in numbers)


def test_insights_stand_among_the_notes_and_outlast_them(writer, live):
    # Every third month one call; two notes and two insights are kept, in the order of time.
    model = writer(("Quiet months follow each other.", "Nothing ever changes here.", "The lake is stable."))
    texts, history = live(Reflections(slots=4, every=3, insights=2), model, 9)
    assert [kept.usage.calls for kept in history] == [0, 0, 1] * 3
    assert history[2].texts == (*months(2, 3), "I concluded: Quiet months follow each other.")
    assert history[4].texts == ("I concluded: Quiet months follow each other.", *months(4, 5))
    assert texts == (
        "I concluded: Nothing ever changes here.",
        *months(8, 9),
        "I concluded: The lake is stable.",
    )
    shown = ["I concluded: Quiet months follow each other.", *months(4, 5, 6)]
    assert "".join(f"\n- {text}" for text in shown) + "\n\n" in model.asked[1][1]


def test_all_is_shown_in_the_order_of_time(read):
    kept = ("I concluded: a.", *months(1, 2))
    assert asyncio.run(Reflections().recall(None, read(2, kept))).notes == kept


def test_a_failed_insight_changes_nothing_and_is_not_asked_again_at_once(writer, live):
    model = writer(("Quiet months follow each other.", "", "<<<>>>"))
    texts, history = live(Reflections(slots=4, every=3, insights=2), model, 10)
    assert [kept.usage.calls for kept in history] == [0, 0, 1] * 3 + [0]
    assert [len(kept.incidents) for kept in history] == [0, 0, 0, 0, 0, 1, 0, 0, 1, 0]
    assert texts == ("I concluded: Quiet months follow each other.", *months(9, 10))


def test_an_insight_had_twice_is_kept_once(writer, live):
    texts, _ = live(Reflections(slots=6, every=2, insights=3), writer(), 6)
    assert texts == (*months(4, 5, 6), "I concluded: Nothing much happened so far.")


def test_a_seat_that_is_seldom_asked_reflects_when_a_multiple_is_passed(writer, read):
    memory, model = Reflections(slots=5, every=4, insights=2), writer()
    texts: tuple[str, ...] = ()
    calls = []
    for tick in (0, 2, 5, 6, 12):
        kept = asyncio.run(memory.keep(model, read(tick, texts), "", f"month {tick + 1}: x."))
        texts = kept.texts
        calls.append(kept.usage.calls)
    # Months 1, 3, 6, 7, 13: four is passed at 6, eight and twelve at 13.
    assert calls == [0, 0, 1, 0, 1]


def test_impossible_reflections_are_refused():
    assert Reflections(7, 4).calls_per_act == 0.25
    for given in ((3, 4, 3), (7, 0, 3), (7, 4, 0)):
        with pytest.raises(StudyError, match="reflections"):
            Reflections(*given)
