"""Known answers: exact expectations under the null, coverage at all n by simulation, the papers' formulas written out."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Bounds
from commonweal.statistics.sequential import (
    Stopping,
    bound_by_bernstein,
    bound_by_betting,
    bound_by_mixture,
    bound_differences,
    decide,
    measure_evidence,
    merge_evidence,
)

UNIT = Bounds(0, 1)
OUTCOMES = {
    "a fair coin": (lambda rng, shape: rng.binomial(1, 0.5, shape) * 1.0, 0.5),
    "a rare event": (lambda rng, shape: rng.binomial(1, 0.05, shape) * 1.0, 0.05),
    "uniform": (lambda rng, shape: rng.random(shape), 0.5),
    "skewed": (lambda rng, shape: rng.beta(0.3, 3, shape), 0.3 / 3.3),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_the_sequences_cover_at_all_n_together_where_the_repeated_t_interval_does_not(name):
    # 2,000 studies looked at after each of 500 values. A limit that ever missed stays missed: looks are intersected.
    draw, truth = OUTCOMES[name]
    values = draw(np.random.default_rng(11), (2000, 500))
    for bound in (bound_by_betting, bound_by_bernstein):
        found = bound(values, UNIT)
        assert np.mean((found.low > truth) | (found.high < truth)) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)
    n = np.arange(10, 501)
    mean, squares = values.cumsum(axis=1)[:, 9:] / n, (values**2).cumsum(axis=1)[:, 9:] / n
    half = stats.t.ppf(0.975, n - 1) * np.sqrt(np.maximum(squares - mean**2, 0.0) / (n - 1))
    naive = np.mean((np.abs(mean - truth) > half).any(axis=1))
    assert naive > 0.25  # Armitage, McPherson & Rowe 1969: .05 becomes .25 at 50 looks already


def test_looking_at_all_n_costs_at_most_twice_the_width_of_one_look():
    rng = np.random.default_rng(12)
    for draw, most in ((OUTCOMES["a fair coin"][0], 1.7), (OUTCOMES["uniform"][0], 1.7), (OUTCOMES["skewed"][0], 2.1)):
        values = draw(rng, (200, 100))
        fixed = stats.t.ppf(0.975, 99) * values.std(axis=1, ddof=1).mean() / 10
        betting, bernstein = bound_by_betting(values, UNIT), bound_by_bernstein(values, UNIT)
        assert fixed < np.mean(betting.high - betting.low) / 2 < most * fixed
        assert np.mean(betting.high - betting.low) < np.mean(bernstein.high - bernstein.low)


def test_betting_is_the_papers_capital_process_on_a_grid_of_means():
    # Waudby-Smith & Ramdas 2024, definition of K+-, written out value by value; limits are where the hedge reaches 1/alpha.
    values = np.random.default_rng(13).beta(2, 5, 40)
    found = bound_by_betting(values, UNIT, level=0.9)
    grid, alpha = np.linspace(0.0005, 0.9995, 1000), 0.1
    up, down, inside = np.ones(1000), np.ones(1000), np.ones(1000, bool)
    mean, variance, total, squares = 0.5, 0.25, 0.5, 0.25
    for i, x in enumerate(values, start=1):
        bet = np.sqrt(2 * np.log(2 / alpha) / (variance * i * np.log(i + 1)))
        up = up * (1 + np.minimum(bet, 0.5 / grid) * (x - grid))
        down = down * (1 - np.minimum(bet, 0.5 / (1 - grid)) * (x - grid))
        inside &= np.maximum(up / 2, down / 2) < 1 / alpha
        total += x
        mean = total / (i + 1)
        squares += (x - mean) ** 2
        variance = squares / (i + 1)
    assert grid[inside][0] - 0.001 <= found.low <= grid[inside][0]
    assert grid[inside][-1] <= found.high <= grid[inside][-1] + 0.001


def test_the_mixture_covers_at_all_n_and_tends_to_robbins():
    rng = np.random.default_rng(14)
    normal = bound_by_mixture(rng.normal(3, 2, (2000, 300)), first=2, most=300)
    assert np.mean((normal.low > 3) | (normal.high < 3)) <= 0.05 + 0.015
    heavy = bound_by_mixture(rng.standard_t(3, (2000, 300)), first=10, most=300)
    assert np.mean((heavy.low > 0) | (heavy.high < 0)) <= 0.05 + 0.015
    # It is asymptotic for skewed values: with looks from 50 on, exponential ones are missed near the nominal rate.
    skewed = bound_by_mixture(rng.exponential(1, (2000, 300)), first=50, most=300)
    assert np.mean((skewed.low > 1) | (skewed.high < 1)) <= 0.08
    # Waudby-Smith et al. 2024, eq. 5 at one n: sqrt(2 (t r^2 + 1) / (t^2 r^2) log(sqrt(t r^2 + 1) / alpha)).
    values = rng.normal(0, 1, 4000)
    found = bound_by_mixture(values, first=4000, most=4000)
    t, r2 = 4000, (-2 * np.log(0.05) + np.log(-2 * np.log(0.05)) + 1) / 4000
    robbins = values.std() * np.sqrt(2 * (t * r2 + 1) / (t**2 * r2) * np.log(np.sqrt(t * r2 + 1) / 0.05))
    assert (found.high - found.low) / 2 == pytest.approx(robbins, rel=0.005)


def test_e_values_have_expectation_one_under_the_null():
    # All 2^10 sequences of a fair coin's differences: the capital is a martingale, so its mean is 1 exactly.
    sequences = np.array(list(itertools.product([-1.0, 1.0], repeat=10)))
    assert measure_evidence(sequences, 0.0, Bounds(-1, 1)).mean() == pytest.approx(1.0, abs=1e-12)
    # Unequal chances: mean .2 of values 0 and 1, weighted by their probability.
    bits = (sequences + 1) / 2
    chance = np.prod(np.where(bits == 1, 0.2, 0.8), axis=1)
    assert chance @ measure_evidence(bits, 0.2, UNIT) == pytest.approx(1.0, abs=1e-12)
    # Normal values: the Bayes factor as a function of t integrates to 1 over Student's density.
    for n in (3, 8, 30):
        base = stats.norm.ppf((np.arange(n) + 0.5) / n)
        base = (base - base.mean()) / base.std(ddof=1)

        def factor(t, base=base, n=n):
            return float(measure_evidence(base + t / np.sqrt(n))) * stats.t.pdf(t, n - 1)

        assert integrate.quad(factor, -np.inf, np.inf, limit=200)[0] == pytest.approx(1.0, abs=1e-4)


def test_evidence_agrees_with_the_limits_and_merges():
    rng = np.random.default_rng(15)
    values = rng.uniform(-0.6, 1.0, (300, 60))
    found = bound_by_betting(values, Bounds(-1, 1))
    strong = measure_evidence(values, 0.0, Bounds(-1, 1)) >= 40  # one gambler alone then holds 1/alpha of the hedge
    assert strong.any()
    assert np.all((found.low > 0)[strong])
    assert merge_evidence([4.0, 0.0, 2.0]) == 2.0
    assert merge_evidence([4.0, 0.5, 2.0], independent=True) == 4.0
    null = measure_evidence(rng.uniform(-1, 1, (4000, 5, 10)), 0.0, Bounds(-1, 1))
    merged = np.array([merge_evidence(row) for row in null])
    assert np.mean(merged >= 20) <= 0.05  # Markov
    with pytest.raises(StudyError, match="e-values"):
        merge_evidence([])
    with pytest.raises(StudyError, match="e-values"):
        merge_evidence([1.0, -0.1])


def test_a_rule_stops_for_each_aim():
    rng = np.random.default_rng(16)
    noise = rng.uniform(-0.2, 0.2, 400)
    both = bound_differences(UNIT)
    assert both == Bounds(-1, 1)
    effect = decide(noise + 0.4, Stopping(excludes_zero=True, most=400, bounds=both))
    assert (effect.stop, effect.why) == (True, "the interval excludes 0")
    assert effect.n < 100
    none = decide(noise, Stopping(within=0.1, excludes_zero=True, most=400, bounds=both))
    assert (none.stop, none.why) == (True, "the interval lies inside +-0.1")
    narrow = decide(noise, Stopping(half_width=0.05, most=400))
    assert narrow.stop
    assert narrow.high - narrow.low <= 0.1
    assert narrow.n < 400
    spent = decide(noise[:30], Stopping(half_width=1e-6, most=30))
    assert (spent.stop, spent.n) == (True, 30)
    assert "30 is the most" in spent.why
    waiting = decide(noise[:9], Stopping(half_width=0.1))
    assert (waiting.stop, waiting.n, waiting.low, waiting.high) == (False, 9, -np.inf, np.inf)
    assert np.isnan(decide([], Stopping(half_width=0.1)).estimate)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.integers(4, 9), st.booleans())
def test_a_replay_over_the_finished_run_decides_as_the_run_did(seed, first, every, bounded):
    values = np.random.default_rng(seed).beta(3, 1, 60) - 0.5
    rule = Stopping(
        excludes_zero=True, half_width=0.1, first=first, every=every, most=60, bounds=Bounds(-1, 1) if bounded else None
    )
    live = next(found for n in range(61) if (found := decide(values[:n], rule)).stop)
    assert decide(values, rule) == live
    assert live.n in rule.looks


def test_the_rule_keeps_its_error_rate():
    # Null differences of paired 0/1 outcomes: the share of studies that ever stop for an effect is at most alpha.
    rng = np.random.default_rng(17)
    rule = Stopping(excludes_zero=True, first=10, every=10, most=60, bounds=Bounds(-1, 1))
    values = rng.integers(0, 2, (200, 60)) - 1.0 * rng.integers(0, 2, (200, 60))
    assert np.mean([decide(row, rule).why == "the interval excludes 0" for row in values]) <= 0.05 + 0.03


def test_values_that_agree_or_drift():
    # A mean of values that never vary is no evidence without a range, and some with one.
    same = decide(np.full(50, 0.3), Stopping(excludes_zero=True, most=50))
    assert (same.low, same.high) == (-np.inf, np.inf)
    assert decide(np.full(50, 0.3), Stopping(excludes_zero=True, most=50, bounds=UNIT)).low > 0
    assert float(measure_evidence(np.full(50, 0.3))) == 1.0
    drifted = decide(np.repeat([0.0, 1.0], 200), Stopping(half_width=0.01, most=400, bounds=UNIT))
    assert np.isnan(drifted.low)
    assert drifted.why.startswith("the mean has left the limits")
    missing = np.where(np.arange(40) % 4 == 0, np.nan, 0.6)
    kept = decide(missing, Stopping(half_width=0.2, first=40, most=40, bounds=UNIT))
    assert kept.n == 40
    assert kept.low == pytest.approx(float(bound_by_betting(np.full(30, 0.6), UNIT).low))


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"half_width": 0.0},
        {"within": -1.0},
        {"excludes_zero": True, "first": 1},
        {"excludes_zero": True, "every": 0},
        {"excludes_zero": True, "most": 5},
        {"excludes_zero": True, "level": 95},
        {"excludes_zero": True, "bounds": Bounds(1, 0)},
    ],
)
def test_a_wrong_rule_is_refused(wrong):
    with pytest.raises(StudyError, match="stopping rule: found"):
        Stopping(**wrong)


def test_values_outside_their_range_are_refused():
    with pytest.raises(StudyError, match="found values from 0 to 2, expected 0 to 1"):
        bound_by_betting([0.0, 2.0], UNIT)
    with pytest.raises(StudyError, match="expected 0 to 1"):
        measure_evidence([0.5], 3.0, UNIT)


def test_no_values_give_no_limits():
    empty = bound_by_betting([], UNIT)
    assert (float(empty.low), float(empty.high)) == (0.0, 1.0)
    assert float(bound_by_mixture([1.0], 2, 10).high) == np.inf
    assert float(measure_evidence([1.0])) == 1.0
