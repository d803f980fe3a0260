"""All contrasts are counted: the declared family by Holm, the rest by Benjamini-Hochberg, and no effect is no absence."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired

from audits import Made, pairs, replaced, run_of
from commonweal.analysis.contrasts import compare_levels
from commonweal.analysis.plans import Factor
from commonweal.analysis.verdicts import find_verdicts, has_contrast
from commonweal.statistics.permutation import permute_arms

NAMES = ("good", "b", "c", "d", "e", "f")


def studied(shifts, family=(), smallest=None, n=12, others=(), seed=1):
    """A run whose metrics' arms differ by `shifts` on average; `others` are further parts with the same trials."""
    rng = np.random.default_rng(seed)
    plan, trials = run_of(
        [Made(None, *pairs(shifts[0], rng, n, 0.5)), *(Made(None, *pairs(0.0, rng, n)) for _ in others)], smallest
    )
    size = len(trials)
    columns = {name: rng.normal(0, 1, size) for name in NAMES[: len(shifts)]}
    for name, shift in zip(columns, shifts, strict=True):
        columns[name] = columns[name] + shift * (trials.factors["law"] == 1.0)
    metrics = dict.fromkeys(columns, plan.metrics["good"])
    parts = (plan.parts[0], *(change(part) for part, change in zip(plan.parts[1:], others, strict=True)))
    return dataclasses.replace(plan, metrics=metrics, family=family, parts=parts), dataclasses.replace(trials, metrics=columns)


def controlled(part):
    return dataclasses.replace(part, role="control", null_model=True)


def audited(part):
    return replaced(part, ("fresh seeds", "nothing"))


def zoomed(part):
    return dataclasses.replace(part, role="control", design={"kind": "zoom"})


def otherwise(part):
    return dataclasses.replace(part, role="control", factors=(Factor("law", "l", (0.0, 2.0)),))


@settings(max_examples=8)
@given(
    st.lists(st.sampled_from([0.0, 0.4, 1.0, 2.0]), min_size=2, max_size=6),
    st.integers(0, 5),
    st.integers(0, 1000),
)
def test_holm_counts_the_family_alone_and_the_rest_is_a_share_of_false_discoveries(shifts, declared, seed):
    names = NAMES[1 : len(shifts)]
    family = names[:declared]
    found = find_verdicts(*studied(shifts, family, seed=seed, others=(controlled,)))
    ours = [(test.part, test.metric) for test in found.family]
    assert ours == [("main", name) for name in ("good", *family)]
    assert found.tests[: len(ours)] == found.family
    rest = [test for test in found.tests if not test.declared]
    assert len(rest) == 2 * len(shifts) - len(ours)
    for tests, method in ((found.family, "holm"), (rest, "fdr_bh")):
        expected = multipletests([test.p for test in tests], method=method)[1]
        assert [test.adjusted for test in tests] == pytest.approx(expected)


def test_each_p_is_the_permutation_test_of_its_own_trials():
    plan, trials = studied((0.8, 0.0, 1.2), ("b",))
    for test in find_verdicts(plan, trials).tests:
        one = trials.metrics[test.metric][(trials.part == test.part) & (trials.factors["law"] == 1.0)]
        nil = trials.metrics[test.metric][(trials.part == test.part) & (trials.factors["law"] == 0.0)]
        expected = stats.permutation_test(
            ((one - nil),), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
        )
        assert test.p == pytest.approx(expected.pvalue)  # 2^12 signs, all of them
        half = stats.ttest_rel(one, nil).confidence_interval(0.95)
        assert (test.estimate.low, test.estimate.high) == pytest.approx((half.low, half.high))


def test_parts_of_an_audit_of_a_search_and_without_both_arms_are_not_tested():
    plan, trials = studied((0.5, 0.0), others=(audited, zoomed, otherwise, controlled))
    found = find_verdicts(plan, trials)
    assert {test.part for test in found.tests} == {"main", "audit-4"}
    assert {test.part: test.null_model for test in found.tests} == {"main": False, "audit-4": True}
    assert [has_contrast(plan, part) for part in plan.parts] == [True, True, False, False, True]


def test_the_primary_part_comes_first_wherever_it_stands():
    plan, trials = studied((0.5, 0.0), ("b",), others=(controlled,))
    turned = dataclasses.replace(plan, parts=plan.parts[::-1])
    assert [(test.part, test.metric) for test in find_verdicts(turned, trials).tests][:2] == [("main", "good"), ("main", "b")]


def test_a_metric_without_trials_stays_in_its_family():
    plan, trials = studied((0.9, 0.0, 0.9), ("b",))
    gone = dataclasses.replace(trials, metrics=trials.metrics | {"b": np.full(len(trials), np.nan)})
    first, second, third = find_verdicts(plan, gone).tests
    assert np.isnan(second.p)
    assert second.adjusted == 1.0
    assert first.adjusted == pytest.approx(min(2 * first.p, 1.0))
    assert third.adjusted == third.p


def test_nothing_in_the_primary_part_leaves_a_family_without_verdict():
    plan, trials = studied((0.5, 0.0), others=(controlled,))
    found = find_verdicts(plan, trials.where(trials.part != "main"))
    assert np.isnan(found.family[0].p)
    smallest = dataclasses.replace(plan, primary=dataclasses.replace(plan.primary, smallest=0.1))
    assert find_verdicts(smallest, trials.where(trials.part != "main")).equivalence is None


@pytest.mark.parametrize(
    ("shift", "spread", "verdict"),
    [
        (0.0, 0.05, "equivalent"),
        (2.0, 0.2, "effect"),
        (0.1, 0.05, "effect, but smaller than matters"),
        (0.0, 3.0, "undecided"),
    ],
)
def test_the_primary_outcome_is_held_against_the_smallest_effect(shift, spread, verdict):
    rng = np.random.default_rng(3)
    control, treatment = pairs(shift, rng, 40, spread)
    found = find_verdicts(*run_of([Made(None, control, treatment)], smallest=0.5)).equivalence
    assert found.verdict == verdict
    p, _, _ = ttost_paired(np.array(treatment), np.array(control), -0.5, 0.5)
    assert found.p == pytest.approx(p, abs=1e-9)
    assert found.p_effect == pytest.approx(stats.ttest_rel(treatment, control).pvalue, abs=1e-9)


def test_without_a_smallest_effect_nothing_can_be_called_absent():
    rng = np.random.default_rng(4)
    assert find_verdicts(*run_of([Made(None, *pairs(0.0, rng))])).equivalence is None


def test_the_family_is_held_to_one_error_rate():
    """4 null metrics in a family, 8 pairs each: Holm finds one or more in at most 5 % of studies; uncounted it is 18 %."""
    rng, repetitions = np.random.default_rng(8), 2000
    plan, trials = studied((0.0, 0.0, 0.0, 0.0), ("b", "c", "d"), n=8)
    signs = 1 - 2 * ((np.arange(256)[:, None] >> np.arange(8)) & 1)
    d = rng.normal(0, 1, (repetitions, 4, 8))
    dealt = np.abs(np.einsum("smn,kn->smk", d, signs))
    p = (dealt >= np.abs(d.sum(-1))[..., None] - 1e-9).mean(-1)
    ordered = np.sort(p, axis=1)
    holm = np.minimum(1, np.maximum.accumulate(ordered * (4 - np.arange(4)), axis=1))
    wrong = (holm[:, 0] < 0.05).mean()
    assert wrong <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / repetitions)
    assert (p.min(axis=1) < 0.05).mean() == pytest.approx(1 - (1 - 12 / 256) ** 4, abs=0.03)
    for i in range(20):
        columns = {name: np.zeros(16) for name in NAMES[:4]}
        for name, own in zip(columns, d[i], strict=True):
            columns[name][trials.factors["law"] == 1.0] = own
        found = find_verdicts(plan, dataclasses.replace(trials, metrics=columns))
        assert [test.p for test in found.family] == pytest.approx(p[i])
        assert min(test.adjusted for test in found.family) == pytest.approx(holm[i, 0])


def test_blocks_are_permuted_within(synthetic, finished):
    """A run with other factors: the p-value is that of the contrast in blocks, as the primary outcome's own."""
    from commonweal.analysis.plans import read_plan
    from commonweal.analysis.trials import read_trials

    plan, trials = read_plan(finished), read_trials(finished)
    found = {test.metric: test for test in find_verdicts(plan, trials).tests}
    assert set(found) == set(plan.metrics)
    for name, test in found.items():
        arms = compare_levels(trials, plan.part("scripted"), name, "detection probability", (0.0, 0.5)).contrast
        assert (test.p, test.estimate.n) == (permute_arms(arms).p, 220)
