"""Known answers: by hand."""

import pytest

from commonweal.metrics.worst_off import WorstOff


@pytest.mark.parametrize(("purses", "known"), [((3, 1, 2), 1.0), ((0, 5), 0.0), ((-4, 9), -4.0), ((2**31 - 1,), 2.0**31 - 1)])
def test_known_answers(end, measure, purses, known):
    assert measure(WorstOff(), end(purses)) == known
