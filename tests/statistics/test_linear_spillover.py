"""The linear-spillover benchmark: planted linear and bent effects, size and power, with pairs and without."""

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.statistics.linear_spillover import compare_with_linear
from commonweal.statistics.spillover import Saturated

SHARES, SOCIETIES = np.array([0.0, 0.25, 0.5, 0.75, 1.0]), 15
EFFECT = 3.0


def plant(rng: np.random.Generator, bend: float, matched: bool, noise: float = 0.5) -> Saturated:
    """Society i: Y(p) = u_i + EFFECT p + bend p (1 - p) + noise that grows with p; matched: one u_i for all its saturations."""
    share = np.repeat(SHARES, SOCIETIES)
    seed = np.tile(np.arange(SOCIETIES), SHARES.size) if matched else np.arange(share.size)
    level = rng.normal(0, 1.0, seed.max() + 1)[seed]
    outcome = level + EFFECT * share + bend * share * (1 - share) + rng.normal(0, noise, share.size) * (0.5 + share)
    return Saturated(share, seed, outcome, outcome, outcome)


def test_deviations_are_contrasts_of_three_means() -> None:
    """D(p) = Y(p) - (1 - p) Y(0) - p Y(1), at random outcomes; without noise and bend it is 0, and bend p (1 - p) with one."""
    rng = np.random.default_rng(1)
    for matched in (False, True):
        trials = plant(rng, float(rng.normal()), matched)
        mean = {own: float(trials.everybody[trials.share == own].mean()) for own in SHARES.tolist()}
        for row in compare_with_linear(trials).rows:
            assert row.benchmark == pytest.approx(row.share * (mean[1.0] - mean[0.0]))
            assert row.overall == pytest.approx(mean[row.share] - mean[0.0])
            assert row.deviation.value == pytest.approx(row.overall - row.benchmark)
    share = np.repeat(SHARES, 3)
    outcome = EFFECT * share + 0.8 * share * (1 - share)
    rows = compare_with_linear(Saturated(share, np.tile(np.arange(3), 5), outcome, outcome, outcome)).rows
    assert [row.deviation.value for row in rows] == pytest.approx([0.15, 0.2, 0.15])
    assert all(np.isnan(row.p) and row.adjusted == 1 for row in rows)


@pytest.mark.parametrize("matched", [True, False])
def test_intervals_cover_and_a_linear_effect_is_rejected_once_in_twenty(matched: bool) -> None:
    """1,200 studies with unequal variances: each interval covers 95 %; the family is rejected in at most 5 % (Holm)."""
    rng, studies = np.random.default_rng(2 + matched), 1_200
    hits, rejected, one = np.zeros(3), 0, 0
    for _ in range(studies):
        found = compare_with_linear(plant(rng, 0.0, matched))
        hits += [row.deviation.low <= 0 <= row.deviation.high for row in found.rows]
        one += found.rows[1].p < 0.05
        rejected += found.p < 0.05
    assert ((hits / studies > 0.93) & (hits / studies < 0.97)).all(), hits / studies
    assert one / studies == pytest.approx(0.05, abs=0.02)
    assert 0.01 < rejected / studies < 0.065


def test_a_bent_effect_is_found_and_pairs_find_it_more_often() -> None:
    """Bend 2: D(1/2) = 0.5. Power at one half is that of a t test: noncentral, by the planted variances."""
    rng, studies = np.random.default_rng(4), 400
    found = {}
    for matched in (True, False):
        studies_ = [compare_with_linear(plant(rng, 2.0, matched)) for _ in range(studies)]
        found[matched] = np.mean([own.p < 0.05 for own in studies_])
        assert np.mean([own.rows[1].deviation.value for own in studies_]) == pytest.approx(0.5, abs=0.05)
    assert found[True] > 0.55
    assert found[False] < found[True] - 0.2


def test_power_is_that_of_the_noncentral_t() -> None:
    """Matched, one share between: the differences are normal, so that power is known exactly. Source: Student's t, n - 1."""
    from scipy.stats import nct, t

    rng, studies, n, bend = np.random.default_rng(6), 2_000, 12, 2.4
    share, seed = np.repeat([0.0, 0.5, 1.0], n), np.tile(np.arange(n), 3)
    sd = 0.5 * np.sqrt(1.0**2 + 0.25 * 0.5**2 + 0.25 * 1.5**2)
    critical = t.ppf(0.975, n - 1)
    shift = bend / 4 / (sd / np.sqrt(n))
    power = nct.sf(critical, n - 1, shift) + nct.cdf(-critical, n - 1, shift)
    hits = 0
    for _ in range(studies):
        outcome = rng.normal(0, 1, n)[seed] + 3 * share + bend * share * (1 - share)
        outcome = outcome + rng.normal(0, 0.5, share.size) * (0.5 + share)
        hits += compare_with_linear(Saturated(share, seed, outcome, outcome, outcome)).p < 0.05
    assert 0.5 < power < 0.99
    assert hits / studies == pytest.approx(power, abs=4 * np.sqrt(power * (1 - power) / studies))


def test_trials_without_an_outcome_are_left_out_and_their_pairs_are_then_no_pairs() -> None:
    trials = plant(np.random.default_rng(5), 1.0, matched=True)
    outcome = trials.everybody.copy()
    outcome[0] = np.nan
    less = compare_with_linear(Saturated(trials.share, trials.seed, outcome, outcome, outcome))
    assert {row.deviation.method for row in compare_with_linear(trials).rows} == {"paired t interval over seeds"}
    assert {row.deviation.method for row in less.rows} == {"Welch t interval over trials"}
    assert all(row.deviation.n == 3 * SOCIETIES - 1 for row in less.rows)


def test_errors() -> None:
    for shares in ((0.0, 1.0), (0.0, 0.5), (0.5, 1.0), (0.25, 0.5, 1.0), (0.0, 0.25, 0.5)):
        share = np.repeat(shares, 3)
        with pytest.raises(StudyError, match="expected 0, 1 and at least one between"):
            compare_with_linear(Saturated(share, np.arange(share.size), share, share, share))
