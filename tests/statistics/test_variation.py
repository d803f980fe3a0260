"""Known answers: the moments of what is drawn, Kish's design effect, the chi-square limit of a variance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from commonweal.core.errors import StudyError
from commonweal.statistics.variation import (
    Assumed,
    Pilot,
    Share,
    cautious_sd,
    difference_sd,
    draw,
    draw_counts,
    feasible_correlation,
    is_paired,
    settle,
    society_sd,
)

SHAPE = (200, 5, 200)


@pytest.mark.parametrize(
    "variation",
    [Assumed(2.0), Assumed(2.0, 0.6), Share(0.3), Share(0.3, 0.5), Pilot((1, 2, 6, 3), (2, 2, 9, 4), True), Pilot((0.5, 1, 4))],
)
def test_draws_have_the_moments_they_claim(variation):
    treatment, control = draw(variation, 0.2, SHAPE, np.random.default_rng(31))
    sd = difference_sd(variation, 0.2)
    assert (treatment - control).mean() == pytest.approx(0.2, abs=5 * sd / np.sqrt(2e5))
    assert (treatment - control).std() == pytest.approx(sd, rel=0.02)
    expected = 0.5 if isinstance(variation, Share) else 0.6
    if is_paired(variation) and not isinstance(variation, Pilot):
        assert np.corrcoef(treatment.ravel(), control.ravel())[0, 1] == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("share", [Share(0.3, 0.5), Share(0.0), Share(0.8, 0.1)])
def test_counts_are_those_of_the_drawn_trials(share):
    rng = np.random.default_rng(32)
    treatment, control = draw(share, 0.2, (4000, 1, 20), rng)
    ones, nils, both = draw_counts(share, 0.2, (4000, 1, 20), rng)
    for ours, theirs in ((ones, treatment), (nils, control), (both, treatment * control)):
        total = theirs.sum(axis=2)
        assert ours.mean() == pytest.approx(total.mean(), abs=0.2)
        assert ours.std() == pytest.approx(total.std(), abs=0.15)


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(-0.99, 0.99))
def test_a_pairs_correlation_is_cut_to_what_two_shares_allow(p, q, wanted):
    c = feasible_correlation(Share(q, wanted), p - q)
    both = p * q + c * np.sqrt(p * (1 - p) * q * (1 - q))
    assert max(0, p + q - 1) - 1e-9 <= both <= min(p, q) + 1e-9


def test_a_societys_mean_varies_by_its_design_effect():
    # 10 agents at an intra-class correlation of .1: design effect 1.9 (Kish 1965), variance .19; 1 and 0 are the ends.
    assert society_sd(1.0, 0.1, 10) == pytest.approx(np.sqrt(0.19))
    assert society_sd(3.0, 0.0, 9) == pytest.approx(1.0)
    assert society_sd(3.0, 1.0, 9) == 3.0
    rng = np.random.default_rng(33)
    agents = rng.normal(0, np.sqrt(0.1), (20_000, 1)) + rng.normal(0, np.sqrt(0.9), (20_000, 10))
    assert agents.mean(axis=1).std() == pytest.approx(society_sd(1.0, 0.1, 10), rel=0.02)
    with pytest.raises(StudyError, match="icc=2"):
        society_sd(1.0, 2.0, 10)


def test_the_cautious_sd_is_above_the_truth_as_often_as_it_says():
    values = np.random.default_rng(34).normal(0, 1, (4000, 8))
    above = np.mean([cautious_sd(row) >= 1.0 for row in values])
    assert above == pytest.approx(0.8, abs=0.02)  # standard error .0063
    s = values[0].std(ddof=1)
    assert cautious_sd(values[0], 0.9) == pytest.approx(s * np.sqrt(7 / stats.chi2.ppf(0.1, 7)))
    with pytest.raises(StudyError, match="pilot of 1"):
        cautious_sd([1.0])


def test_a_pilot_of_zeros_and_ones_is_a_share():
    assert settle(Pilot((0, 0, 0, 1)), 0.1) == Share(1.5 / 5)
    found = settle(Pilot((0, 0, 1, 1), (0, 1, 1, 1), True), 0.1)
    assert isinstance(found, Share)
    assert found.pair_correlation == pytest.approx(np.corrcoef([0, 0, 1, 1], [0, 1, 1, 1])[0, 1])
    assert settle(Pilot((0, 0), (1, 1), True), 0.1) == Share(0.5 / 3, 0.0)
    assert settle(Pilot((0.5, 0.25)), 0.1) == Pilot((0.5, 0.25))


@pytest.mark.parametrize(
    ("variation", "effect"),
    [
        (Assumed(0.0), 0.1),
        (Pilot((0.4, 0.4, 0.4)), 0.1),
        (Assumed(1.0, 1.0), 0.1),
        (Share(1.2), 0.0),
        (Share(0.9), 0.2),
        (Pilot((1.0,)), 0.1),
        (Pilot((1.0, 2.0), (1.0, 2.0, 3.0), True), 0.1),
        (Pilot((1.0, 2.0), (), True), 0.1),
        (Pilot((1.0, float("nan"))), 0.1),
    ],
)
def test_what_cannot_vary_so_is_refused(variation, effect):
    with pytest.raises(StudyError, match="power: found"):
        settle(variation, effect)
