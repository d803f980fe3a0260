"""How far a change moves the outcome: against scipy, and what is said of interaction."""

import numpy as np
import pytest
from scipy import stats

from audits import Made, pairs, run_of
from commonweal.analysis.shifts import Shift, ablation_shifts, cue_shifts, say_interaction


def shift(moved: bool, small: bool) -> Shift:
    return Shift("mute", "", "0", 0.0, None, None, 9, moved, small)


def test_an_ablation_is_compared_by_welch_in_each_arm_at_half_the_error():
    random = np.random.default_rng(5)
    before, after = pairs(0.4, random), pairs(0.4, random, n=25, spread=0.5)
    plan, trials = run_of([Made(None, *before), Made(("fresh seeds", ""), *before), Made(("mute", "quiet"), *after)])
    found = ablation_shifts(plan, trials, plan.parts[1], plan.parts[2])
    assert [own.arm for own in found] == ["0", "1"]
    for own, one, nil in zip(found, after, before, strict=True):
        test = stats.ttest_ind(one, nil, equal_var=False)
        low, high = test.confidence_interval(0.975)
        assert (own.value, own.low, own.high) == pytest.approx((np.mean(one) - np.mean(nil), low, high))
        assert own.moved == (test.pvalue < 0.025)


def test_a_cue_is_compared_in_pairs_in_each_arm():
    random = np.random.default_rng(6)
    base = pairs(0.0, random)
    cued = tuple(np.add(arm, random.normal(0.05, 0.1, len(arm))).tolist() for arm in base)
    plan, trials = run_of([Made(None, *base), Made(("observation cue", "watched"), *base, cued=cued)])
    for own, one, nil in zip(cue_shifts(plan, trials, plan.parts[1]), cued, base, strict=True):
        test = stats.ttest_rel(one, nil)
        low, high = test.confidence_interval(0.975)
        assert (own.value, own.low, own.high) == pytest.approx((np.subtract(one, nil).mean(), low, high))
        assert own.moved == (test.pvalue < 0.025)


def test_moves_of_opposite_sign_in_the_two_arms_are_both_seen():
    random = np.random.default_rng(7)
    base = pairs(0.0, random)
    cued = np.add(base[0], random.normal(0.5, 0.1, 40)).tolist(), np.add(base[1], random.normal(-0.5, 0.1, 40)).tolist()
    plan, trials = run_of([Made(None, *base), Made(("observation cue", "watched"), *base, cued=cued)])
    assert [own.moved for own in cue_shifts(plan, trials, plan.parts[1])] == [True, True]


def test_false_positives_of_the_two_arms_together_are_at_most_nominal():
    """The rule, two t intervals at 97.5 %, on 20,000 studies without an effect: at most 5 %, give or take 4 standard errors."""
    random = np.random.default_rng(8)
    gaps = random.normal(0, 1, (20_000, 2, 12))
    t = gaps.mean(2) / (gaps.std(2, ddof=1) / np.sqrt(12))
    rate = (np.abs(t) > stats.t.ppf(1 - 0.025 / 2, 11)).any(1).mean()
    assert rate < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 20_000)
    assert rate > 0.045


def test_an_unchanged_outcome_is_not_moved():
    base = pairs(0.3, np.random.default_rng(9))
    plan, trials = run_of([Made(None, *base), Made(("observation cue", "watched"), *base, cued=base)], 0.1)
    assert [(own.value, own.moved) for own in cue_shifts(plan, trials, plan.parts[1])] == [(0.0, False)] * 2


@pytest.mark.parametrize(
    ("shifts", "smallest", "answer"),
    [
        ((), 0.1, "not run"),
        ((shift(True, False), shift(False, False)), 0.1, "yes"),
        ((shift(False, True), shift(False, True)), 0.1, "no"),
        ((shift(True, True), shift(False, True)), 0.1, "no"),
        ((shift(False, True), shift(False, False)), 0.1, "not told"),
        ((shift(False, False),), None, "not told"),
    ],
)
def test_interaction_matters_where_an_ablation_moves_the_outcome_by_enough(shifts, smallest, answer):
    assert say_interaction(shifts, smallest) == answer
