"""Bias checks find what is planted, cover, and stay quiet where nothing is."""

import numpy as np
import pytest
from scipy import stats

from commonweal.analysis.judging.bias import check_family, check_length, check_shift, measure_length
from commonweal.analysis.judging.judge import Judgement
from promises import made_case

N = np.nan


def judgements(values):
    return [Judgement(("p", 0, i), float(value), (), "", "sha256:j") for i, value in enumerate(values)]


def test_a_shift_is_its_mean_and_the_share_that_changed():
    before, after = judgements([0, 0, 1, 1, 0, 1, 0, 0]), judgements([1, 1, 1, 0, 0, 1, 1, 1])
    changed, shift = check_shift("position", "options reversed", before, after, 1)
    gap = np.array([1, 1, 0, -1, 0, 0, 1, 1])
    assert (changed.estimate.value, shift.estimate.value) == pytest.approx((5 / 8, gap.mean()))
    theirs = stats.ttest_1samp(gap, 0).confidence_interval()
    assert (shift.estimate.low, shift.estimate.high) == pytest.approx((theirs.low, theirs.high))
    assert (changed.reading, shift.reading) == ("5 of 8 verdicts changed", "none seen")
    nothing = check_shift("repeat", "again", [], [], 1)
    assert [check.estimate for check in nothing] == [None, None]
    _, large = check_shift("position", "", judgements(np.zeros(20)), judgements([1] * 15 + [0] * 5), 1)
    assert large.reading == "moves it"


def test_the_correlation_given_gold_is_scipys_without_gold():
    rng = np.random.default_rng(3)
    length, gold = rng.normal(size=40), np.zeros(40)
    verdict = 0.5 * length + rng.normal(size=40)
    found = check_length(verdict, length, gold).estimate
    theirs = stats.pearsonr(verdict, length)
    assert found.value == pytest.approx(theirs.statistic)
    assert (found.low, found.high) == pytest.approx(tuple(theirs.confidence_interval()))


def test_length_that_only_follows_gold_is_no_bias():
    """Guilty trials are longer, and the judge sees only guilt: covered near 95 %. A judge that counts words is found."""
    rng = np.random.default_rng(5)
    covered = found = 0
    for _ in range(2_000):
        gold = (rng.random(60) < 0.4).astype(float)
        length = rng.normal(size=60) + 2 * gold
        fair = np.where(rng.random(60) < 0.85, gold, 1 - gold)
        one = check_length(fair, length, np.where(np.arange(60) < 50, gold, N)).estimate
        # Where the verdict happens to be the label, there is nothing to measure, and nothing claimed.
        covered += one is None or one.low <= 0 <= one.high
        wordy = (length + rng.normal(size=60) > 0.5).astype(float)
        found += check_length(wordy, length, gold).reading == "moves it"
    assert 0.935 <= covered / 2_000 <= 0.965
    assert found / 2_000 > 0.9


def test_nothing_to_measure_is_said():
    gold = np.array([0.0, 1, 0, 1, 0, 1, 0, 1])
    assert "do not vary" in check_length(gold, np.arange(8.0), gold).reading
    assert "too few" in check_length(gold, np.arange(8.0), np.full(8, N)).reading


def test_length_grows_with_words():
    assert measure_length(made_case(said=[(0, 0, "hello there")])) > measure_length(made_case(said=[(0, 0, "hi")]))
    assert measure_length(made_case()) == 0


def test_own_family_is_flagged():
    assert check_family("gpt-4o", ("gpt-4o-mini",)).reading.startswith("yes: both are gpt")
    assert check_family("qwen2.5", ("gpt-4o-mini",)).reading == "no: qwen judges gpt"
    assert check_family("", ("gpt-4o",)).reading.startswith("no: the judge has no language model")
    assert check_family("gpt-4o", ()).reading.startswith("no: no model is judged")
