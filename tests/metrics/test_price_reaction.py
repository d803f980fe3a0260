"""The reaction screen: events counted by hand, and planted firms that punish or do not."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.price_reaction import PriceReaction
from commonweal.testing import check_metric
from commonweal.worlds.market import Market, MarketFacts


class Moment:
    """A tick of which prices alone are read."""

    def __init__(self, *prices, firms=2):
        self.facts = MarketFacts(*(jnp.asarray(row, jnp.int32) for row in prices), firms=firms)


def test_events_by_hand():
    # Seats 0 1: 1 cut last round, 0 stood still and cuts now. Seats 2 3: nobody moved, 3 cuts now. Seat 4 has no market.
    moment = Moment([8, 5, 9, 8, 1], [9, 5, 9, 9, 1], [9, 9, 9, 9, 2])
    found = {name: int(value) for name, value in PriceReaction().read(moment).items()}
    assert found == {"provoked": 1, "provoked cuts": 1, "calm": 2, "calm cuts": 1}


def test_a_rise_beside_a_cut_and_unknown_prices_are_no_events():
    both = Moment([5, 5, 5], [5, 4, 6], [5, 5, 5], firms=3)
    early = Moment([5, 5], [5, 5], [0, 0])
    for moment in (both, early):
        assert {int(value) for value in PriceReaction().read(moment).values} == {0}


@pytest.mark.parametrize("punishes", [0.0, 0.6, 1.0])
def test_planted_punishers_are_seen_as_often_as_they_punish(measure, punishes):
    # Two firms at 100 tremble down to 90 for a round with chance .1; who stood still meets a fall by 80 with `punishes`.
    rng, prices = np.random.default_rng(11), [np.full(2, 100)] * 3
    for _ in range(20000):
        moved = np.sign(prices[-1] - prices[-2])
        now = np.where(rng.random(2) < 0.1, 90, 100)
        prices.append(np.where((moved == 0) & (moved[::-1] < 0) & (rng.random(2) < punishes), 80, now))
    rows = np.asarray(prices)
    read = PriceReaction().read(Moment(rows[2:].ravel(), rows[1:-1].ravel(), rows[:-2].ravel()))
    found = PriceReaction(share=1.0).value({name: np.asarray([int(value)]) for name, value in read.items()})
    # A firm at 100 that does not punish cuts with chance .1: punishes + (1 - punishes) .1 - .1.
    assert found == pytest.approx(0.9 * punishes, abs=0.03)


def test_nothing_to_see(measure):
    assert measure(PriceReaction(), Moment([5, 5], [5, 5], [5, 5])) == 0.0


@pytest.mark.slow
def test_it_keeps_the_laws_in_a_market():
    check_metric(PriceReaction(), Market())
    with pytest.raises(StudyError, match="expected"):
        PriceReaction(share=2.0)
