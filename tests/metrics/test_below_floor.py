"""Known answers: by hand; who is exactly at the floor is not below it."""

import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.below_floor import BelowFloor


@pytest.mark.parametrize(
    ("purses", "known"),
    [
        ((10, 10, 10), 0.0),
        ((1, 9, 20), 0.0),  # the mean is 10, the floor 1
        ((0, 10, 20), 1 / 3),
        ((0, 0, 0, 40), 0.75),
        ((0, 0), 0.0),
        ((-1, -1, 1), 2 / 3),
    ],
)
def test_known_answers(end, measure, purses, known):
    assert measure(BelowFloor(), end(purses)) == pytest.approx(known, abs=1e-15)


def test_another_floor(end, measure):
    assert measure(BelowFloor(percent=50), end([4, 6, 11, 19])) == 0.25
    with pytest.raises(StudyError, match="from 1 to 100"):
        BelowFloor(percent=0)
