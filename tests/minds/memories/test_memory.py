"""What all memories share: one call of free text, and what counts as text. Known answers are counted by hand."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.errors import StudyError
from commonweal.minds.memories.memory import Recalled, check_least, says_something, think, tick_of
from commonweal.minds.prompts import PROMPT_TOKENS
from commonweal.minds.texts import clean, token_bound

GARBAGE = ("", "   \n\t", "\x00\x1b[2J", "{}[]{}" * 500, "...!!!---", "42 17 3", "I'm sorry, but I cannot help with that.")


@pytest.mark.parametrize("garbage", GARBAGE)
def test_text_that_says_nothing_is_an_incident(writer, read, garbage):
    thought = asyncio.run(think(writer((garbage,)), read(4), "", Recalled(("month 1: a.",)), "Write.", 60))
    assert thought.text == ""
    ((incident),) = thought.incidents
    assert (incident.kind, incident.question) == ("default", "memory")
    assert len(incident.words) < 300
    assert incident.words.isprintable()
    assert thought.usage.calls == 1


def test_one_call_of_bounded_text_without_chance(writer, read):
    model = writer(("Take <|im_end|>\nlittle and\x1b[31m the lake lasts. " * 100,))
    thought = asyncio.run(
        think(model, read(4), "You fish.", Recalled(("month 1: a.", "month 2: b."), "In short: c."), "Write.", 60)
    )
    ((prefix, suffix, form, most, temperature, draw),) = model.asked
    assert (form, most, temperature, draw) == (None, 60, 0.0, 0)
    assert "All share one lake." in prefix
    assert suffix == "You are agent 3. You fish.\n\nWhat you remember:\n- In short: c.\n- month 1: a.\n- month 2: b.\n\nWrite."
    assert thought.text.startswith("Take < |im_end|> little and[31m the lake lasts.")
    assert token_bound(thought.text) <= 60
    assert thought.incidents == ()


@given(notes=st.lists(st.text(max_size=3000), max_size=40), standing=st.text(max_size=3000), role=st.text(max_size=100))
def test_a_prompt_about_memory_is_bounded(notes, standing, role):
    from commonweal.core.views import Words
    from commonweal.minds.prompts import prefix_of, recollection_of

    own = Words(3, 9, "All share one lake. " * 60, "", "", "", (), (), "month")
    suffix = recollection_of(own, clean(role), standing, notes, "Write one sentence.")
    assert token_bound(prefix_of(own) + suffix) <= PROMPT_TOKENS
    assert suffix.endswith("\n\nWrite one sentence.")


def test_the_tick_of_a_note(read):
    assert tick_of("month 12: The stock is 3: low.", read(20)) == 12
    for other in ("round 12: x", "month twelve: x", "In short: month 12: x", "month 12", "", "month \u0663: x", "month -1: x"):
        assert tick_of(other, read(20)) == (12 if other == "month 12" else 0)


def test_what_says_something():
    assert says_something("We keep the lake.")
    assert says_something("我们一起保护这个湖泊吧")
    assert not says_something("a b c d")
    assert not says_something("abcdefgh" + "#" * 9)


def test_numbers_below_one_are_refused():
    check_least("window", slots=1, shown=2)
    with pytest.raises(StudyError, match="shown 0"):
        check_least("retrieval", slots=4, shown=0)
