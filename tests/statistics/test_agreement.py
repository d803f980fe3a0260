"""Agreement against published values, scikit-learn, and by simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from commonweal.core.errors import StudyError
from commonweal.statistics.agreement import (
    cohen_kappa,
    estimate_agreement,
    estimate_alpha,
    krippendorff_alpha,
    screen,
)

N = np.nan
EXAMPLE = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
    [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
]
"""Four raters, twelve units. Source: Krippendorff 2011, section C."""


@pytest.mark.parametrize(
    ("scale", "value"), [("nominal", 0.743421), ("ordinal", 0.815388), ("interval", 0.849107), ("ratio", 0.797403)]
)
def test_krippendorffs_own_example(scale, value):
    assert krippendorff_alpha(EXAMPLE, scale) == pytest.approx(value, abs=5e-7)
    found = estimate_alpha(EXAMPLE, scale)
    assert found.value == pytest.approx(value, abs=5e-7)
    assert found.low < found.value < found.high <= 1
    # The unit that one rater alone saw says nothing of agreement.
    assert found.n == 11


def test_cohens_table():
    # [[20, 5], [10, 15]]: observed .7, by chance .5.
    first = np.repeat([0, 0, 1, 1], [20, 5, 10, 15])
    second = np.repeat([0, 1, 0, 1], [20, 5, 10, 15])
    assert cohen_kappa(first, second) == pytest.approx(0.4)
    assert estimate_agreement(first, second).value == pytest.approx(0.7)


@given(st.integers(0, 2**32 - 1), st.sampled_from(["none", "linear", "quadratic"]))
def test_kappa_is_sklearns(seed, weights):
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 4, 30)
    second = np.where(rng.random(30) < 0.6, first, rng.integers(0, 4, 30))
    # Without labels, sklearn takes the values that occur, as we do.
    theirs = cohen_kappa_score(first, second, weights=None if weights == "none" else weights)
    assert cohen_kappa(first, second, weights) == pytest.approx(theirs)


@given(st.integers(0, 2**32 - 1))
def test_alpha_laws(seed):
    rng = np.random.default_rng(seed)
    table = rng.integers(1, 5, (3, 20)).astype(float)
    table[rng.random(table.shape) < 0.2] = np.nan
    for scale in ("nominal", "ordinal", "interval", "ratio"):
        value = krippendorff_alpha(table, scale)
        assert value <= 1
        assert krippendorff_alpha(table[::-1, rng.permutation(20)], scale) == pytest.approx(value)
    # Interval differences do not know where zero is, ratio differences no unit, ordinal ones only order.
    assert krippendorff_alpha(3 * table + 7, "interval") == pytest.approx(krippendorff_alpha(table, "interval"))
    assert krippendorff_alpha(3 * table, "ratio") == pytest.approx(krippendorff_alpha(table, "ratio"))
    assert krippendorff_alpha(table**3, "ordinal") == pytest.approx(krippendorff_alpha(table, "ordinal"))


def test_two_raters_without_gaps_are_near_scotts_pi():
    # alpha = 1 - (n - 1) / n (1 - p_o) / (1 - sum p^2) with n = 2 r ratings. Source: Krippendorff 2011 (alpha and Scott's pi).
    rng = np.random.default_rng(3)
    first = rng.integers(0, 2, 50)
    second = np.where(rng.random(50) < 0.8, first, 1 - first)
    share = np.concatenate([first, second]).mean()
    expected = 1 - share**2 - (1 - share) ** 2
    pi = 1 - (first != second).mean() / (expected * 100 / 99)
    assert krippendorff_alpha([first, second]) == pytest.approx(pi)


def test_alpha_of_nothing_and_of_one_value():
    assert np.isnan(krippendorff_alpha([[1, 1, 1], [1, 1, 1]]))
    assert np.isnan(krippendorff_alpha([[1, N, 2], [N, 1, N]]))
    assert np.isnan(estimate_alpha([[0, 0], [0, 0]]).low)
    assert np.isnan(cohen_kappa([1, 1], [1, 1]))


def test_perfect_agreement_is_not_certain():
    found = estimate_alpha([[0, 1] * 10, [0, 1] * 10])
    assert (found.value, found.high) == (1.0, 1.0)
    # At most 3.84 / 23.84 of the trials differ; half of them would by chance (20 / 39 with 40 ratings).
    z2 = 1.959964**2
    assert found.low == pytest.approx(1 - z2 / (20 + z2) / (20 / 39), abs=1e-5)


def test_the_bootstrap_covers():
    """Two raters that each see a hidden yes or no rightly in 85 of 100 trials: alpha of the population is known."""
    rng = np.random.default_rng(11)
    right, base, r, repetitions = 0.85, 0.4, 60, 2_000
    marginal = base * right + (1 - base) * (1 - right)
    truth = 1 - 2 * right * (1 - right) / (2 * marginal * (1 - marginal))
    covered = 0
    for seed in range(repetitions):
        hidden = rng.random(r) < base
        table = np.where(rng.random((2, r)) < right, hidden, ~hidden).astype(float)
        found = estimate_alpha(table, draws=300, seed=seed)
        covered += found.low <= truth <= found.high
    assert 0.93 <= covered / repetitions <= 0.965


def test_screening_by_hand():
    gold = np.repeat([1, 0], [10, 20]).astype(float)
    judge = np.concatenate([np.repeat([1, 0], [8, 2]), np.repeat([1, 0], [5, 15])]).astype(float)
    found = screen(np.append(judge, 1.0), np.append(gold, N))
    assert [x.value for x in (found.gold, found.judge, found.sensitivity, found.specificity)] == pytest.approx(
        [10 / 30, 13 / 30, 0.8, 0.75]
    )
    assert (found.sensitivity.n, found.specificity.n) == (10, 20)


def test_mistakes_are_named():
    with pytest.raises(StudyError, match="scale 'metric'"):
        krippendorff_alpha([[1], [1]], "metric")
    with pytest.raises(StudyError, match="ratio scale"):
        krippendorff_alpha([[-1, 1], [-1, 1]], "ratio")
    with pytest.raises(StudyError, match="2 and 3 ratings"):
        cohen_kappa([1, 2], [1, 2, 3])
    with pytest.raises(StudyError, match="expected 0 or 1"):
        screen([0, 0.5], [0, 1])
