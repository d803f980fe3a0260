"""Known answers: Kendall's tau-b as scipy has it; ranks kept, turned round and tied."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import kendalltau

from commonweal.metrics.rank_turnover import RankTurnover


@pytest.fixture
def moved(month):
    def make(before, after):
        before, after = jnp.asarray(before, jnp.int32), jnp.asarray(after, jnp.int32)
        return dataclasses.replace(month([0] * before.size), purse=before, payoff=after - before)

    return make


def test_ranks_kept_turned_round_and_tied(moved, measure):
    assert measure(RankTurnover(), moved([1, 2, 3], [5, 7, 90])) == pytest.approx(1.0)
    assert measure(RankTurnover(), moved([1, 2, 3], [9, 7, 5])) == pytest.approx(-1.0)
    assert measure(RankTurnover(), moved([4, 4, 4], [4, 4, 4])) == 1.0
    # A tick in which it is not defined counts for nothing.
    assert measure(RankTurnover(), moved([4, 4, 4], [1, 2, 3]), moved([1, 2, 3], [3, 2, 1])) == pytest.approx(-1.0)


def test_it_is_the_mean_of_the_ticks_tau_b(moved, measure):
    random = np.random.default_rng(7)
    for _ in range(10):
        pairs = [random.integers(0, 5, (2, 8)) for _ in range(3)]
        known = np.mean([kendalltau(*pair).statistic for pair in pairs])
        assert measure(RankTurnover(), *(moved(*pair) for pair in pairs)) == pytest.approx(known, abs=1e-12)
