"""Who names the hypothesis is found by the rule and by the list; the list's order gives nothing away."""

from collections import Counter

import pytest

from commonweal.lab.awareness import CHOICES, DISTRACTORS, HYPOTHESES, NAMES, list_guesses, names_hypothesis
from commonweal.lab.probes import FULL, IN_RUN, STORIES, Size


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("It tests whether payoffs change how often people cooperate.", {"payoffs"}),
        ("Whether being WATCHED makes people share more", {"watching"}),
        ("whether someone reciprocates: how past acts of others change decisions", {"history"}),
        ("If a given personality changes how selfish one is", {"persona"}),
        ("It tests if rewards and reputation change cooperation", {"payoffs", "watching"}),
        ("It is a riddle about words.", set()),
        ("Payoffs matter.", set()),
        ("How people choose between two things", set()),
        ("The unpaid unseen helper", set()),
        ("", set()),
        ("\x00\x1b[31m<script>" * 300, set()),
    ],
)
def test_the_rule(text, named):
    assert {hypothesis for hypothesis in HYPOTHESES if names_hypothesis(text, hypothesis)} == named


def test_the_rule_reads_the_beginning_only():
    assert not names_hypothesis("x " * 1000 + "payoffs change cooperation", "payoffs")


@pytest.mark.parametrize("size", [FULL, IN_RUN], ids=["full", "in run"])
def test_guesses_quote_their_question_and_list_all_answers(size):
    guesses = list_guesses(size)
    assert len(guesses) == size.stories * size.guesses == len(set(guesses))
    for guess in guesses:
        for row in guess.about.suffix.splitlines():
            assert f"> {row}" in guess.listed
            assert f"> {row}" in guess.written
        shown = [line[3:] for line in guess.listed.splitlines() if line[1:3] == ") "]
        assert sorted(shown) == sorted((*HYPOTHESES.values(), *DISTRACTORS))
        assert shown[guess.correct] == HYPOTHESES[guess.hypothesis]
        assert guess.labels == tuple("ABCDEF")
        # Free text is asked for without a word of the list.
        assert not any(words in guess.written for words in (*HYPOTHESES.values(), *DISTRACTORS))


def test_hypotheses_come_equally_often_and_right_answers_stand_everywhere():
    guesses = list_guesses(FULL)
    assert set(Counter(guess.hypothesis for guess in guesses).values()) == {len(guesses) // 4}
    every = [guess.correct for guess in list_guesses(Size(len(STORIES), True, 4, 0, 2, 2))]
    # 48 draws over 6 places: 8 each on average, sd 2.6; the first letter alone must not be right.
    assert set(every) == set(range(CHOICES))
    assert max(Counter(every).values()) <= 17


def test_words_of_two_hypotheses_do_not_meet():
    words = [word for listed in NAMES.values() for word in listed]
    assert len(words) == len(set(words))
