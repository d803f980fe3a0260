"""The variance screen: by its definition on random prices, and 0 where they stand still."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.price_variation import PriceVariation
from commonweal.testing import check_metric
from commonweal.worlds.market import Market, MarketFacts


class Moment:
    """A tick of which prices alone are read."""

    def __init__(self, *prices):
        self.facts = MarketFacts(*(jnp.asarray(row, jnp.int32) for row in prices), firms=2)


def test_it_is_the_root_mean_square_of_changes_over_the_mean_price(measure):
    # White noise: half the mean squared successive difference is its variance (von Neumann 1941).
    rng = np.random.default_rng(4)
    prices = np.round(rng.normal(1500, 100, (400, 6))).astype(int)
    prices[0] = 0
    moments = [Moment(prices[t], prices[t - 1], prices[t] * 0) for t in range(1, 400)]
    change, level = np.diff(prices[1:], axis=0), prices[2:]
    found = measure(PriceVariation(share=1.0), *moments)
    assert found == pytest.approx(np.sqrt((change**2).mean() / 2) / level.mean())
    assert found == pytest.approx(100 / 1500, rel=0.1)


def test_steady_prices_and_none_at_all(measure):
    assert measure(PriceVariation(), Moment([1500, 1400], [1500, 1400], [0, 0])) == 0.0
    assert np.isnan(measure(PriceVariation(), Moment([1500, 0], [0, 0], [0, 0])))


def test_only_the_last_ticks_count(measure):
    wild, calm = Moment([1500, 1400], [1400, 1500], [0, 0]), Moment([1500, 1400], [1500, 1400], [0, 0])
    assert measure(PriceVariation(share=0.5), wild, wild, calm, calm) == 0.0


@pytest.mark.slow
def test_it_keeps_the_laws_in_a_market():
    check_metric(PriceVariation(), Market())
    with pytest.raises(StudyError, match="expected"):
        PriceVariation(share=0.0)
