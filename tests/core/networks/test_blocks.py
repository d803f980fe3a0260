"""Block models against binomial counts of edges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from commonweal.core.errors import StudyError
from commonweal.core.networks import StochasticBlock
from commonweal.core.networks.blocks import _chosen, _triangle


def test_edges_between_blocks_are_binomial(matrix_of):
    """Within 5 standard deviations for each pair of blocks; a block without contacts has none."""
    n, p = 20_000, ((0.002, 0.0005, 0.0), (0.0005, 0.001, 0.0001), (0.0, 0.0001, 0.0))
    recipe = StochasticBlock((0.5, 0.3, 0.2), p, seed=1)
    assert recipe.sizes(n) == (10_000, 6_000, 4_000)
    found, ends = matrix_of(recipe, n), np.cumsum((0, *recipe.sizes(n)))
    for i in range(3):
        for j in range(i, 3):
            part = found[ends[i] : ends[i + 1]][:, ends[j] : ends[j + 1]].sum()
            a, b = recipe.sizes(n)[i], recipe.sizes(n)[j]
            pairs, count = (a * (a - 1) // 2, part / 2) if i == j else (a * b, part)
            assert abs(count - pairs * p[i][j]) <= 5 * np.sqrt(pairs * p[i][j])


@pytest.mark.parametrize("p", [0.0004, 0.5])
def test_one_block_has_binomial_degrees(matrix_of, p):
    n = 400 if p == 0.5 else 20_000
    recipe = StochasticBlock((1.0,), ((p,),), seed=2)
    degree = matrix_of(recipe, n).sum(1)
    edges = n * (n - 1) / 2
    assert abs(degree.sum() / 2 - edges * p) < 5 * np.sqrt(edges * p * (1 - p))
    k = np.arange(40)
    chance = binom.pmf(k, n - 1, p)
    assert (np.abs(np.bincount(degree, minlength=n)[:40] - n * chance) < 5 * np.sqrt(n * chance) + 2).all()


def test_everybody_or_nobody(matrix_of):
    two = StochasticBlock.communities(2, 1.0, 0.0)
    assert (matrix_of(two, 7).todense()[:4, :4] == 1 - np.eye(4)).all()
    assert matrix_of(two, 7).sum() == 4 * 3 + 3 * 2
    assert matrix_of(StochasticBlock.communities(3, 0.0, 0.0), 9).sum() == 0
    assert matrix_of(StochasticBlock((1.0, 0.0), ((0.0, 1.0), (1.0, 1.0))), 5).sum() == 0


@given(st.integers(2, 400), st.integers(0, 2**40))
def test_pairs_are_counted_without_gaps(n, start):
    low, high = _triangle(np.arange(n * (n - 1) // 2))
    assert sorted(zip(low.tolist(), high.tolist(), strict=True)) == list(
        zip(*(x.tolist() for x in np.triu_indices(n, 1)), strict=True)
    )
    far = np.arange(start, start + 10)
    low, high = _triangle(far)
    assert (high * (high - 1) // 2 + low == far).all()
    assert ((low >= 0) & (low < high)).all()


def test_which_pairs_are_uniform():
    """Each of 20 pairs is chosen with probability .3 on its own: counts and the counts of two at once, 5 deviations."""
    trials = 4000
    random = np.random.default_rng(0)
    chosen = np.zeros((trials, 20))
    for trial in range(trials):
        chosen[trial, _chosen(20, 0.3, random)] = 1
    assert np.abs(chosen.mean(0) - 0.3).max() < 5 * np.sqrt(0.21 / trials)
    both = (chosen.T @ chosen / trials)[np.triu_indices(20, 1)]
    assert np.abs(both - 0.09).max() < 5 * np.sqrt(0.09 * 0.91 / trials)


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (StochasticBlock(p=((0.1, 0.2), (0.3, 0.1))), "symmetric"),
        (StochasticBlock(p=((0.1,),)), "symmetric"),
        (StochasticBlock(p=((0.1, 2.0), (2.0, 0.1))), "from 0 to 1"),
        (StochasticBlock((0.5, 0.6)), "add up to 1"),
        (StochasticBlock((1.5, -0.5)), "add up to 1"),
    ],
)
def test_impossible_numbers_are_refused(recipe, message):
    with pytest.raises(StudyError, match=message):
        recipe.contacts(10)
