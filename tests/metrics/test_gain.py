"""Known answers: GovSim, 11 each: 55, 55, 55, then the 30 that are left: mean gain 39; all at once: 20."""

import numpy as np

from commonweal.metrics.gain import Gain


def test_govsim_eleven_each():
    made = np.asarray([55, 55, 55, 30, 0, 0, 0, 0, 0, 0, 0, 0], np.int64)
    assert Gain().value({"made": made, "seats": np.full(12, 5)}) == 39.0


def test_it_reads_what_the_world_paid_before_rules(month, measure):
    assert measure(Gain(), month([20] * 5, 0, collapsed=True), month([0] * 5)) == 20.0
