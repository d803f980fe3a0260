"""Effects against numbers that are put in, and their false-positive rate by simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.lab.effects import helping, lean, measure_effects
from commonweal.lab.probes import CONDITIONS, FULL, IN_RUN, Question, list_questions
from commonweal.models.model import Scores, Usage


def reply(question, odds):
    """The reply of a model whose log-odds of helping are given."""
    gap = odds if question.order == 0 else -odds
    return Scores((min(gap, 0.0) - 0.1, min(-gap, 0.0) - 0.1), Usage())


def effects_of(odds, size=FULL, scale="nats"):
    replies = {question: reply(question, odds(question)) for question in list_questions(size)}
    return {effect.name: effect for effect in measure_effects(replies, scale)}


@settings(max_examples=30)
@given(st.dictionaries(st.sampled_from(list(CONDITIONS)), st.floats(-6, 6)), st.floats(-3, 3), st.floats(-3, 3))
def test_effects_are_the_differences_that_were_put_in(conditions, order, wording):
    def odds(question):
        return conditions.get(question.condition, 0.0) + order * (question.order == 0) + wording * question.wording

    for size in (FULL, IN_RUN):
        found = effects_of(odds, size)
        for name, first, second in (
            ("payoffs", "helping pays", "taking pays"),
            ("persona", "generous", "ruthless"),
            ("public", "public", "private"),
        ):
            expected = conditions.get(first, 0.0) - conditions.get(second, 0.0)
            assert found[name].interval.value == pytest.approx(expected, abs=1e-9)
        assert found["option order"].interval.value == pytest.approx(order, abs=1e-9)
        assert found["option order, size"].interval.value == pytest.approx(abs(order), abs=1e-9)
        assert found["paraphrase, size"].interval.value == pytest.approx(abs(wording), abs=1e-9)


def test_an_order_that_pulls_both_ways_has_a_size_without_a_sign():
    found = effects_of(lambda question: 2.0 * (question.order == 0) * (1 if question.wording else -1))
    assert found["option order"].interval.value == pytest.approx(0.0)
    assert found["option order, size"].interval.value == pytest.approx(2.0)
    assert found["option order"].reading == "not told from 0"


def test_the_unit_is_the_story():
    """One story's 4 ways agree to the bit, so the interval is Student's over 12 numbers, whatever the pairs: by hand."""
    steps = np.random.default_rng(1).normal(1.0, 0.5, 12)
    found = effects_of(lambda q: steps[q.story] * (q.condition == "helping pays"))["payoffs"]
    half = 2.2009851600829 * steps.std(ddof=1) / math.sqrt(12)  # t quantile .975 at 11 degrees: tables
    assert found.interval.n == 12
    assert found.pairs == 48
    assert (found.interval.low, found.interval.high) == pytest.approx((steps.mean() - half, steps.mean() + half))


@pytest.mark.parametrize("size", [FULL, IN_RUN], ids=["full", "in run"])
def test_a_null_model_is_said_to_move_one_time_in_twenty(size):
    """Stories with slopes of their own and noise in each answer, and no effect: the rate of `moves` is 5 %, over 600 models."""
    draws, wrong = np.random.default_rng(7), 0
    asked = [question for question in list_questions(size) if question.condition in ("helping pays", "taking pays")]
    for _ in range(600):
        slopes = draws.normal(0, 0.5, size.stories)
        noise = draws.normal(0, 0.4, len(asked))
        replies = {
            question: reply(question, slopes[question.story] * (question.condition == "helping pays") + noise[row])
            for row, question in enumerate(asked)
        }
        payoffs = next(effect for effect in measure_effects(replies, "nats") if effect.name == "payoffs")
        wrong += payoffs.reading != "not told from 0"
    assert wrong / 600 == pytest.approx(0.05, abs=3.5 * math.sqrt(0.05 * 0.95 / 600))


def test_unanswered_questions_are_left_out_and_nothing_is_none():
    replies = {question: reply(question, 1.0) for question in list_questions(IN_RUN)}
    silent = {question: Scores((-1.0, -1.0), Usage(), answered=False) for question in replies}
    payoffs = measure_effects(silent, "nats")[0]
    assert (payoffs.interval.facts()["value"], payoffs.reading, payoffs.pairs) == (None, "not measured", 0)
    assert measure_effects(silent | {q: s for q, s in replies.items() if q.story == 0}, "nats")[0].interval.n == 1


def test_scales_and_floor():
    first, second = Question(0, "neutral", 0, 0), Question(0, "neutral", 0, 1)
    scores = Scores((math.log(0.6), math.log(0.2)), Usage())
    assert lean(scores, "nats") == pytest.approx(math.log(3))
    assert helping(first, scores, "share") == pytest.approx(0.75)
    assert helping(second, scores, "share") == pytest.approx(0.25)
    assert helping(second, scores, "nats") == pytest.approx(-math.log(3))
    assert lean(Scores((0.0, -math.inf), Usage()), "nats") == 30.0
    assert lean(Scores((0.0, 0.0), Usage(), answered=False), "share") is None
