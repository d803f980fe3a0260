"""Known answers: by hand; the richest tenth is rounded up to whole seats."""

import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.top_share import TopShare


@pytest.mark.parametrize(
    ("purses", "known"),
    [
        (range(1, 11), 10 / 55),
        (range(1, 12), 21 / 66),  # a tenth of 11 seats is 2 whole seats
        ([3] * 30, 0.1),  # a tenth of 30 is 3, not the 4 of ceil(30 * 0.1)
        ([0] * 9 + [8], 1.0),
        ([0] * 20, 0.1),
        ([-100] + [1] * 9 + [6], 7 / 15),
    ],
)
def test_known_answers(end, measure, purses, known):
    assert measure(TopShare(), end(list(purses))) == pytest.approx(known, abs=1e-15)


def test_another_percentage(end, measure):
    assert measure(TopShare(percent=50), end([1, 2, 3, 4])) == 0.7


def test_sums_beyond_32_bits_are_exact(end, measure):
    assert measure(TopShare(percent=100), end([2**31 - 1] * 5)) == 1.0


def test_no_percentage_is_refused():
    with pytest.raises(StudyError, match="from 1 to 100"):
        TopShare(percent=0)
