"""Known answers by hand: a stock of 100 of which 50 can be harvested for ever."""

import numpy as np
import pytest

from commonweal.metrics.stock_kept import StockKept


def of(left, stock=100, sustainable=50, collapsed=False):
    last = len(left) - 1
    return StockKept().value(
        {
            "left": np.asarray(left, np.int64),
            "stock": np.asarray([stock] * (last + 1), np.int64),
            "sustainable": np.asarray([sustainable] * (last + 1), np.int64),
            "collapsed": np.asarray([0] * last + [int(collapsed)], np.int64),
        }
    )


@pytest.mark.parametrize(("left", "known"), [((50, 50), 1.0), ((50, 25), 0.5), ((100, 100), 1.0), ((50, 3), 0.06)])
def test_by_hand(left, known):
    assert of(left) == pytest.approx(known)


def test_a_lost_stock_is_nothing():
    assert of((50, 3), collapsed=True) == 0.0
    assert of((0, 0), sustainable=100) == 0.0


def test_it_reads_the_stock(month, measure):
    assert measure(StockKept(), month([5] * 5), month([10] * 5)) == pytest.approx(1.0)
    assert measure(StockKept(), month([10] * 5), month([15] * 5, left=25)) == pytest.approx(0.5)
