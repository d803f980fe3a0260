"""Contrasts under a stopping rule: what `decide` would say, and intervals and tests that hold although a run stops early."""

import dataclasses

import numpy as np
import pytest

from audits import Made, run_of
from commonweal.analysis.contrasts import compare_levels
from commonweal.analysis.looks import METHOD, TEST, assess_contrast, compare_contrast, measure_contrast, seed_differences
from commonweal.analysis.plans import Factor
from commonweal.statistics.inference import Bounds, estimate_difference
from commonweal.statistics.permutation import permute_arms
from commonweal.statistics.sequential import Stopping, bound_differences, decide

RULE = Stopping(excludes_zero=True, first=10, every=5, most=60)


def arms_of(control, treatment, rule=RULE, unbounded=False):
    plan, trials = run_of([Made(None, control, treatment)], smallest=0.2, unbounded=unbounded)
    part = dataclasses.replace(plan.parts[0], seeds=60)
    plan = dataclasses.replace(plan, parts=(part,), stopping=None if rule is None else dataclasses.asdict(rule))
    return plan, part, compare_levels(trials, part, "good", "law", (0.0, 1.0))


@pytest.mark.parametrize("unbounded", [False, True])
def test_limits_are_those_of_the_rule_that_stopped_the_run(unbounded):
    rng = np.random.default_rng(1)
    control, treatment = rng.uniform(0, 0.6, 60), rng.uniform(0.2, 1, 60)
    rule = dataclasses.replace(RULE, bounds=None if unbounded else bound_differences(Bounds(0, 1)))
    decision = decide(treatment - control, rule)
    assert decision.stop
    assert decision.n < 60
    plan, part, arms = arms_of(control[: decision.n], treatment[: decision.n], unbounded=unbounded)
    found = measure_contrast(plan, part, arms, "good")
    assert (found.value, found.low, found.high) == pytest.approx((decision.estimate, decision.low, decision.high))
    assert found.method == METHOD
    assert assess_contrast(plan, part, arms, "good").method == TEST


def test_without_a_rule_they_are_the_fixed_ones():
    rng = np.random.default_rng(2)
    plan, part, arms = arms_of(rng.uniform(size=20), rng.uniform(size=20), rule=None)
    assert measure_contrast(plan, part, arms, "good") == estimate_difference(arms.contrast, bounds=Bounds(0, 1))
    assert assess_contrast(plan, part, arms, "good") == permute_arms(arms.contrast)


def test_a_seed_counts_once_however_many_blocks_it_has():
    plan, trials = run_of([Made(None, [0.1, 0.2, 0.3], [0.3, 0.5, 0.9])])
    blocks = np.repeat([0.0, 1.0], len(trials))
    part = dataclasses.replace(plan.parts[0], factors=(*plan.parts[0].factors, Factor("block", "world.x", (0.0, 1.0))))
    twice = trials.where(np.tile(np.arange(len(trials)), 2))
    twice = dataclasses.replace(twice, factors=twice.factors | {"block": blocks})
    twice.metrics["good"][blocks == 1.0] *= 0.5
    arms = compare_levels(twice, part, "good", "law", (0.0, 1.0))
    assert seed_differences(arms) == pytest.approx(np.array([0.2, 0.3, 0.6]) * 0.75)


def test_errors_stay_below_their_level_although_runs_stop_as_soon_as_they_can():
    # 600 runs without an effect, stopped at the first look whose limits exclude 0; a fixed test there errs by construction.
    rng = np.random.default_rng(3)
    rule = dataclasses.replace(RULE, bounds=bound_differences(Bounds(0, 1)))
    wrong = fixed = covered = 0
    for _ in range(600):
        control, treatment = rng.beta(1, 3, (2, 60))
        n = decide(treatment - control, rule).n
        plan, part, arms = arms_of(control[:n], treatment[:n])
        found = measure_contrast(plan, part, arms, "good")
        covered += found.low <= 0 <= found.high
        wrong += assess_contrast(plan, part, arms, "good").p < 0.05
        seen = np.cumsum(treatment - control)[9::5] / np.arange(10, 61, 5)
        spread = np.array([(treatment - control)[:k].std(ddof=1) / np.sqrt(k) for k in range(10, 61, 5)])
        fixed += bool((np.abs(seen) > 2 * spread).any())
    assert covered >= 0.95 * 600
    assert wrong <= 0.05 * 600
    assert fixed > 0.1 * 600  # a fixed interval that is looked at 11 times


def test_equivalence_is_read_off_the_same_limits():
    rng = np.random.default_rng(4)
    control = rng.uniform(0.4, 0.6, 60)
    for shift, verdict in ((0.0, "equivalent"), (0.25, "effect, but smaller than matters"), (0.4, "effect")):
        plan, part, arms = arms_of(control, control + shift + rng.normal(0, 0.01, 60))
        found = compare_contrast(plan, part, arms, "good", 0.42)
        assert found.verdict == verdict
        assert np.isnan(found.p)
