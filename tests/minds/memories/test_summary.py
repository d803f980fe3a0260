"""Summary: what leaves the window becomes one text. Known answers are counted by hand."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.errors import StudyError
from commonweal.minds.memories.summary import TOKENS, Summary
from commonweal.minds.texts import token_bound


def months(*numbers: int) -> tuple[str, ...]:
    return tuple(f"month {number}: event {number}." for number in numbers)


def test_the_oldest_notes_become_the_summary(writer, live):
    # Four slots, two leaving: notes 1 to 3 fit beside the summary; with the 4th, 1 and 2 leave; with the 6th, 3 and 4.
    model = writer(("The first two months were quiet.", "Four months were quiet."))
    texts, history = live(Summary(slots=4, every=2), model, 7)
    assert [kept.usage.calls for kept in history] == [0, 0, 0, 1, 0, 1, 0]
    assert history[3].texts == ("In short: The first two months were quiet.", *months(3, 4))
    assert texts == ("In short: Four months were quiet.", *months(5, 6, 7))
    first, second = (asked[1] for asked in model.asked)
    assert "- month 1: event 1.\n- month 2: event 2.\n\n" in first
    assert "month 3" not in first
    assert "- In short: The first two months were quiet.\n- month 3: event 3.\n- month 4: event 4.\n\n" in second


def test_a_failed_summary_keeps_the_old_one(writer, live):
    model = writer(("All was quiet at first.", "???", "", "It went on and on quietly."))
    _, history = live(Summary(slots=4, every=2), model, 10)
    standing = [kept.texts[0] for kept in history[3::2]]
    assert standing == ["In short: All was quiet at first."] * 3 + ["In short: It went on and on quietly."]
    assert [len(kept.incidents) for kept in history] == [0, 0, 0, 0, 0, 1, 0, 1, 0, 0]


def test_a_summary_stands_first(read):
    own = read(9, ("In short: quiet.", *months(8, 9)))
    recalled = asyncio.run(Summary().recall(None, own))
    assert (recalled.standing, recalled.notes) == ("In short: quiet.", months(8, 9))
    none = asyncio.run(Summary().recall(None, read(9, months(8, 9))))
    assert (none.standing, none.notes) == ("", months(8, 9))


@given(slots=st.integers(2, 9), every=st.integers(1, 8), acts=st.integers(0, 40))
def test_calls_and_texts_are_bounded(slots, every, acts):
    # Known answer: the first call comes with act `slots`, the next ones every `every` acts.
    if every >= slots:
        return
    from commonweal.core.views import Words

    class Endless:
        calls = 0

        async def generate(self, *prompt, **asked):
            from commonweal.models.model import Reply, Usage

            self.calls += 1
            return Reply("words " * 3000, Usage(1))

    async def live(model):
        texts: tuple[str, ...] = ()
        for tick in range(acts):
            kept = await Summary(slots, every).keep(
                model, Words(0, tick, "r", "", "", "", texts, ()), "", f"round {tick + 1}: x"
            )
            texts = kept.texts
            assert len(texts) <= slots
            assert texts[-1] == f"round {tick + 1}: x"
            assert all(token_bound(text) <= TOKENS + 8 for text in texts)

    model = Endless()
    asyncio.run(live(model))
    assert model.calls == (0 if acts < slots else (acts - slots) // every + 1)


def test_impossible_summaries_are_refused():
    assert Summary(6, 4).calls_per_act == 0.25
    for slots, every in ((4, 4), (1, 1), (4, 0)):
        with pytest.raises(StudyError, match="summary"):
            Summary(slots, every)
