"""The same studies, one by one through `inference` and `permutation`: the decisions must be the same."""

import numpy as np
import pytest

from commonweal.statistics.inference import Contrast, estimate_difference, estimate_proportion_difference, oppose
from commonweal.statistics.permutation import permute_arms
from commonweal.statistics.rejection import reject_by_counts, reject_by_permutation, reject_by_shares, reject_by_t


def contrasts(treatment, control, paired):
    block = np.repeat(np.arange(treatment.shape[1]), treatment.shape[2])
    return [Contrast(one.ravel(), nil.ravel(), block, block, paired) for one, nil in zip(treatment, control, strict=True)]


def excludes_zero(found):
    return found.low > 0 or found.high < 0


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize(("blocks", "n"), [(1, 6), (3, 5), (4, 1), (1, 2)])
def test_the_t_interval_decides_as_estimate_difference(paired, blocks, n):
    rng = np.random.default_rng(21)
    shape = (300, blocks, n)
    control = rng.normal(size=shape)
    treatment = 0.8 + 0.5 * control * paired + rng.normal(size=shape) * np.array([1, 2, 1, 3])[:blocks, None]
    ours = reject_by_t(treatment, control, paired, 0.9)
    theirs = [excludes_zero(estimate_difference(arms, 0.9)) for arms in contrasts(treatment, control, paired)]
    assert ours.tolist() == theirs
    assert 0.02 < np.mean(theirs) < 0.98


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize(("blocks", "n"), [(1, 12), (3, 8), (5, 2)])
def test_the_newcombe_interval_decides_as_estimate_proportion_difference(paired, blocks, n):
    rng = np.random.default_rng(22)
    draws, other = rng.random((2, 300, blocks, n))
    share = np.linspace(0.0, 0.5, blocks)[:, None]
    control, treatment = (draws < share) * 1.0, ((draws if paired else other) < share + 0.35) * 1.0
    ours = reject_by_shares(treatment, control, paired, 0.9)
    theirs = [excludes_zero(estimate_proportion_difference(arms, 0.9)) for arms in contrasts(treatment, control, paired)]
    assert ours.tolist() == theirs
    assert 0.02 < np.mean(theirs) <= 1.0


@pytest.mark.parametrize(("paired", "n"), [(False, 4), (False, 6), (True, 8)])
def test_the_exact_permutation_decides_as_permute_arms(paired, n):
    rng = np.random.default_rng(23)
    treatment, control = rng.normal(0.9, 1, (200, 1, n)), rng.normal(0, 1, (200, 1, n))
    theirs = [permute_arms(oppose(one[0], nil[0], paired)).p <= 0.05 for one, nil in zip(treatment, control, strict=True)]
    assert reject_by_permutation(treatment, control, paired, 0.95).tolist() == theirs


@pytest.mark.parametrize("paired", [False, True])
def test_the_drawn_permutation_keeps_its_level_and_mostly_agrees(paired):
    # 4,000 null studies of skewed outcomes in two blocks: .05 with a standard error of .0034, and of the deals.
    rng = np.random.default_rng(24)
    treatment, control = rng.exponential(size=(2, 4000, 2, 8)) + np.array([0.0, 5.0])[:, None]
    assert np.mean(reject_by_permutation(treatment, control, paired, 0.95)) == pytest.approx(0.05, abs=0.02)
    shifted = treatment[:60] + 0.8
    theirs = [permute_arms(arms, draws=999).p <= 0.05 for arms in contrasts(shifted, control[:60], paired)]
    assert np.mean(reject_by_permutation(shifted, control[:60], paired, 0.95) == theirs) > 0.9


def test_nothing_that_varies_finds_nothing():
    ones, nils = np.ones((2, 1, 5)), np.zeros((2, 1, 5))
    assert not reject_by_t(ones, nils, False, 0.95).any()
    assert not reject_by_t(ones[:, :, :1], nils[:, :, :1], False, 0.95).any()
    assert reject_by_counts(np.array([[5.0]]), np.array([[0.0]]), 5, 0.95).all()
    assert not reject_by_permutation(nils, nils, False, 0.95).any()
