"""Retrieval: scores by hand, and notes about what the situation is about with the real embedder."""

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.errors import StudyError
from commonweal.minds.memories.retrieval import Retrieval, best_notes, cosines
from commonweal.models.model import Usage, Vectors


def test_scores_by_hand():
    # Ages 3, 2, 1 (oldest first): recency .985, .990, .995 scales to 0, about .5 and 1. Relevance 10, 4, 0 scales to 1, .4
    # and 0. Scores 1, .9, 1: the newer of equals wins, the middle note loses.
    assert best_notes((10, 4, 0), (3, 2, 1), 1) == (2,)
    assert best_notes((10, 4, 0), (3, 2, 1), 2) == (0, 2)
    # With relevance 10, 6, 0 the middle note has .6 + .5 and wins.
    assert best_notes((10, 6, 0), (3, 2, 1), 1) == (1,)
    # Where all are as old and as relevant, the newest win.
    assert best_notes((5, 5, 5), (2, 2, 2), 2) == (1, 2)
    assert best_notes((5,), (9,), 4) == (0,)


@given(st.lists(st.tuples(st.integers(-(1 << 40), 1 << 40), st.integers(0, 900)), min_size=1, max_size=30), st.integers(1, 8))
def test_scores_are_those_of_the_paper(notes, shown):
    # Independent: the paper's formula in float64; wherever its scores are clearly apart, the choice is the same.
    relevance, ages = np.asarray([r for r, _ in notes], float), np.asarray([a for _, a in notes], float)

    def scaled(values):
        spread = values.max() - values.min()
        return (values - values.min()) / spread if spread else np.zeros(len(values))

    score = scaled(relevance) + scaled(0.995**ages)
    found = best_notes([r for r, _ in notes], [a for _, a in notes], shown)
    assert len(found) == min(shown, len(notes))
    assert list(found) == sorted(set(found))
    worst = min(score[list(found)])
    assert all(score[place] <= worst + 1e-5 for place in range(len(notes)) if place not in found)


def test_cosines_by_hand():
    # (3, 4)/5 with itself, with (4, 3)/5 and with (-3, -4)/5: 1, 24/25, -1.
    rows = np.asarray([[0.6, 0.8], [0.6, 0.8], [0.8, 0.6], [-0.6, -0.8]], np.float32)
    assert np.asarray(cosines(Vectors(rows, Usage()))) / 2.0**40 == pytest.approx([1, 0.96, -1], abs=1e-6)


def test_what_the_situation_is_about_is_recalled(writer, read):
    # One note of eight is about fines and is not new (recency 2/7, relevance 1); the newest has recency 1.
    notes = (
        "month 1: We sang songs in the evening.",
        "month 2: The old boat needs new paint.",
        "month 3: The inspector fined me five units for taking too much.",
        "month 4: My neighbour's daughter was married.",
        "month 5: The market sold apples and bread.",
        "month 6: A storm broke the roof of the barn.",
        "month 7: The children learned to read.",
        "month 8: The road to the city was closed.",
    )
    model, memory = writer(), Retrieval(slots=8, shown=2)
    own = read(8, notes, "An inspector comes this month and may impose a fine.")
    recalled = asyncio.run(memory.recall(model, own))
    assert recalled.notes == (notes[2], notes[7])
    assert model.embedded[0][0] == "An inspector comes this month and may impose a fine."
    assert model.embedded[0][3] == "The inspector fined me five units for taking too much."
    assert (model.asked, recalled.usage.calls) == ([], 0)
    # The same again, and beside others, gives the same.
    assert asyncio.run(memory.recall(model, own)).notes == recalled.notes


def test_few_notes_are_all_shown_and_none_embedded(writer, read):
    model = writer()
    notes = ("month 1: a.", "month 2: b.")
    assert asyncio.run(Retrieval(8, 2).recall(model, read(2, notes))).notes == notes
    assert model.embedded == []


def test_the_oldest_is_dropped(writer, live):
    texts, _ = live(Retrieval(slots=5, shown=2), writer(), 9)
    assert texts == tuple(f"month {tick}: event {tick}." for tick in (5, 6, 7, 8, 9))


def test_impossible_retrievals_are_refused():
    assert Retrieval().calls_per_act == 0
    for slots, shown in ((4, 5), (4, 0), (0, 1)):
        with pytest.raises(StudyError, match="retrieval"):
            Retrieval(slots, shown)
