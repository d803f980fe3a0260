"""Known answers: statsmodels' multipletests, Holm's rule by hand, and error rates by simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import estimate_difference, oppose
from commonweal.statistics.multiplicity import (
    adjust_discoveries,
    adjust_holm,
    estimate_together,
    holm_levels,
    simultaneous_level,
)

families = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@given(families)
def test_both_are_statsmodels(p):
    np.testing.assert_allclose(adjust_holm(p), multipletests(p, method="holm")[1], atol=1e-12)
    np.testing.assert_allclose(adjust_discoveries(p), multipletests(p, method="fdr_bh")[1], atol=1e-12)


def test_by_hand():
    assert adjust_holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert adjust_discoveries([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert adjust_holm([]).size == adjust_discoveries([]).size == holm_levels([]).size == 0


def test_a_hypothesis_without_data_stays_in_its_family():
    assert adjust_holm([0.02, np.nan, 0.5]) == pytest.approx([0.06, 1.0, 1.0])
    assert adjust_discoveries([0.02, np.nan]) == pytest.approx([0.04, 1.0])


@given(families, st.floats(0.5, 0.99))
def test_holms_levels_agree_with_its_rejections(p, level):
    alpha, own = 1 - level, holm_levels(p, level)
    rejected = adjust_holm(p) <= alpha
    at = np.asarray(p) <= 1 - own + 1e-12
    clear = np.abs(adjust_holm(p) - alpha) > 1e-9
    assert np.array_equal(at[clear], rejected[clear])
    assert np.all(own <= simultaneous_level(len(p), level) + 1e-12)


def test_levels_by_hand():
    # .001 <= .05/3, .02 <= .05/2, .2 > .05.
    assert holm_levels([0.2, 0.001, 0.02]) == pytest.approx([0.95, 1 - 0.05 / 3, 0.975])
    # The first fails at .05/3: all stand there.
    assert holm_levels([0.02, 0.02, 0.9]) == pytest.approx([1 - 0.05 / 3] * 3)
    assert simultaneous_level(5) == pytest.approx(0.99)


def test_what_is_no_p_value_is_refused():
    with pytest.raises(StudyError, match="expected 0 to 1"):
        adjust_holm([1.2])
    with pytest.raises(StudyError, match="at least 1"):
        simultaneous_level(0)


def test_error_rates_by_simulation():
    rng, studies = np.random.default_rng(1), 2_000
    z = rng.normal(size=(studies, 6))
    z[:, :2] += 3.0  # two effects are there, four are not
    p = 2 * stats.norm.sf(np.abs(z))
    holm = np.array([adjust_holm(row) <= 0.05 for row in p])
    assert np.mean(holm[:, 2:].any(axis=1)) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / studies)
    found = np.array([adjust_discoveries(row) <= 0.05 for row in p])
    false = found[:, 2:].sum(axis=1) / np.maximum(found.sum(axis=1), 1)
    assert np.mean(false) <= 0.05 * 4 / 6 + 3 * false.std() / np.sqrt(studies)
    assert found.sum() > holm.sum()


def test_intervals_that_hold_together():
    rng, studies, held = np.random.default_rng(2), 1_000, 0
    for _ in range(studies):
        arms = [oppose(*rng.normal(size=(2, 8))) for _ in range(5)]
        found = estimate_together([lambda level, own=own: estimate_difference(own, level) for own in arms])
        held += all(own.low <= 0 <= own.high for own in found)
    assert 0.93 <= held / studies <= 0.972  # independent: .99^5 = .951
