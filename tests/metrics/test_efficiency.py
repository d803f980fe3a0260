"""Known answers: GovSim's formula with T = 12, f(0) = 50: 10 each gives 1, 11 each .325, 12 each .266667, all at once 1 / 6."""

import numpy as np
import pytest

from commonweal.metrics.efficiency import Efficiency


def of(*made):
    padded = np.zeros(12, np.int64)
    padded[: len(made)] = made
    return Efficiency().value({"made": padded, "sustainable": np.asarray([50, *[0] * 11], np.int64)})


@pytest.mark.parametrize(
    ("made", "known"),
    [
        ((50,) * 12, 1.0),
        ((55, 55, 55, 30), 0.325),
        ((60, 60, 40), 0.266667),
        ((100,), 0.16666667),
        ((), 0.0),
        ((95,), 95 / 600),
    ],
)
def test_govsim(made, known):
    assert of(*made) == pytest.approx(known, abs=5e-7)


def test_more_than_the_best_adds_nothing():
    assert of(*[60] * 12) == 1.0


def test_where_nothing_can_be_harvested_nothing_is_lost():
    assert Efficiency().value({"made": np.zeros(3, np.int64), "sustainable": np.zeros(3, np.int64)}) == 1.0


def test_it_reads_harvest_and_sustainable_harvest(month, measure):
    assert measure(Efficiency(), month([5] * 5), month([10] * 5)) == 0.75
