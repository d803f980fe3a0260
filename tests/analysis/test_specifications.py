"""What a contrast lets one claim, and whether a specification bears it out."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from audits import Made, pairs, run_of
from commonweal.analysis.contrasts import find_bounds, measure_difference
from commonweal.analysis.plans import MetricCard
from commonweal.analysis.specifications import AXES, claim_of, judge, primary_contrast, specify
from commonweal.statistics.equivalence import compare_arms
from commonweal.statistics.inference import Estimate, oppose

CARD = MetricCard("1", None, None, "", "")


def estimate(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, low, high, 0.95, "", 10)


@pytest.mark.parametrize(
    ("low", "high", "claim", "verdict"),
    [
        (0.1, 0.3, "raises", "holds"),
        (-0.1, 0.3, "raises", "undecided"),
        (-0.3, -0.1, "raises", "reversed"),
        (-0.3, -0.1, "lowers", "holds"),
        (0.1, 0.3, "lowers", "reversed"),
        (-0.1, 0.15, "no effect", "holds"),
        (-0.1, 0.25, "no effect", "undecided"),
        (0.2, 0.4, "no effect", "reversed"),
        (0.1, 0.3, "none", "undecided"),
    ],
)
def test_a_claim_is_judged_by_the_interval(low, high, claim, verdict):
    assert judge(estimate(low, high), claim, 0.2) == verdict


def test_without_an_interval_nothing_is_told():
    nan = float("nan")
    assert judge(Estimate(1.0, nan, nan, 0.95, "", 5), "raises", None) == "undecided"
    assert judge(Estimate(nan, nan, nan, 0.95, "", 0), "raises", None) == "no data"


def claimed(contrast, smallest):
    equivalence = None if smallest is None else compare_arms(contrast, smallest, bounds=find_bounds(CARD))
    return claim_of(measure_difference(contrast, CARD), equivalence)


def test_claims_are_those_of_t_tests_by_scipy():
    """A claim of an effect is a two-sided t test at 5 %; one of no effect, two one-sided ones at 5 % each."""
    random = np.random.default_rng(1)
    seen = set()
    for _ in range(300):
        n, mean, smallest = int(random.integers(5, 40)), random.normal(0, 0.15), 0.2
        gap = random.normal(mean, 0.3, n)
        control = random.normal(0, 1, n)
        found = claimed(oppose(control + gap, control, paired=True), smallest)
        above = stats.ttest_1samp(gap, -smallest, alternative="greater").pvalue
        below = stats.ttest_1samp(gap, smallest, alternative="less").pvalue
        if max(above, below) < 0.05:
            expected = "no effect"
        elif stats.ttest_1samp(gap, 0).pvalue < 0.05:
            expected = "raises" if gap.mean() > 0 else "lowers"
        else:
            expected = "none"
        assert found == expected
        seen.add(found)
    assert seen == {"raises", "lowers", "no effect", "none"}


def test_no_effect_is_claimed_only_against_a_declared_size():
    control = np.random.default_rng(2).normal(0, 1, 50)
    contrast = oppose(control + np.resize([0.001, -0.001], 50), control, paired=True)
    assert (claimed(contrast, 0.1), claimed(contrast, None)) == ("no effect", "none")


def test_a_specification_holds_the_primary_contrast_of_its_part():
    control, treatment = pairs(0.5, np.random.default_rng(3))
    plan, trials = run_of([Made(None, control, treatment), Made(("topology", "a ring"), treatment, control)])
    first, second = (specify(plan, trials, part, "raises") for part in plan.parts)
    gap = np.subtract(treatment, control)
    low, high = stats.t.interval(0.95, gap.size - 1, gap.mean(), stats.sem(gap))
    assert (first.value, first.low, first.high) == pytest.approx((gap.mean(), low, high))
    assert (second.value, second.verdict, second.group) == (pytest.approx(-gap.mean()), "reversed", "perturbation")


def test_the_part_with_the_cue_is_read_where_the_cue_is_given():
    random = np.random.default_rng(4)
    without, with_it = pairs(0.0, random), pairs(1.0, random)
    plan, trials = run_of([Made(None, *without), Made(("observation cue", "watched"), *without, cued=with_it)])
    contrast = primary_contrast(plan, trials, plan.parts[1])
    assert contrast.treatment.tolist() == list(with_it[1])
    assert contrast.paired


def test_the_axes_are_those_of_the_lab():
    from commonweal.lab.robustness import controls, perturbations

    text = "".join(Path(module.__file__).read_text() for module in (controls, perturbations))
    for axis in AXES:
        assert f'"{axis}"' in text
